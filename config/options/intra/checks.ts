import { quantity } from "../../../components/kubernetes/quantity";
import type { CheckContext, Sound } from "../../cross-check";
import type { ParsedConvert } from "../../keys/convert";
import { answerSecondsIfKnown } from "../../keys/exposure/settings";
import { highAvailabilityChecks } from "../../keys/high-availability";
import { sshHostProblems } from "../../keys/hosts/ssh-host";
import type { ParsedOpt } from "../../keys/opt";
import { watchdogProblems } from "../../keys/watchdog";
import { counted } from "../../problems";
import { isGiven, type Raw } from "../../unchecked";
import type { ParsedIntra } from "./schema";

/** Bytes of one parameter of a model: Alpa stores weights in half precision. */
const BYTES_A_PARAMETER = 2;
/** Share of a GPU's memory that weights may use. The rest is for CUDA, activations and the cache of keys and values. */
const USABLE = 0.9;
const GIB = 2 ** 30;

type Config = Sound<ParsedIntra>;
type Opt = Sound<ParsedOpt>;

/**
 * Checks the keys of options intra-a and intra-b against each other: both may have keys `opt` and `convert`, for the
 * conversion.
 * @param given the config before parsing, which shows which keys are set
 */
export function intraChecks(config: Config, given: Raw, { isSecret }: CheckContext): string[] {
    const { option, opt, convert, gateway } = config;
    const problems = [
        ...highAvailabilityChecks(config, given),
        ...(opt === undefined ? [] : optProblems(opt, given, gateway?.installer)),
        ...watchdogProblems(opt?.watchdog, answerSecondsIfKnown(config)),
        ...(convert === undefined ? [] : convertProblems(convert, given, (value) => isSecret("convert", value))),
        ...(convert === undefined ? [] : headProblems(config.alpa?.endpoints ?? [], convert.bareMetal)),
    ];
    if (option === "intra-a" && convert?.phase !== undefined && convert.phase !== "prepared")
        problems.push(
            `convert.phase: must be prepared with option intra-a, where no conversion is in progress (got "${convert.phase}"). Set option to intra-b. To roll back to bare metal, then run: npm run ops -- convert run --yes --to intra-a.`,
        );
    return problems;
}

function optProblems(opt: Opt, given: Raw, installer: string | undefined): string[] {
    const { shape, sharedMemory: shared, operator } = opt;
    const whole = opt.resources?.memory;
    const problems = [...nodeProblems(opt), ...memoryProblems(opt), ...weightsProblems(opt, given)];
    const named = (key: string) => isGiven(given, "opt", key);
    if (shared !== undefined && whole !== undefined && quantity(shared) >= quantity(whole))
        problems.push(
            `opt.sharedMemory: must be less than resources.memory, ${whole}, which includes it (got ${shared}). Lower it.`,
        );
    if (shape === "rampart") {
        if (installer !== undefined && installer !== "rampart")
            problems.push(`opt.shape: rampart needs gateway.installer rampart (got ${installer}). Use kuberay.`);
        if (opt.image?.digest !== undefined)
            problems.push(
                "opt.image: must have a tag and no digest with opt.shape rampart, since Rampart's charts take no digest. Name the tag, or use shape kuberay.",
            );
        for (const key of ["operator", "operatorChart", "hostNetwork", "runtimeClass"].filter(named))
            problems.push(`opt.${key}: only valid with opt.shape kuberay (got shape rampart). Remove it.`);
    } else if (named("rampartCharts"))
        problems.push("opt.rampartCharts: only valid with opt.shape rampart (got shape kuberay). Remove it.");
    if (operator === "existing" && named("operatorChart"))
        problems.push("opt.operatorChart: only valid with opt.operator install (got existing). Remove it.");
    return problems;
}

function nodeProblems({ nodes = [], gpusPerNode }: Opt): string[] {
    const names = nodes.map((node) => node?.name);
    const twice = [...new Set(names.filter((name, i) => name !== undefined && names.indexOf(name) < i))];
    return [
        ...twice.map((name) => `opt.nodes: every node must be listed only once (got ${name} twice). Remove one.`),
        ...nodes.flatMap(({ name, gpus } = {}) =>
            gpus !== undefined && gpusPerNode !== undefined && gpus < gpusPerNode
                ? [
                      `opt.gpusPerNode: ${name} has only ${gpus} GPUs (got ${gpusPerNode}). Lower gpusPerNode, or choose other nodes.`,
                  ]
                : [],
        ),
    ];
}

/** Checks that the model fits into the GPUs. The problem shows the arithmetic. */
function memoryProblems({ model, gpuMemory, gpusPerNode, nodes = [], parametersBillion }: Opt): string[] {
    const billions = parametersBillion ?? parametersOf(model);
    if (billions === undefined && model !== undefined && model !== "")
        return [
            `opt.parametersBillion: required, since the model's name has no number of parameters (got ${JSON.stringify(model)}). Set it to the model's parameters, in billions.`,
        ];
    if (billions === undefined || gpuMemory === undefined || gpusPerNode === undefined) return [];
    const asked = (billions * 1e9 * BYTES_A_PARAMETER) / GIB;
    const perGpu = quantity(gpuMemory) / GIB;
    const there = nodes.length * gpusPerNode * perGpu * USABLE;
    if (nodes.length === 0 || !(asked > there)) return [];
    return [
        `opt.model: must fit into the GPUs (got ${billions} billion parameters × ${BYTES_A_PARAMETER} bytes = ${round(asked)} GiB; ` +
            `${counted(nodes.length, "node")} × ${gpusPerNode} GPUs × ${round(perGpu)} GiB × ${USABLE} = ${round(there)} GiB). Add nodes, or choose a smaller model.`,
    ];
}

const round = (gib: number) => Math.round(gib * 10) / 10;

/** Parameters in the name of a model, in billions: `alpa/opt-66b`, `opt-125m`, `bloom-7b1`. */
export function parametersOf(model: string | undefined): number | undefined {
    const [, number, unit, tenths = ""] = /(?:^|[-_/])(\d+(?:\.\d+)?)([bm])(\d*)(?:$|[-_])/i.exec(String(model)) ?? [];
    if (number === undefined) return undefined;
    return Number(`${number}${tenths && `.${tenths}`}`) / (unit.toLowerCase() === "m" ? 1000 : 1);
}

function weightsProblems({ weights, shape }: Pick<Opt, "weights" | "shape">, given: Raw): string[] {
    if (weights === undefined) return [];
    const named = ["claim", "hostPath", "inImage"].filter((key) => isGiven(given, "opt", "weights", key));
    const problems: string[] = [];
    if (named.length !== 1)
        problems.push(
            `opt.weights: must have exactly one of claim, hostPath and inImage (got ${named.join(" and ") || "none"}). Set the one with the weights.`,
        );
    if (shape === "rampart" && named.length === 1 && named[0] !== "inImage")
        problems.push(
            `opt.weights.${named[0]}: only valid with opt.shape kuberay, since Rampart's charts mount no volume for weights. Use inImage, or shape kuberay.`,
        );
    return problems;
}

type Convert = Sound<ParsedConvert>;

function convertProblems(
    { bareMetal, budgetMinutes, returnMinutes }: Convert,
    given: Raw,
    isSecret: (value: unknown) => boolean,
): string[] {
    const problems: string[] = [];
    if (budgetMinutes !== undefined && returnMinutes !== undefined && returnMinutes >= budgetMinutes)
        problems.push(
            `convert.returnMinutes: must be less than convert.budgetMinutes, ${budgetMinutes}, which includes it (got ${returnMinutes}). Raise convert.budgetMinutes.`,
        );
    if (bareMetal === undefined) return problems;
    problems.push(...sshHostProblems("convert.bareMetal.hosts", bareMetal.hosts ?? [], isSecret));
    const forms = ["unit", "commands"].filter((key) => isGiven(given, "convert", "bareMetal", key));
    const hint =
        forms.length > 1 ? "Remove one of them." : "Set unit to Alpa's systemd service, which a rollback starts.";
    if (forms.length !== 1)
        problems.push(
            `convert.bareMetal: must have exactly one of unit and commands (got ${forms.join(" and ") || "none"}). ${hint}`,
        );
    return problems;
}

/** Checks that the host of the only endpoint is the Ray head node, since a conversion moves one Alpa. */
function headProblems(endpoints: (string | undefined)[], bareMetal: Convert["bareMetal"]): string[] {
    if (endpoints.length > 1)
        return [
            `alpa.endpoints: must have exactly one entry with convert, which moves one Alpa into the cluster (got ${endpoints.join(", ")}). Keep only the Alpa service that convert.bareMetal describes.`,
        ];
    const [host] = String(endpoints[0]).split(":");
    const at = bareMetal?.hosts?.findIndex((one) => one?.address === host) ?? -1;
    if (at <= 0) return [];
    return [
        `convert.bareMetal.hosts: the first must be the host of alpa.endpoints[0], where the Ray head node is (${host} is hosts[${at}]). Put it first.`,
    ];
}
