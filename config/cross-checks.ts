import { LEAST_NODES } from "../components/apisix/availability";
import { MOST_TOKENS_A_CHARACTER } from "../components/route/request-guard";
import { componentNamespace } from "../components/apisix/rampart-gateway";
import { credentialProblems } from "./keys/consumers/credentials";
import { DEFAULT_CONTEXT_TOKENS } from "./keys/guard";
import { DEFAULT_READINESS } from "./keys/readiness";
import { DEFAULT_NAMESPACE, LABEL_LIMIT } from "./values";

/** Keys of `gateway` that say how to install one. */
const OF_OUR_OWN = [
    "address",
    "nodePort",
    "replicas",
    "highAvailability",
    "storageClass",
    "chart",
    "image",
    "etcdImage",
    "sharedCounters",
];
/** Helm's own limit for the name of a release; the release is called like the namespace. */
const RELEASE_LIMIT = 53;

/**
 * What the schema cannot say of an option with a gateway: values that only make sense together. Reads unchecked values, so that nothing hides
 * another problem.
 * @param isSecret whether a key of the stack config, or a value in it, is stored encrypted
 */
export function crossChecks(
    option: "intra-a" | "intra-b" | "inter",
    values: Record<string, unknown>,
    isSecret: (key: string, value?: unknown) => boolean,
): string[] {
    const gateway = mapping(values.gateway);
    const installer = gateway.installer ?? "rampart";
    const consumers = list(values.consumers).map(mapping);
    return [
        ...ofOtherInstallers(values, gateway, installer, option),
        ...uncountedLimits(gateway, values.limits, consumers, option),
        ...credentialProblems(consumers, (key) => isSecret("consumers", key)),
        ...shortWaits(mapping(values.readiness)),
        ...noRoomForPrompts(mapping(values.guard)),
        ...duplicateNames(consumers),
        ...longNames(consumers, values.namespace, installer),
    ];
}

function ofOtherInstallers(
    values: Record<string, unknown>,
    gateway: Record<string, unknown>,
    installer: unknown,
    option: string,
): string[] {
    // The schema of option inter knows no gateway in place.
    if (option === "inter" && installer === "existing") return [];
    const foreign: [where: string, value: unknown, installer: string][] = [
        ["gateway.existing", option === "inter" ? undefined : gateway.existing, "existing"],
        ["gateway.crds", gateway.crds, "helm"],
        ["rampart", values.rampart, "rampart"],
    ];
    const problems = foreign
        .filter(([, value, theirs]) => value !== undefined && installer !== theirs)
        .map(
            ([where, , theirs]) =>
                `${where}: belongs to gateway.installer ${theirs} (got installer ${installer}). Remove it.`,
        );
    if (installer !== "existing") return problems;
    problems.push(
        ...OF_OUR_OWN.filter((key) => gateway[key] !== undefined).map(
            (key) =>
                `gateway.${key}: belongs to a gateway that this stack installs (got installer existing). Remove it.`,
        ),
    );
    if (gateway.existing === undefined)
        problems.push(
            "gateway.existing: required with gateway.installer existing. Name ingressClass, gateway, gatewayNamespace and url.",
        );
    return problems;
}

function uncountedLimits(
    gateway: Record<string, unknown>,
    limits: unknown,
    consumers: Record<string, unknown>[],
    option: string,
): string[] {
    const limited = limits !== undefined || consumers.some((c) => c.limits !== undefined);
    const isSpread = option === "inter" || gateway.highAvailability === true;
    const { replicas = isSpread ? LEAST_NODES : 1 } = gateway;
    if (!(Number(replicas) > 1) || !limited || gateway.sharedCounters !== undefined) return [];
    const orElse = isSpread ? "" : ", or replicas to 1";
    return [
        `gateway.sharedCounters: required with limits and more than one replica (got ${Number(replicas)}). Each pod would count on its own: set whenDown to refuse or allow${orElse}.`,
    ];
}

/** A wait that ends before an object can have settled never ends well. */
export function shortWaits(readiness: Record<string, unknown>): string[] {
    const { acceptTimeoutSeconds: accept, settleSeconds: settle } = { ...DEFAULT_READINESS, ...readiness };
    if (typeof accept !== "number" || typeof settle !== "number" || accept > settle) return [];
    return [
        `readiness.acceptTimeoutSeconds: must be longer than settleSeconds, ${settle} (got ${accept}). Raise it, or lower settleSeconds.`,
    ];
}

/** Of a text only its characters are known, which are up to four tokens each. */
function noRoomForPrompts({ minTokens, contextTokens = DEFAULT_CONTEXT_TOKENS }: Record<string, unknown>): string[] {
    if (typeof minTokens !== "number" || typeof contextTokens !== "number") return [];
    const most = contextTokens - MOST_TOKENS_A_CHARACTER;
    if (minTokens <= most) return [];
    return [
        `guard.minTokens: must leave room for a prompt in contextTokens, ${contextTokens} (got ${minTokens}). Lower it to ${most} or less.`,
    ];
}

export function duplicateNames(consumers: Record<string, unknown>[]): string[] {
    const repeated = (names: unknown[]) => {
        const seen = new Set<unknown>();
        return [...new Set(names.filter((n) => n !== undefined && (seen.has(n) || !seen.add(n))))];
    };
    return [
        ...repeated(consumers.map((c) => c.name)).map(
            (name) =>
                `consumers: every name must be unique (got ${name} twice). Rename one, or join their credentials.`,
        ),
        ...consumers.flatMap((c) =>
            repeated(list(c.credentials).map((k) => mapping(k).id)).map(
                (id) => `consumers: every credential id of ${c.name} must be unique (got ${id} twice). Rename one.`,
            ),
        ),
    ];
}

/** Names that are made of others must fit too. */
function longNames(consumers: Record<string, unknown>[], space: unknown, installer: unknown): string[] {
    const namespace = typeof space === "string" ? space : DEFAULT_NAMESPACE;
    const names = consumers.map((c): Named => ["consumers", `${namespace}_${c.name}`, LABEL_LIMIT]);
    // Rampart never reports a derived namespace that is too long: it waits for ever.
    if (installer === "rampart") names.push(["namespace", componentNamespace(namespace), LABEL_LIMIT]);
    if (installer === "helm") names.push(["namespace", namespace, RELEASE_LIMIT]);
    return [...tooLong(names), ...longCredentials(consumers)];
}

/** Names of credentials as the objects of the cluster have them. */
export function longCredentials(consumers: Record<string, unknown>[]): string[] {
    return tooLong(
        consumers.flatMap((c) =>
            list(c.credentials).map((k): Named => ["consumers", `${c.name}.${mapping(k).id}`, LABEL_LIMIT]),
        ),
    );
}

type Named = [where: string, name: string, limit: number];

function tooLong(names: Named[]): string[] {
    return names
        .filter(([, name, limit]) => name.length > limit)
        .map(
            ([where, name, limit]) =>
                `${where}: ${name} must be at most ${limit} characters (got ${name.length}). Shorten a part of it.`,
        );
}

export function isMapping(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function mapping(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}
