/** The shipped stack file with the sandbox's addresses laid over it. */
import { parse, stringify } from "yaml";
import { DEFAULT_NAMESPACE } from "../../config/schema";

export interface Addresses {
    /** `host:port` of each Alpa stand-in. */
    alpa: string[];
    /** What stands in front of the nodes; unset: the stack's own choice. */
    address?: string;
    /** Address of the chart repository. */
    chartRepository: string;
    /** Free port of the entry point. Unset: none, since callers come another way. */
    nodePort?: number;
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
    return stringify({ ...file, config });
}

/** Namespace of a stack's consumers, which is part of the claim in their tokens. */
export function namespaceOf(shipped: string): string {
    const { config } = parse(shipped) as StackFile;
    return String(config?.["alpa-auth:namespace"] ?? DEFAULT_NAMESPACE);
}
