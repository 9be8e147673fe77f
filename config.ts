import * as pulumi from "@pulumi/pulumi";
import { crossChecks } from "./config/cross-checks";
import { didYouMean, explain } from "./config/problems";
import { schema, type Parsed } from "./config/schema";
import { ProblemList } from "./problems";
import type { GatewaySettings, IntraClusterArgs } from "./components/intra-cluster";
import type { ConsumerSettings, Credential } from "./components/parts/consumers";
import { daysUntil, dayText, expiryWarning } from "./config/credentials";

/** Everything a program run needs to know. A new option becomes a member of this union, and `index.ts` stops compiling until it has a case. */
export type Settings = IntraASettings;

/** Option intra-a: the gateway runs on the nodes that already run the bare-metal Ray cluster. */
export interface IntraASettings extends IntraClusterArgs {
    option: "intra-a";
    /** What an operator should know before going on; shown as warnings, never a reason to stop. */
    warnings: string[];
    /** Day from which a credential is left out, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
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
const OTHER_OPTIONS = ["intra-b", "inter", "cloudflare"];

/** Reads the running stack's config. The only place that does. */
export function readSettings(project: string): Settings {
    const prefix = `${project}:`;
    const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
    const raw = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
    // The language host names the encrypted keys here (RunRequest.configSecretKeys of Pulumi's protocol); the SDK's own
    // question for it is internal.
    const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
    return parse(raw, (key) => secretKeys.includes(prefix + key));
}

/**
 * Checks a stack config and gives it the shape the components take.
 * @param isSecret whether a key is stored encrypted; Pulumi calls a mapping secret as soon as a part of it is
 * @param today decides which credentials have expired
 * @throws ConfigError naming every problem at once.
 */
export function parse(raw: RawConfig, isSecret: (key: string) => boolean = () => true, today = new Date()): Settings {
    const values = Object.fromEntries(Object.entries(raw).map(([key, text]) => [key, valueOf(text, key)]));
    const option = optionProblem(values.option);
    const result = schema.safeParse(option ? { ...values, option: "intra-a" } : values);
    const problems = option ? [option] : [];
    if (!result.success)
        problems.push(...result.error.issues.flatMap((issue) => explain(issue, values, schema, KEYS_OF_OTHERS)));
    problems.push(...crossChecks(values, isSecret));
    if (problems.length > 0 || !result.success) throw new ConfigError(problems);
    return intraA(result.data, today);
}

function optionProblem(option: unknown): string | undefined {
    if (option === "intra-a") return undefined;
    if (option === undefined) return "option: required. Run: pulumi config set option intra-a";
    if (OTHER_OPTIONS.includes(String(option)))
        return `option: must be intra-a, the one this version builds (got ${option}). Run: pulumi config set option intra-a`;
    return `option: must be one of intra-a, ${OTHER_OPTIONS.join(", ")} (got ${JSON.stringify(option)}).${didYouMean(String(option), ["intra-a", ...OTHER_OPTIONS])}`;
}

function intraA(config: Parsed, today: Date): IntraASettings {
    const { alpa, cluster, guard, namespace, readiness, gateway } = config;
    const kubeconfig = cluster.kubeconfig === undefined ? undefined : pulumi.secret(cluster.kubeconfig);
    const { consumers, warnings, expires } = callers(config, today);
    return {
        option: "intra-a",
        warnings,
        expires,
        namespace,
        cluster: { kubeconfig, context: cluster.context },
        alpa,
        guard,
        gateway: gatewaySettings(config),
        sharedCounters: gateway.sharedCounters,
        readiness,
        consumers,
    };
}

/** The callers without what has expired, with what an operator should know of the rest. */
function callers(config: Parsed, today: Date): Pick<IntraASettings, "consumers" | "warnings" | "expires"> {
    const warnings: string[] = [];
    const expires: Record<string, string> = {};
    const consumers = config.consumers.map(({ name, limits, credentials }): ConsumerSettings => {
        const living = credentials.filter((credential) => {
            if (credential.expires === undefined) return true;
            const who = `${name}/${credential.id}`;
            const day = dayText(credential.expires);
            expires[who] = day;
            const warning = expiryWarning(who, day, today);
            if (warning !== undefined) warnings.push(warning);
            return daysUntil(day, today) > 0;
        });
        if (living.length === 0) warnings.push(`consumers: ${name} has no credentials, so it cannot get in. Add one.`);
        return { name, limits: { ...config.limits, ...limits }, credentials: living.map(credentialOf) };
    });
    if (consumers.length === 0) warnings.push("consumers: empty, so nobody can get in. Add a consumer.");
    if (config.gateway.installer === "existing" && consumers.some((c) => Object.keys(c.limits).length > 0))
        warnings.push(
            "limits: each APISIX pod of the gateway in place counts for itself, so with several they multiply. See docs/configuration.md.",
        );
    if (config.guard.disabledBecause !== undefined)
        warnings.push(`guard: off, so any caller can stop Alpa with one request (${config.guard.disabledBecause}).`);
    return { consumers, warnings, expires };
}

function credentialOf({
    id,
    method,
    algorithm,
    publicKey,
    key,
}: Parsed["consumers"][number]["credentials"][number]): Credential {
    if (method === "key") return { id, method, key: key === undefined ? undefined : pulumi.secret(key) };
    if (algorithm === "HS256") return { id, method, algorithm };
    return { id, method, algorithm: algorithm!, publicKey: publicKey! };
}

function gatewaySettings({ alpa, gateway, rampart }: Parsed): GatewaySettings {
    const { installer, existing, address, crds, sharedCounters: _, ...release } = gateway;
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
