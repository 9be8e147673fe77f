import { untilRejected } from "../../components/consumers/credentials-revoked";
import { blockCommand, secretName } from "../../components/consumers/consumer";
import { kubectlOf } from "../../components/kubernetes/kubeconfig-content";
import { stackFlag, withChange, withCredential, withExamples, type AddCommand, type ChangeArgs } from "../arguments";
import { ConfigError } from "../../config";
import type { Context } from "../context";
import { errorMessage, Failure } from "../errors";
import { carryOut, reportChange } from "../stack/apply/change";
import { accessOf } from "../stack/cluster";
import { gatewayOf } from "../stack/gateway";
import { isEdge, readStack, type ReadStack } from "../stack/settings";
import { planRevoke } from "./plan";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withChange(withCredential(consumer.command("revoke"))),
        "consumer revoke team-b 2026a",
        "consumer revoke team-b 2026a --yes",
    )
        .description("Revoke one credential; ends when every gateway pod rejects it")
        .action((name, id, args: ChangeArgs) => revoke(context, name, id, args));

/**
 * Revokes a credential or, without an id, all of a caller, which is removed. The run of Pulumi proves that they are rejected,
 * and fails otherwise.
 */
export async function revoke(context: Context, name: string, id: string | undefined, args: ChangeArgs): Promise<void> {
    const stack = await readStack(context, args.stack).catch((error: unknown) => {
        if (error instanceof ConfigError)
            context.note("To block the caller without Pulumi, see docs/operate/leaked-credentials.md.");
        throw error;
    });
    const { ids, ...plan } = planRevoke(stack, name, id);
    const atEdge = isEdge(stack);
    const applied = async () => {
        const change = await carryOut(context, stack, plan, args);
        if (change.alone && !atEdge) await proveAlone(context, stack, name, ids);
        return change;
    };
    const change = await applied().catch(async (error: unknown) => {
        if (plan.after !== undefined && !atEdge) await noteBlocking(context, stack, name, ids);
        throw error;
    });
    if (!change.changed) return reportChange(context, args, change, []);
    const results = ids.map((id) => `${name}/${id}: ${resultOf(stack, atEdge, change.alone)}`);
    if (!args.json) context.out(["", ...results].join("\n"));
    const look = change.alone ? "stack review" : "consumer list --check";
    const shown = { ...change, effects: [...change.effects, ...results] };
    reportChange(context, args, shown, [`Next: npm run ops -- ${look}${stackFlag(args)}`]);
}

/** What a successful run has proved about a revoked credential. */
function resultOf(stack: ReadStack, atEdge: boolean, alone?: true): string {
    if (atEdge) return `Cloudflare has ${alone ? "disabled" : "deleted"} its service token.`;
    if (gatewayOf(stack).isInstalled) return "every gateway pod rejects it.";
    return "revoked. If pods of the existing gateway could not be queried, a line above says which: they may still accept it.";
}

/**
 * Waits until every gateway pod rejects the credentials that a run has revoked alone. The resource of this proof is not in
 * that run: it would record the credentials that others have removed from the config, and their revocation, which is not
 * applied yet, would never be proved.
 */
async function proveAlone(context: Context, stack: ReadStack, name: string, ids: string[]): Promise<void> {
    const { settings } = stack;
    if (settings.option === "cloudflare") return;
    const { namespace, readiness } = settings;
    const { acceptTimeoutSeconds: timeoutSeconds, settleSeconds } = readiness;
    const access = await accessOf(context, stack);
    const inputs = { ...access, namespace, gateway: gatewayOf(stack).pods, timeoutSeconds, settleSeconds };
    const secrets = ids.map((id) => [`${name}/${id}`, secretName(name, id)]);
    await untilRejected(inputs, Object.fromEntries(secrets), context.note).catch((error: unknown) => {
        throw new Failure(`${name}: the revocation is applied, but not proved. ${errorMessage(error)}`);
    });
}

/** Notes what to do in every state of the stack, for example during a conversion, which may take an hour. */
async function noteBlocking(context: Context, stack: ReadStack, name: string, ids: string[]): Promise<void> {
    const kubectl = await accessOf(context, stack)
        .then((access) => kubectlOf(access, gatewayOf(stack).namespace))
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
