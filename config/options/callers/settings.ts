import * as pulumi from "@pulumi/pulumi";
import type { GatewayCallersArgs } from "../../../components/gateway-callers";
import type { ParsedCallers } from "./schema";
import { livingCallers } from "../gateway/settings";

/** Option callers: consumers of a gateway that another stack made. What that stack says of it is read when it runs. */
export interface CallersSettings extends Omit<GatewayCallersArgs, "gateway"> {
    option: "callers";
    /** The stack that made the gateway, by its whole name. */
    of: string;
    /** What an operator should know before going on; shown as warnings, never a reason to stop. */
    warnings: string[];
    /** Day from which a credential is left out, by `<consumer>/<credential>`. */
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
