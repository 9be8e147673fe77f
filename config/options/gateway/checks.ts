import { LEAST_NODES } from "../../../components/apisix/availability";
import { hasLimits } from "../../../components/consumers/limits";
import { installationOf } from "../../../components/apisix/values";
import { MOST_TOKENS_A_CHARACTER } from "../../../components/route/request-guard";
import type { CheckContext, Sound } from "../../cross-check";
import { credentialProblems } from "../../keys/consumers/credentials";
import { duplicateNames, longCredentials, tooLong, type Named } from "../../keys/consumers/names";
import { tokenLimitProblems } from "../../keys/consumers/token-limits";
import { openaiProblems, serverKind, serverProblems } from "../../keys/openai";
import { sshProblems } from "../../keys/hosts/ssh-host";
import { isGiven, type Raw } from "../../unchecked";
import { DEFAULT_NAMESPACE, LABEL_LIMIT } from "../../values";
import type { ParsedGatewayOption } from "../../keys/gateway-option";

/** Keys of `gateway` for a gateway that the stack installs. */
const OF_OUR_OWN = [
    "address",
    "nodePort",
    "replicas",
    "highAvailability",
    "storageClass",
    "chartRepository",
    "image",
    "etcdImage",
    "sharedCounters",
];
/** Helm's limit for the name of a release. The gateway's release is named after the namespace. */
const RELEASE_LIMIT = 53;

type Config = Sound<ParsedGatewayOption>;

/**
 * Checks the keys of an option with a gateway against each other.
 * @param given the config before parsing, which shows which keys are set
 */
export function gatewayChecks(
    option: "intra-a" | "intra-b" | "inter",
    config: Config,
    given: Raw,
    { isSecret }: CheckContext,
): string[] {
    const { consumers = [] } = config;
    return [
        ...ofOtherInstallers(option, config, given),
        ...uncounted(option, config, given),
        ...credentialProblems(consumers, (key) => isSecret("consumers", key)),
        ...noRoomForPrompts(config.guard),
        ...(option === "intra-b" ? [] : serverProblems(option, given)),
        ...openaiProblems(config, given, { isSecret }),
        ...tokenLimitProblems(config, serverKind(given)),
        ...sshProblems(config.ssh, isSecret),
        ...duplicateNames(consumers),
        ...longNames(config),
    ];
}

function ofOtherInstallers(option: string, { gateway }: Config, given: Raw): string[] {
    const installer = gateway?.installer;
    // The schema reports an invalid installer. The installer decides which keys are allowed.
    if (installer === undefined) return [];
    const foreign: [where: string, installer: string][] = [
        // The schema of option inter already rejects an existing gateway.
        ...(option === "inter" ? [] : [["gateway.existing", "existing"] as [string, string]]),
        ["gateway.crds", "helm"],
        ["rampart", "rampart"],
    ];
    const problems = foreign
        .filter(([where, theirs]) => installer !== theirs && isGiven(given, ...where.split(".")))
        .map(
            ([where, theirs]) =>
                `${where}: only valid with gateway.installer ${theirs} (got installer ${installer}). Remove it.`,
        );
    if (installer !== "existing") return problems;
    problems.push(
        ...OF_OUR_OWN.filter((key) => isGiven(given, "gateway", key)).map(
            (key) =>
                `gateway.${key}: only valid for a gateway that this stack installs (got installer existing). Remove it.`,
        ),
    );
    if (gateway?.existing === undefined)
        problems.push(
            "gateway.existing: required with gateway.installer existing. Name ingressClass, gateway and url.",
        );
    return problems;
}

/** Requires the counter server for limits, or for slots of classes, with several replicas. */
function uncounted(option: string, config: Config, given: Raw): string[] {
    const { gateway, limits, classes = {}, consumers = [] } = config;
    const hasCounted = hasLimits([
        { limits: limits ?? {} },
        ...consumers.map((one) => ({ limits: one?.limits ?? {} })),
    ]);
    const hasSlots = Object.keys(classes).length > 0;
    const isSpread = option === "inter" || (gateway as { highAvailability?: boolean } | undefined)?.highAvailability;
    const replicas = isSpread && !isGiven(given, "gateway", "replicas") ? LEAST_NODES : (gateway?.replicas ?? 1);
    if (!(replicas > 1) || !(hasCounted || hasSlots) || gateway?.sharedCounters !== undefined) return [];
    const what = hasCounted ? "limits" : "slots of classes";
    const orElse = hasCounted && !isSpread ? ", or replicas to 1" : "";
    return [
        `gateway.sharedCounters: required with ${what} and more than one replica (got ${replicas}). Without shared counters each pod counts separately. Set the key (to {} for the defaults)${orElse}.`,
    ];
}

/** Reports a `guard.minTokens` that leaves no tokens for a prompt: the guard counts one character as up to four tokens. */
function noRoomForPrompts({ minTokens, contextTokens }: Config["guard"] = {}): string[] {
    if (minTokens === undefined || contextTokens === undefined) return [];
    const most = contextTokens - MOST_TOKENS_A_CHARACTER;
    if (minTokens <= most) return [];
    return [
        `guard.minTokens: must be at most ${most}, so that a prompt still fits into guard.contextTokens, ${contextTokens} (got ${minTokens}). Lower it.`,
    ];
}

function longNames({ consumers = [], namespace = DEFAULT_NAMESPACE, gateway }: Config): string[] {
    const names = consumers.map((one): Named => ["consumers", `${namespace}_${one?.name}`, LABEL_LIMIT]);
    // Rampart derives the namespace of a component. If that name is too long, Rampart waits forever and reports no error.
    if (gateway?.installer === "rampart")
        names.push(["namespace", installationOf("rampart", namespace).namespace, LABEL_LIMIT]);
    if (gateway?.installer === "helm") names.push(["namespace", namespace, RELEASE_LIMIT]);
    return [...tooLong(names), ...longCredentials(consumers)];
}
