import * as pulumi from "@pulumi/pulumi";
import type { GatewayCallersArgs } from "../../../components/gateway-callers";
import type { ParsedCallers } from "./schema";
import { livingCallers } from "../gateway/settings";
import type { CommonSettings } from "../option";

/** Option callers: consumers at another stack's gateway. A run reads the outputs of that stack. */
export interface CallersSettings extends CommonSettings, Omit<GatewayCallersArgs, "gateway"> {
    option: "callers";
    /** Full name of the stack that has the gateway. */
    of: string;
}

/** Converts checked values into settings of the components. */
export function callersSettings(config: ParsedCallers, today: Date): CallersSettings {
    const { of, cluster, movedFrom, readiness } = config;
    const kubeconfig = cluster.kubeconfig === undefined ? undefined : pulumi.secret(cluster.kubeconfig);
    return {
        option: "callers",
        of,
        cluster: { kubeconfig, context: cluster.context },
        movedFrom,
        readiness,
        ...livingCallers(config, today),
    };
}
