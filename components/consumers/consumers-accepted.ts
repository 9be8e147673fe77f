import { askAdmin } from "./admin-evidence";
import { openLister, openReader } from "../kubernetes/cluster-reader";
import { askWith, credentialsOf, type LiveConsumer, type Sent } from "./credential-evidence";
import { adminTrouble, viewerKey } from "../apisix/admin-api";
import { askEveryPod, POD_ADMIN_PORT, POD_DATA_PORT, withoutAdmin, type AskPod } from "../apisix/gateway-pods";
import { judge, type Verdict } from "../kubernetes/readiness";
import { untilSettled } from "../kubernetes/until-settled";
import type { Proof } from "../route/route-served";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Largest number of rejections that a message quotes. */
const QUOTED = 10;

/**
 * Waits until every gateway pod authenticates the credentials of these Consumers. The ingress controller's condition is not
 * enough: it is Available before the controller sends the change to APISIX.
 * @param names names of the new or changed consumers
 * @param isKeyReplaced whether a key of these consumers may have been replaced, so that a pod without the change still
 * accepts the old key
 * @throws Error with the controller's message for each consumer that it rejects, or with the name of a gateway pod that
 * does not have the change in time
 */
export async function untilAccepted(
    inputs: Proof,
    names: string[],
    { isKeyReplaced }: { isKeyReplaced: boolean },
): Promise<void> {
    if (names.length === 0) return;
    const { namespace, gateway, timeoutSeconds, settleSeconds } = inputs;
    const list = openLister(inputs);
    const read = openReader(inputs);
    let sent: Sent[] | undefined;
    const observe = async (): Promise<Verdict> => {
        const live = new Map(
            (await list("apisix.apache.org/v1alpha1", "Consumer", namespace)).map((o) => [o.metadata?.name, o]),
        );
        const verdicts = names.map((name) => ({
            name,
            verdict: judge({ kind: "condition", type: "Available" }, live.get(name)),
        }));
        const reasonsOf = (state: "failed" | "waiting") =>
            verdicts.flatMap(({ name, verdict }) => (verdict.state === state ? [`${name}: ${verdict.why}`] : []));
        const [refused, open] = [reasonsOf("failed"), reasonsOf("waiting")];
        if (refused.length > 0) {
            const more = refused.length > QUOTED ? `\nand ${refused.length - QUOTED} more` : "";
            const seconds = verdicts.map(({ verdict: v }) => (v.state === "failed" ? v.finalAfterSeconds : 0));
            return {
                state: "failed",
                finalAfterSeconds: Math.max(...seconds),
                why: `${refused.length} of ${names.length} refused\n${refused.slice(0, QUOTED).join("\n")}${more}\n`,
            };
        }
        if (open.length > 0)
            return { state: "waiting", why: `${open.length} of ${names.length} not accepted yet, ${open[0]}` };
        // A Consumer stays Available even if APISIX rejects it; the status of the route shows whether APISIX receives
        // changes.
        const route = { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: "alpa" };
        const rules = await read(route);
        // Another team's route in front of an existing gateway is not known here, so no request shows what the pods apply.
        if (rules === undefined && gateway.unasked === "settle")
            return { state: "ready", unproved: `there is no ApisixRoute ${namespace}/alpa to send requests to` };
        const verdict = judge({ kind: "condition", type: "Accepted" }, rules);
        if (verdict.state !== "ready") return { ...verdict, why: `ApisixRoute ${namespace}/alpa: ${verdict.why}` };
        const consumers = names.map((name) => live.get(name)! as LiveConsumer);
        const credentials = (sent ??= await credentialsOf(read, namespace, consumers));
        const viewer = await viewerKey(read, gateway.namespace);
        const ask: AskPod = async (connect) => {
            const of = { there: credentials, gone: [] };
            const stored = viewer && (await askAdmin(connect(POD_ADMIN_PORT), viewer, namespace, consumers, of));
            return stored ?? askWith(() => connect(POD_DATA_PORT), "authenticates", credentials, gateway);
        };
        const verdictOfPods = await askEveryPod(inputs, gateway, ask, isKeyReplaced ? orThrow(ask) : undefined);
        return withoutAdmin(verdictOfPods, gateway, viewer, "limits and tokens of key pairs");
    };
    const hint = `Look: kubectl -n ${namespace} get consumers.apisix.apache.org -o yaml`;
    const trouble = () => adminTrouble(inputs, gateway.namespace);
    await untilSettled({ title: `Consumers of ${namespace}`, hint, timeoutSeconds, settleSeconds, observe, trouble });
}

/**
 * Changes a query so that it throws if the pod lacks the change. An error from an unready pod means "unknown": while a pod
 * starts, it may lack the new key and still reject the old key.
 */
function orThrow(ask: AskPod): AskPod {
    return async (connect) => {
        const lacks = await ask(connect);
        if (lacks !== undefined) throw new Error(lacks);
        return undefined;
    };
}
