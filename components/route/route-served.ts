import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "../kubernetes/api-server";
import { adminTrouble } from "../apisix/admin-api";
import {
    askEveryPod,
    controllerLogs,
    NO_REDIRECT,
    POD_DATA_PORT,
    REVISION_HEADER,
    WORKER_CONNECTIONS,
    type GatewayPods,
} from "../apisix/gateway-pods";
import type { PodConnection } from "../kubernetes/pod-connection";
import { openReader, titleOf } from "../kubernetes/cluster-reader";
import { judge } from "../kubernetes/readiness";
import { untilSettled } from "../kubernetes/until-settled";

/** A request that one rule of the route answers. It has no credential, so that it never reaches the server. */
export interface RuleRequest {
    method: string;
    path: string;
}

/** The route that every gateway pod must apply. */
export interface ServedRoute {
    /** Revision of the rules, which answers contain in {@link REVISION_HEADER}. */
    revision: string;
    /** A request for each rule. */
    requests: RuleRequest[];
    /** `metadata.generation` of the ApisixRoute. */
    generation: pulumi.Input<number | undefined>;
    /** Number of the attempt in a conversion. With a new number, the proof is repeated. */
    attempt: number;
}

/** Settings of a proof at the gateway. */
export interface Proof extends PlainAccess {
    /** Namespace of the route and of the consumers. */
    namespace: string;
    /** The pods that must apply a change. */
    gateway: GatewayPods;
    /** Longest wait for the pods to apply a change, in seconds. */
    timeoutSeconds: number;
    /** Time to wait if the pods cannot be queried, in seconds. */
    settleSeconds: number;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Name of the ApisixRoute. */
export const ROUTE = "alpa";

/** Pairs every request with every connection, since each worker of nginx has its own configuration. */
function pairs(connect: () => PodConnection, requests: RuleRequest[]) {
    const connections = Array.from({ length: WORKER_CONNECTIONS }, connect);
    return connections.flatMap((connection) => requests.map((request) => [connection, request] as const));
}

/**
 * @throws Error with the ingress controller's message if it rejects the route, or with the name of a gateway pod that applies
 * other rules
 */
export async function untilServed(
    inputs: Proof,
    { revision, requests }: Pick<ServedRoute, "revision" | "requests">,
): Promise<void> {
    const { namespace, gateway, timeoutSeconds, settleSeconds } = inputs;
    const route = { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: ROUTE };
    const read = openReader(inputs);
    await untilSettled({
        title: titleOf(route),
        hint: `Look: kubectl -n ${namespace} get apisixroute ${ROUTE} -o yaml`,
        timeoutSeconds,
        settleSeconds: 0,
        observe: async () => judge({ kind: "condition", type: "Accepted" }, await read(route)),
    });
    const header = REVISION_HEADER.toLowerCase();
    await untilSettled({
        title: "Route alpa at the gateway",
        hint: controllerLogs(gateway.namespace),
        timeoutSeconds,
        settleSeconds,
        trouble: () => adminTrouble(inputs, gateway.namespace),
        observe: () =>
            askEveryPod(inputs, gateway, async (connect) => {
                for (const [connection, request] of pairs(() => connect(POD_DATA_PORT), requests)) {
                    const { status, headers } = await connection.request({ ...request, headers: NO_REDIRECT });
                    if (headers[header] !== revision)
                        return `it answers ${request.method} ${request.path} (${status}) with ${headers[header] === undefined ? "no rule of this route" : "older rules"}`;
                }
                return undefined;
            }),
    });
}
