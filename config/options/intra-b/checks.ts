import { quantity } from "../../../components/kubernetes/quantity";
import { list, mapping } from "../../cross-checks";
import { DEFAULT_MEMORY, DEFAULT_SHARED_MEMORY } from "../../keys/opt";
import { sshHostProblems } from "../../keys/hosts/ssh-host";
import { highAvailabilityChecks } from "../../keys/high-availability";
import type { CheckContext, Raw } from "../option";

/** Half precision, as Alpa keeps its weights. */
const BYTES_A_PARAMETER = 2;
/** The part of a GPU's memory that weights may fill: the rest is for CUDA, activations and the cache of keys and values. */
const USABLE = 0.9;
const GIB = 2 ** 30;

/**
 * What the schema cannot say of options intra-a and intra-b: both may have keys `opt` and `convert`, for the conversion.
 * Reads unchecked values, so that nothing hides another problem.
 * @param isSecret whether a key of the stack config, or a value in it, is stored encrypted
 */
export function intraChecks(values: Raw, isSecret: CheckContext["isSecret"]): string[] {
    return [...highAvailabilityChecks(values), ...conversionChecks(values, (value) => isSecret("convert", value))];
}

function conversionChecks(values: Raw, isSecret: (value: unknown) => boolean): string[] {
    const { option } = values;
    const [opt, convert] = [values.opt, values.convert].map(mapping);
    const problems = [
        ...(values.opt === undefined ? [] : optProblems(opt, mapping(values.gateway))),
        ...(values.convert === undefined ? [] : convertProblems(convert, isSecret)),
        ...(values.convert === undefined ? [] : headProblems(mapping(values.alpa), convert)),
    ];
    if (option === "intra-a" && convert.phase !== undefined && convert.phase !== "prepare")
        problems.push(
            `convert.phase: must be prepare with option intra-a, where no conversion is under way (got ${JSON.stringify(convert.phase)}). Return with ops convert, or set option intra-b.`,
        );
    return problems;
}

function optProblems(opt: Raw, gateway: Raw): string[] {
    const { shape = "kuberay", sharedMemory: shared = DEFAULT_SHARED_MEMORY } = opt;
    const { memory: whole = DEFAULT_MEMORY } = mapping(opt.resources);
    const problems = [...nodeProblems(opt), ...memoryProblems(opt), ...weightsProblems(opt, shape)];
    if (typeof shared === "string" && typeof whole === "string" && quantity(shared) >= quantity(whole))
        problems.push(
            `opt.sharedMemory: must be less than resources.memory, ${whole}, which it is part of (got ${shared}). Lower it.`,
        );
    const { installer = "rampart" } = gateway;
    if (shape === "rampart") {
        if (installer !== "rampart")
            problems.push(
                `opt.shape: rampart needs gateway.installer rampart (got ${String(installer)}). Use kuberay.`,
            );
        if (mapping(opt.image).digest !== undefined)
            problems.push(
                "opt.image: must have a tag and no digest with opt.shape rampart, whose charts know none. Name the tag, or use kuberay.",
            );
        for (const key of ["operator", "operatorChart", "hostNetwork", "runtimeClass"])
            if (opt[key] !== undefined)
                problems.push(`opt.${key}: belongs to opt.shape kuberay (got shape rampart). Remove it.`);
    } else if (opt.rampartCharts !== undefined)
        problems.push("opt.rampartCharts: belongs to opt.shape rampart (got shape kuberay). Remove it.");
    if (opt.operator === "existing" && opt.operatorChart !== undefined)
        problems.push("opt.operatorChart: belongs to opt.operator install (got existing). Remove it.");
    return problems;
}

function nodeProblems({ nodes, gpusPerNode = 8 }: Raw): string[] {
    const named = list(nodes).map((node) => (typeof node === "string" ? { name: node } : mapping(node))) as Raw[];
    const names = named.map(({ name }) => name);
    const twice = [...new Set(names.filter((name, i) => name !== undefined && names.indexOf(name) < i))];
    return [
        ...twice.map((name) => `opt.nodes: every node must be named once (got ${String(name)} twice). Remove one.`),
        ...named.flatMap(({ name, gpus }) =>
            typeof gpus === "number" && typeof gpusPerNode === "number" && gpus < gpusPerNode
                ? [
                      `opt.gpusPerNode: must be at most the GPUs of every node (got ${gpusPerNode}, and ${String(name)} has ${gpus}). Lower it, or choose other nodes.`,
                  ]
                : [],
        ),
    ];
}

/** Whether the model fits, with the arithmetic. */
function memoryProblems(opt: Raw): string[] {
    const { model, gpuMemory, gpusPerNode = 8 } = opt;
    const nodes = list(opt.nodes).length;
    const billions = opt.parametersBillion ?? parametersOf(model);
    if (billions === undefined && typeof model === "string" && model !== "")
        return [
            `opt.parametersBillion: required where the model's name has no number of them (got ${JSON.stringify(model)}). Set it to the model's parameters, in billions.`,
        ];
    if (typeof billions !== "number" || typeof gpuMemory !== "string" || typeof gpusPerNode !== "number") return [];
    const asked = (billions * 1e9 * BYTES_A_PARAMETER) / GIB;
    const perGpu = quantity(gpuMemory) / GIB;
    const there = nodes * gpusPerNode * perGpu * USABLE;
    if (nodes === 0 || !(asked > there)) return [];
    return [
        `opt.model: must fit into the GPUs (got ${billions} billion parameters × ${BYTES_A_PARAMETER} bytes = ${round(asked)} GiB; ` +
            `${nodes} node(s) × ${gpusPerNode} GPUs × ${round(perGpu)} GiB × ${USABLE} = ${round(there)} GiB). Add nodes, or choose a smaller model.`,
    ];
}

const round = (gib: number) => Math.round(gib * 10) / 10;

/** Parameters in the name of a model, in billions: `alpa/opt-66b`, `opt-125m`, `bloom-7b1`. */
export function parametersOf(model: unknown): number | undefined {
    const [, number, unit, tenths = ""] = /(?:^|[-_/])(\d+(?:\.\d+)?)([bm])(\d*)(?:$|[-_])/i.exec(String(model)) ?? [];
    if (number === undefined) return undefined;
    return Number(`${number}${tenths && `.${tenths}`}`) / (unit.toLowerCase() === "m" ? 1000 : 1);
}

function weightsProblems(opt: Raw, shape: unknown): string[] {
    if (opt.weights === undefined) return [];
    const weights = mapping(opt.weights);
    const named = ["claim", "hostPath", "inImage"].filter((key) => weights[key] !== undefined);
    const problems: string[] = [];
    if (named.length !== 1)
        problems.push(
            `opt.weights: must have exactly one of claim, hostPath and inImage (got ${named.join(" and ") || "none"}). Say where the weights are.`,
        );
    if (shape === "rampart" && named.length === 1 && weights.inImage === undefined)
        problems.push(
            `opt.weights.${named[0]}: belongs to opt.shape kuberay: Rampart's charts know no volume of yours. Use inImage, or shape kuberay.`,
        );
    return problems;
}

function convertProblems(convert: Raw, isSecret: (value: unknown) => boolean): string[] {
    const bareMetal = mapping(convert.bareMetal);
    const problems = sshHostProblems("convert.bareMetal.hosts", list(bareMetal.hosts).map(mapping), isSecret);
    const forms = ["unit", "commands"].filter((key) => bareMetal[key] !== undefined);
    const hint =
        forms.length > 1
            ? "Remove one of them."
            : "Without a way to start Alpa again there is no way back: name its service.";
    if (convert.bareMetal !== undefined && forms.length !== 1)
        problems.push(
            `convert.bareMetal: must have exactly one of unit and commands (got ${forms.join(" and ") || "none"}). ${hint}`,
        );
    return problems;
}

/** What is converted is one Alpa: where callers are led to, and the head of Ray, are one host. */
function headProblems(alpa: Raw, { bareMetal }: Raw): string[] {
    const endpoints = list(alpa.endpoints);
    if (endpoints.length > 1)
        return [
            `alpa.endpoints: must be one with convert, which has one Alpa become a component (got ${endpoints.map(String).join(", ")}). Name the one that convert.bareMetal runs.`,
        ];
    const [host] = String(endpoints[0]).split(":");
    const at = list(mapping(bareMetal).hosts).findIndex((one) => mapping(one).address === host);
    if (at <= 0) return [];
    return [
        `convert.bareMetal.hosts: the first must be the host of alpa.endpoints[0], where the head of Ray is (${host} is hosts[${at}]). Put it first.`,
    ];
}
