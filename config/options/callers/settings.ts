import * as pulumi from "@pulumi/pulumi";
import type { GatewayCallersArgs } from "../../../components/gateway-callers";
import type { ParsedCallers } from "./schema";
import { livingCallers } from "../gateway/settings";

/** Option callers: consumers of another stack's gateway. The outputs of that stack are read during a run. */
export interface CallersSettings extends Omit<GatewayCallersArgs, "gateway"> {
    option: "callers";
    /** Full name of the stack that has the gateway. */
    of: string;
    /** Warnings for the operator, which do not stop the run. */
    warnings: string[];
    /** Day on which a credential expires, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
}

/** Checked values in the shape the components take. */
export function callersSettings(config: ParsedCallers, today: Date): CallersSettings {
    const { of, cluster, readiness } = config;
    const kubeconfig = cluster.kubeconfig === undefined ? undefined : pulumi.secret(cluster.kubeconfig);
    return {
        option: "callers",
        of,
        cluster: { kubeconfig, context: cluster.context },
        readiness,
        ...livingCallers(config, today),
    };
}
