import * as pulumi from "@pulumi/pulumi";
import { didYouMean, explain } from "./config/problems";
import { DEFAULT_NAMESPACE, LABEL_LIMIT, schema, type Parsed } from "./config/schema";
import { ProblemList } from "./problems";
import type { GatewaySettings, IntraClusterArgs } from "./components/intra-cluster";
import { componentNamespace } from "./components/parts/rampart-graph";

/** Everything a program run needs to know. A new option becomes a member of this union, and `index.ts` stops compiling until it has a case. */
export type Settings = IntraASettings;

/** Option intra-a: the gateway runs on the nodes that already run the bare-metal Ray cluster. */
export interface IntraASettings extends IntraClusterArgs {
    option: "intra-a";
    /** What an operator should know before going on; shown as warnings, never a reason to stop. */
    warnings: string[];
}

/** The stack config as Pulumi hands it over: every key of the project, structured values as JSON text. */
export type RawConfig = Record<string, string>;

/** All that is wrong with the stack config: the user's fault. */
export class ConfigError extends ProblemList {
    constructor(problems: string[]) {
        super("the stack config", problems);
    }
}

/** Keys that the other designs will bring: named here so that they are refused as what they are, not as misspelt. */
const KEYS_OF_OTHERS: Record<string, string> = {
    model: "option intra-b",
    convert: "option intra-b",
    zone: "option cloudflare",
    tunnel: "option cloudflare",
    access: "option cloudflare",
    account: "option cloudflare",
    "cluster.nodes": "option inter",
};
/** Keys of `gateway` that say how to install one. */
const OF_OUR_OWN = ["address", "nodePort", "replicas", "storageClass", "chart", "image", "etcdImage"];
const OTHER_OPTIONS = ["intra-b", "inter", "cloudflare"];

/** Reads the running stack's config. The only place that does. */
export function readSettings(project: string): Settings {
    const prefix = `${project}:`;
    const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
    return parse(Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])));
}

/**
 * Checks a stack config and gives it the shape the components take.
 * @throws ConfigError naming every problem at once.
 */
export function parse(raw: RawConfig): Settings {
    const values = Object.fromEntries(Object.entries(raw).map(([key, text]) => [key, valueOf(text, key)]));
    const option = optionProblem(values.option);
    const result = schema.safeParse(option ? { ...values, option: "intra-a" } : values);
    const problems = option ? [option] : [];
    if (!result.success)
        problems.push(...result.error.issues.flatMap((issue) => explain(issue, values, schema, KEYS_OF_OTHERS)));
    problems.push(...crossChecks(values));
    if (problems.length > 0 || !result.success) throw new ConfigError(problems);
    return intraA(result.data);
}

/** What the schema cannot say: values that only make sense together. Reads unchecked values, so that nothing hides another problem. */
function crossChecks(values: Record<string, unknown>): string[] {
    const gateway = mapping(values.gateway);
    const installer = gateway.installer ?? "rampart";
    const foreign: [where: string, value: unknown, installer: string][] = [
        ["gateway.existing", gateway.existing, "existing"],
        ["gateway.crds", gateway.crds, "helm"],
        ["rampart", values.rampart, "rampart"],
    ];
    const problems = foreign
        .filter(([, value, theirs]) => value !== undefined && installer !== theirs)
        .map(
            ([where, , theirs]) =>
                `${where}: belongs to gateway.installer ${theirs} (got installer ${installer}). Remove it.`,
        );
    if (installer === "existing")
        problems.push(
            ...OF_OUR_OWN.filter((key) => gateway[key] !== undefined).map(
                (key) =>
                    `gateway.${key}: belongs to a gateway that this stack installs (got installer existing). Remove it.`,
            ),
        );
    if (installer === "existing" && gateway.existing === undefined)
        problems.push(
            "gateway.existing: required with gateway.installer existing. Name ingressClass, gateway, gatewayNamespace and url.",
        );
    const consumers = list(values.consumers).map(mapping);
    if (Number(gateway.replicas) > 1 && consumers.some((c) => c.limits !== undefined))
        problems.push(
            `gateway.replicas: must be 1 while consumers have limits (got ${gateway.replicas}). Each pod counts on its own, so limits would multiply.`,
        );
    return [...problems, ...duplicateNames(consumers), ...longNames(consumers, values.namespace, installer)];
}

function duplicateNames(consumers: Record<string, unknown>[]): string[] {
    const repeated = (names: unknown[]) => [
        ...new Set(names.filter((n, i) => n !== undefined && names.indexOf(n) !== i)),
    ];
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
    const names = [
        ...consumers.map((c) => ["consumers", `${namespace}_${c.name}`]),
        ...consumers.flatMap((c) => list(c.credentials).map((k) => ["consumers", `${c.name}.${mapping(k).id}`])),
        // Rampart never reports a derived namespace that is too long: it waits for ever.
        ...(installer === "rampart" ? [["namespace", componentNamespace(namespace)]] : []),
    ];
    return names
        .filter(([, name]) => name.length > LABEL_LIMIT)
        .map(
            ([where, name]) =>
                `${where}: ${name} must be at most ${LABEL_LIMIT} characters (got ${name.length}). Shorten a part of it.`,
        );
}

function optionProblem(option: unknown): string | undefined {
    if (option === "intra-a") return undefined;
    if (option === undefined) return "option: required. Run: pulumi config set option intra-a";
    if (OTHER_OPTIONS.includes(String(option)))
        return `option: must be intra-a, the one this version builds (got ${option}). Run: pulumi config set option intra-a`;
    return `option: must be one of intra-a, ${OTHER_OPTIONS.join(", ")} (got ${JSON.stringify(option)}).${didYouMean(String(option), ["intra-a", ...OTHER_OPTIONS])}`;
}

function intraA(config: Parsed): IntraASettings {
    const { alpa, cluster, consumers, namespace, readiness } = config;
    const warnings = consumers
        .filter((c) => c.credentials.length === 0)
        .map((c) => `consumers: ${c.name} has no credentials, so it cannot get in. Add one.`);
    if (consumers.length === 0) warnings.push("consumers: empty, so nobody can get in. Add a consumer.");
    const kubeconfig = cluster.kubeconfig === undefined ? undefined : pulumi.secret(cluster.kubeconfig);
    return {
        option: "intra-a",
        warnings,
        namespace,
        cluster: { kubeconfig, context: cluster.context },
        alpa,
        gateway: gatewaySettings(config),
        readiness,
        consumers,
    };
}

function gatewaySettings({ alpa, gateway, rampart }: Parsed): GatewaySettings {
    const { installer, existing, address, crds, ...release } = gateway;
    if (installer === "existing") return { installer, ...existing!, url: existing!.url.replace(/\/$/, "") };
    const host = address ?? alpa.endpoints[0].split(":")[0];
    const url = `http://${host}:${release.nodePort}`;
    if (installer === "helm") return { installer, release, crds, url };
    return { installer, release, install: rampart?.install, retry: rampart?.retry ?? 0, url };
}

/** Structured values arrive as JSON text, numbers and booleans too; anything else is a plain string. */
function valueOf(text: string, key: string): unknown {
    if (key === "option" || key === "namespace" || key === "exposure") return text;
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

function mapping(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}
