import { blockCommand, secretName } from "../../components/consumers/consumer";
import { kubectlOf } from "../../components/kubernetes/kubeconfig-content";
import { SERVER_CHECKS } from "../../components/server-checks";
import { stackFlag, type ChangeArgs } from "../arguments";
import type { Context } from "../context";
import { Failure } from "../errors";
import { shownPath } from "../output";
import { accessOf } from "../stack/cluster";
import { carryOut, reportChange, type Plan } from "../stack/apply/change";
import { gatewayOf } from "../stack/gateway";
import { readOutputs, type Stack } from "../stack/stack";
import { authenticatorIn, serverIn } from "../stack/stack-file";
import { forget } from "./handouts/record";
import { lookUp } from "./plan";
import { probe, type Probe } from "./revocation/rejection-probe";

/** Revokes credentials, and verifies at every gateway pod, or at the edge, that they are rejected. */
export async function revokeAndVerify(
    context: Context,
    stack: Stack,
    name: string,
    ids: string[],
    plan: Plan,
    args: ChangeArgs,
): Promise<void> {
    const isEdge = authenticatorIn(stack.text) === "edge";
    const { namespace, pods } = gatewayOf(stack);
    const probes: Probe[] = [];
    if (args.yes && plan.after !== undefined) {
        const outputs = await readOutputs(context, stack);
        const proving = isEdge ? undefined : { access: await accessOf(context, stack, outputs), pods };
        const { evidence } = SERVER_CHECKS[serverIn(stack.text)];
        const tried = { outputs, namespace, pods: proving, evidence, flag: stack.flag, connectTo: context.connectTo };
        for (const id of ids) {
            const { credential } = lookUp(stack, name, id);
            probes.push(await probe(tried, `${name}/${id}`, credential?.publicKey));
        }
    }
    const change = await carryOut(context, stack, plan, args).catch(async (error: unknown) => {
        if (plan.after !== undefined && !isEdge) await noteBlocking(context, stack, namespace, name, ids);
        throw error;
    });
    if (!change.changed) return reportChange(context, args, change, [], { proofs: [] });
    for (const id of ids) {
        const record = forget(context, stack, name, id);
        if (record !== undefined)
            context.note(
                `Deleted the record of the handouts of ${name}/${id}: ${shownPath(record)}. Only git has it now, if it was committed.`,
            );
    }
    const proofs = await Promise.all(probes.map((probe) => probe.prove(context.refusalSeconds)));
    const failed = proofs.some((proof) => proof.failed);
    const look = change.alone ? "stack review" : "consumer list --check";
    const next = failed ? [] : [`Next: npm run ops -- ${look}${stackFlag(args)}`];
    if (!args.json) context.out(["", ...proofs.map(({ text }) => text)].join("\n"));
    reportChange(context, args, change, next, { proofs });
    if (failed)
        throw new Failure(
            `${name}: the change is applied, but there is no proof that every revoked credential is rejected (see above).`,
        );
}

/** Notes what to do in every state of the stack, for example during a conversion, which may take an hour. */
async function noteBlocking(context: Context, stack: Stack, namespace: string, name: string, ids: string[]) {
    const kubectl = await accessOf(context, stack)
        .then((access) => kubectlOf(access, namespace))
        .catch(() => undefined);
    // Without access to the cluster, kubectl cannot block the credentials either.
    if (kubectl === undefined) return;
    const who = ids.map((id) => `${name}/${id}`).join(", ");
    const command = blockCommand(
        kubectl,
        ids.map((id) => secretName(name, id)),
    );
    context.note(
        `${who}: may still work, because this command failed. If it has leaked, block it at once: ${command}\nThen run this command again when it can succeed. Until then, pulumi up --refresh would create the Secret again.`,
    );
}
