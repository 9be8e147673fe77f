/** The shipped stack file with the sandbox's addresses laid over it. */
import { parse, stringify } from "yaml";
import { DEFAULT_NAMESPACE } from "../../config/schema";
import type { GpuFacts } from "./state";

export interface Addresses {
    /** `host:port` of each Alpa stand-in. */
    alpa: string[];
    /** What stands in front of the nodes; unset: the stack's own choice. */
    address?: string;
    /** Address of the chart repository. */
    chartRepository: string;
    /** Free port of the entry point. Unset: none, since callers come another way. */
    nodePort?: number;
    /** What it takes to move Alpa into the cluster. Unset: the stack says nothing of it. */
    gpus?: GpuFacts;
    /** Key `option` of the stack. Unset: as shipped. */
    option?: string;
}

interface StackFile {
    config?: Record<string, unknown>;
    [other: string]: unknown;
}

/** @param shipped text of the stack file in the clone, which is never changed */
export function layOver(shipped: string, addresses: Addresses): string {
    const file = parse(shipped) as StackFile;
    const config = { ...file.config };
    const gateway = { ...(config["alpa-auth:gateway"] as object | undefined) } as Record<string, unknown>;
    config["alpa-auth:alpa"] = { ...(config["alpa-auth:alpa"] as object | undefined), endpoints: addresses.alpa };
    config["alpa-auth:gateway"] = {
        ...gateway,
        ...(addresses.nodePort === undefined ? {} : { nodePort: addresses.nodePort }),
        ...(addresses.address === undefined ? {} : { address: addresses.address }),
        chart: { ...(gateway.chart as object | undefined), repository: addresses.chartRepository },
    };
    // 1 s instead of 15: nothing here takes longer to reach APISIX, and an operator trying things out need not wait.
    config["alpa-auth:readiness"] = { ...(config["alpa-auth:readiness"] as object | undefined), settleSeconds: 1 };
    if (addresses.gpus) Object.assign(config, conversion(addresses.gpus, addresses.chartRepository));
    if (addresses.option !== undefined) config["alpa-auth:option"] = addresses.option;
    return stringify({ ...file, config });
}

/** Where the private keys of the hosts of bare metal belong, in the config. */
export function hostKeys({ bareMetal }: GpuFacts): string[] {
    return bareMetal.hosts.map((_, i) => `convert.bareMetal.hosts[${i}].privateKey`);
}

/** Keys by which `ops convert` knows both sides. */
function conversion({ nodes, image, weights, bareMetal }: GpuFacts, chartRepository: string): Record<string, object> {
    const { hosts, unit } = bareMetal;
    return {
        "alpa-auth:opt": {
            ...{ image, nodes, model: "alpa/opt-66b", gpuMemoryGiB: 40, rayVersion: "2.0.0" },
            weights: { hostPath: weights },
            operatorChart: { repository: chartRepository },
        },
        // 10 s instead of 120: a service that does not end is seen before systemd kills it, after 20 s here.
        "alpa-auth:convert": { bareMetal: { hosts, unit, stopTimeoutSeconds: 10 } },
    };
}

/** Namespace of a stack's consumers, which is part of the claim in their tokens. */
export function namespaceOf(shipped: string): string {
    const { config } = parse(shipped) as StackFile;
    return String(config?.["alpa-auth:namespace"] ?? DEFAULT_NAMESPACE);
}
