/** Writes the sandbox's addresses into the text of a shipped stack file. */
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { DEFAULT_NAMESPACE } from "../../config/values";
import { describeHolder, whoHolds } from "../processes";
import { ROOT, type GpuFacts } from "./state";

export interface Addresses {
    /** `host:port` of each server of the model. */
    alpa: string[];
    /** Address of the load balancer of the nodes. @default the address in the stack file */
    address?: string;
    /** Address of the chart repository. */
    chartRepository: string;
    /** Free node port of the gateway. Unset if the gateway has no node port. */
    nodePort?: number;
    /** Facts for the conversion of Alpa to the cluster. Unset if the stack has no conversion. */
    gpus?: GpuFacts;
    /** Key `option` of the stack. Default: as in the shipped stack file. */
    option?: string;
    /** Whether a Prometheus reads the gateway pods. */
    observed?: boolean;
}

interface StackFile {
    config?: Record<string, unknown>;
    [other: string]: unknown;
}

/** Files of the CRDs, which installer helm would download. */
const CRDS = ["apisix", "gateway-api"].map((group) => join(ROOT, "sandbox/crds", group, "*.yaml"));

/** Key of a stack with an OpenAI-compatible server instead of Alpa. */
const OPENAI = "alpa-auth:openai";

/** Models of the OpenAI-compatible server in a stack file; empty if the server is Alpa. */
export function modelsOf(text: string): string[] {
    const { config } = parse(text) as StackFile;
    return (config?.[OPENAI] as { models?: string[] } | undefined)?.models ?? [];
}

/**
 * Returns the text of a stack file with the sandbox's addresses.
 * @param shipped text of the stack file in the clone. That file is not changed
 */
export function layOver(shipped: string, addresses: Addresses): string {
    const file = parse(shipped) as StackFile;
    const config = { ...file.config };
    const gateway = { ...(config["alpa-auth:gateway"] as object | undefined) } as Record<string, unknown>;
    const server = OPENAI in config ? OPENAI : "alpa-auth:alpa";
    config[server] = { ...(config[server] as object | undefined), endpoints: addresses.alpa };
    config["alpa-auth:gateway"] = {
        ...gateway,
        ...(addresses.nodePort === undefined ? {} : { nodePort: addresses.nodePort }),
        ...(addresses.address === undefined ? {} : { address: addresses.address }),
        chartRepository: addresses.chartRepository,
        ...(gateway.installer === "helm" ? { crds: CRDS } : {}),
    };
    // The default is longer than necessary: in the sandbox every change reaches APISIX within 1 s. A conversion must report a
    // service that does not stop within a twentieth of it, before the sandbox's systemd kills that service after 20 s.
    config["alpa-auth:waitSeconds"] = 300;
    const { gpus, chartRepository } = addresses;
    if (gpus) Object.assign(config, conversion(gpus, chartRepository));
    if (addresses.observed) config["alpa-auth:observability"] = observed(config["alpa-auth:observability"]);
    if (addresses.option !== undefined) config["alpa-auth:option"] = addresses.option;
    return stringify({ ...file, config });
}

/**
 * The config key `observability` with metrics. Scrapers are set too, because otherwise the config warns that no pod can read
 * the metrics. Which pods they select has no effect, because the sandbox enforces no network policies.
 */
function observed(shipped: unknown): object {
    const { metrics, ...rest } = (shipped ?? {}) as { metrics?: object };
    const scrapers = [{ namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } }];
    return { ...rest, metrics: { scrapers, ...metrics, podMonitor: false } };
}

/** Files with the private keys of bare-metal hosts, by the path of the key in the stack's config. */
export function hostKeys({ bareMetal: { privateKeyFile } }: GpuFacts): Record<string, string> {
    return { "ssh.privateKey": privateKeyFile };
}

/** The config keys that `convert run` reads: `opt` for Alpa in pods, and `convert` for Alpa on bare metal. */
function conversion({ nodes, image, weights, bareMetal }: GpuFacts, repository: string): Record<string, object> {
    const { hosts, unit, user } = bareMetal;
    return {
        "alpa-auth:opt": {
            ...{ image, nodes, model: "alpa/opt-66b", rayVersion: "2.0.0" },
            weights: { hostPath: weights },
            operatorChartRepository: repository,
        },
        "alpa-auth:ssh": { user },
        "alpa-auth:convert": { bareMetal: { hosts, unit } },
    };
}

/**
 * The node port of the gateway that a stack file sets; undefined if it sets none.
 * @throws Error if another program listens on a node port of the stack file
 */
export function pinnedPort(text: string): number | undefined {
    const { config } = parse(text) as StackFile;
    const [gateway] = ["gateway", "tls"].map((key) => {
        const port = (config?.[`alpa-auth:${key}`] as { nodePort?: unknown } | undefined)?.nodePort;
        if (typeof port !== "number") return undefined; // the config reports a wrong value
        if (whoHolds(port) === undefined) return port;
        throw new Error(
            `${key}.nodePort: ${describeHolder(port)}. End that program, or set another port in the stack file of the clone.`,
        );
    });
    return gateway;
}

/** Namespace of a stack's consumers. The claim `key` of their JWTs contains it. */
export function namespaceOf(text: string): string {
    const { config } = parse(text) as StackFile;
    return String(config?.["alpa-auth:namespace"] ?? DEFAULT_NAMESPACE);
}
