import type { Sound } from "../../cross-check";
import type { ParsedConvert } from "../../keys/convert";
import { highAvailabilityChecks } from "../../keys/high-availability";
import { hostParts, sshHostProblems } from "../../keys/hosts/ssh-host";
import type { ParsedOpt } from "../../keys/opt";
import { isGiven, type Raw } from "../../unchecked";
import type { ParsedIntra } from "./schema";

type Config = Sound<ParsedIntra>;
type Opt = Sound<ParsedOpt>;

/**
 * Checks the keys of options intra-a and intra-b against each other: both may have keys `opt` and `convert`, for the
 * conversion.
 * @param given the config before parsing, which shows which keys are set
 */
export function intraChecks(config: Config, given: Raw): string[] {
    const { option, opt, convert, gateway } = config;
    const problems = [
        ...highAvailabilityChecks(config, given),
        ...(opt === undefined ? [] : optProblems(opt, given, gateway?.installer)),
        ...(convert === undefined ? [] : convertProblems(convert, given, config.ssh)),
        ...(convert === undefined ? [] : headProblems(config.alpa?.endpoints ?? [], convert.bareMetal)),
    ];
    if (option === "intra-a" && convert?.phase !== undefined && convert.phase !== "prepared")
        problems.push(
            `convert.phase: must be prepared with option intra-a, where no conversion is in progress (got "${convert.phase}"). Set option to intra-b. To roll back to bare metal, then run: npm run ops -- convert run --yes --to intra-a.`,
        );
    return problems;
}

/** Keys for the operator that the stack installs. */
const OF_OPERATOR = ["operatorChartRepository", "operatorImage"];

function optProblems(opt: Opt, given: Raw, installer: string | undefined): string[] {
    const { shape, operator } = opt;
    const problems = [...nodeProblems(opt), ...weightsProblems(opt, given)];
    const named = (key: string) => isGiven(given, "opt", key);
    if (shape === "rampart") {
        if (installer !== undefined && installer !== "rampart")
            problems.push(`opt.shape: rampart needs gateway.installer rampart (got ${installer}). Use kuberay.`);
        if (opt.image?.includes("@"))
            problems.push(
                "opt.image: must have no digest with opt.shape rampart, since Rampart's charts take no digest. Name only the tag, or use shape kuberay.",
            );
        for (const key of ["operator", ...OF_OPERATOR, "hostNetwork", "runtimeClass"].filter(named))
            problems.push(`opt.${key}: only valid with opt.shape kuberay (got shape rampart). Remove it.`);
    }
    if (operator === "existing")
        for (const key of OF_OPERATOR.filter(named))
            problems.push(`opt.${key}: only valid with opt.operator install (got existing). Remove it.`);
    return problems;
}

function nodeProblems({ nodes = [] }: Opt): string[] {
    const twice = [...new Set(nodes.filter((name, i) => name !== undefined && nodes.indexOf(name) < i))];
    return twice.map((name) => `opt.nodes: every node must be listed only once (got ${name} twice). Remove one.`);
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
    login: Config["ssh"],
): string[] {
    const problems: string[] = [];
    if (budgetMinutes !== undefined && returnMinutes !== undefined && returnMinutes >= budgetMinutes)
        problems.push(
            `convert.returnMinutes: must be less than convert.budgetMinutes, ${budgetMinutes}, which includes it (got ${returnMinutes}). Raise convert.budgetMinutes.`,
        );
    if (bareMetal === undefined) return problems;
    problems.push(...sshHostProblems("convert.bareMetal.hosts", bareMetal.hosts ?? [], login));
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
    const at = bareMetal?.hosts?.findIndex((one) => hostParts(one?.address).address === host) ?? -1;
    if (at <= 0) return [];
    return [
        `convert.bareMetal.hosts: the first must be the host of alpa.endpoints[0], where the Ray head node is (${host} is hosts[${at}]). Put it first.`,
    ];
}
