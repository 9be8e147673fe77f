import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "../kubernetes/api-server";
import { adminTrouble } from "../apisix/admin-api";
import { askEveryPod, controllerLogs, POD_DATA_PORT, type GatewayPods } from "../apisix/gateway-pods";
import { NO_REDIRECT, PREFIX, REVISION_HEADER, WORKER_CONNECTIONS } from "../alpa/paths";
import type { PodConnection } from "../kubernetes/pod-connection";
import { untilSettled } from "../kubernetes/until-settled";
import type { ClusterAccess } from "../kubernetes/kubeconfig";

export interface RouteServedArgs {
    cluster: ClusterAccess;
    /** The pods that must apply the new rules. */
    gateway: GatewayPods;
    /** Revision of the rules, which answers contain in {@link REVISION_HEADER}. */
    revision: string;
    /** Number of the attempt in a conversion. With a new number, the resource waits again. */
    attempt: number;
    /** Longest wait for the pods to apply the rules, in seconds. */
    timeoutSeconds: number;
    /** Time to wait if the pods cannot be queried, in seconds. */
    settleSeconds: number;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<RouteServedArgs, "cluster">> & PlainAccess;

/** One request for each rule. The requests have no credential, so that none of them reaches Alpa. */
const REQUESTS = [
    { method: "POST", path: `${PREFIX}/completions` },
    { method: "POST", path: `${PREFIX}/logprobs` },
    { method: "POST", path: `${PREFIX}/completions?evidence` },
    { method: "GET", path: `${PREFIX}/` },
    { method: "GET", path: PREFIX },
];

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    async diff(_id, olds, news) {
        return { changes: subject(olds) !== subject(news) };
    },
    async create(inputs) {
        await untilServed(inputs);
        return { id: inputs.gateway.namespace, outs: inputs };
    },
    async update(_id, _olds, inputs) {
        await untilServed(inputs);
        return { outs: inputs };
    },
};

/** Pairs every request with every connection, since each worker of nginx has its own configuration. */
function pairs(connect: () => PodConnection) {
    const connections = Array.from({ length: WORKER_CONNECTIONS }, connect);
    return connections.flatMap((connection) => REQUESTS.map((request) => [connection, request] as const));
}

/** Text of what this resource waits for. If the text changes, the resource waits again. */
function subject({ revision, attempt, gateway }: Inputs): string {
    return JSON.stringify([revision, attempt, gateway.namespace]);
}

/** @throws Error with the name of a gateway pod that applies other rules */
async function untilServed(inputs: Inputs): Promise<void> {
    const { gateway, revision, timeoutSeconds, settleSeconds } = inputs;
    const header = REVISION_HEADER.toLowerCase();
    await untilSettled({
        title: "Route alpa at the gateway",
        hint: controllerLogs(gateway.namespace),
        timeoutSeconds,
        settleSeconds,
        trouble: () => adminTrouble(inputs, gateway.namespace),
        observe: () =>
            askEveryPod(inputs, gateway, async (connect) => {
                for (const [connection, request] of pairs(() => connect(POD_DATA_PORT))) {
                    const { status, headers } = await connection.request({ ...request, headers: NO_REDIRECT });
                    if (headers[header] !== revision)
                        return `it answers ${request.method} ${request.path} (${status}) with ${headers[header] === undefined ? "no rule of this route" : "older rules"}`;
                }
                return undefined;
            }),
    });
}
