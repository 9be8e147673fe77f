/** `stack drift`: changes outside of Pulumi, as findings of a review. It corrects nothing. */
import { isDeepStrictEqual } from "node:util";
import { kubectlOf } from "../../../components/kubernetes/kubeconfig-content";
import { isMap, type Tree } from "../../../policy/resources/values";
import { withExamples, withStack, type AddCommand } from "../../arguments";
import type { Context } from "../../context";
import { accessOf, readerOf } from "../cluster";
import { gatewayOf } from "../gateway";
import { isEdge, readStack, type ReadStack } from "../settings";
import { addedByHand, comparedIn } from "./added-by-hand";
import { withReview, type ReviewOptions } from "./arguments";
import { changesOf, titleOf, type Change } from "./changes";
import { byDanger, finding, type Finding } from "./finding";
import { KINDS } from "./kinds";
import type { Exported } from "./preview";
import { readRefresh, type Step } from "./preview";
import { counts, exported, failOn, printed, render, unfinished } from "./review";
import { fieldsOf } from "./unexplained";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withReview(withStack(stack.command("drift")), "risk"),
        "stack drift --stack intra",
        "stack drift --stack intra --json --fail-on breaks-callers",
    )
        .description("Show drift: changes outside of Pulumi, and their effect on callers; changes nothing")
        .action((args) => drift(context, args));

/**
 * Command that undoes drift. Without the variable, the API server rejects fields that another client, such as kubectl, has
 * changed: that client owns them.
 */
export const undoDrift = (stack: string) => `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh -s ${stack}`;

async function drift(context: Context, args: ReviewOptions): Promise<void> {
    const stack = await readStack(context, args.stack);
    const state = await exported(context, stack);
    const refresh = ["refresh", "--preview-only", "--json"];
    const preview = readRefresh(await printed(context, stack, refresh), "pulumi refresh", stack.short);
    const changes = changesOf(preview.steps.map(live));
    const todo = `To keep the drift, write it into the config. To undo it, run: ${undoDrift(stack.short)}`;
    // A stack without resources has no objects and no APISIX.
    const isEmpty = (state.resources ?? []).length === 0;
    const findings = [
        ...changes.flatMap((change) => outside(change, todo)),
        ...unfinished(state),
        ...preview.unshown.map((counted) => unshownFinding(counted, stack.short)),
        ...(isEmpty ? [] : await unmanaged(context, stack, state)),
    ];
    const about = "drift" as const;
    const report = { about, stack: preview.stack, changes: counts(changes), findings: findings.sort(byDanger) };
    context.out(render(report, args.format));
    failOn(report, args.failOn);
}

/** Judges a change of an object by its kind: no config says what was intended. */
function outside(change: Change, todo: string): Finding[] {
    const { kind, op, fields, leftover } = change;
    const rules = KINDS[kind];
    if (rules?.objectless || leftover) return [];
    const isMarks =
        fields.length > 0 && fields.every(({ path: [, what] }) => /^(labels|annotations)$/.test(String(what)));
    const severity = isMarks ? "harmless" : rules === undefined || rules.lesser ? "risk" : "breaks-callers";
    const says = isMarks
        ? "labels or annotations were changed"
        : `was ${op === "delete" ? "deleted" : "changed"}: it differs from the config`;
    return [finding("changed-outside", `${titleOf(change)} ${says}`, { severity, evidence: fieldsOf(change), todo })];
}

/** What a refresh does not show: additions to the stack's objects, and objects in APISIX that no stack manages. */
async function unmanaged(context: Context, stack: ReadStack, state: Exported): Promise<Finding[]> {
    if (isEdge(stack)) return [];
    const compared = comparedIn(state);
    const { binding, isInstalled } = gatewayOf(stack);
    const access = await accessOf(context, stack);
    const added = compared.length > 0 ? await addedByHand(compared, readerOf(context, access), kubectlOf(access)) : [];
    const { foreign, unread, isUnknown } = await context.auditGateway(access, { binding, isInstalled });
    if (unread !== undefined && isUnknown)
        context.note(`The state was not compared with the objects in APISIX: ${unread}`);
    const [why, command] = unread?.split(/\. (?=Run: )/) ?? [];
    return [
        ...added,
        ...foreign.map(({ says, repair }) => {
            const todo = `Rotate both Admin keys first, and start the port-forward (docs/operate/leaked-credentials.md: An Admin key has leaked). Then run: ${repair}`;
            return finding("foreign-in-gateway", says, { todo });
        }),
        ...(why === undefined || isUnknown ? [] : [finding("gateway-not-read", why, { todo: command })]),
    ];
}

/**
 * Reports a change that Pulumi counts but does not show. Its severity is the worst, because any resource may have changed:
 * for example, etcd may have lost its data.
 */
function unshownFinding(counted: string, stack: string): Finding {
    return finding(
        "change-not-shown",
        `Pulumi counts a change without showing the resource that changes (${counted})`,
        { todo: `See which resource it is: pulumi refresh --preview-only --diff -s ${stack}` },
    );
}

/**
 * Some providers do not update the inputs in a refresh. For them, this function takes the current values from the outputs.
 * It takes only fields that the inputs have, because the program does not set the other fields.
 */
function live(step: Step): Step {
    const { op, oldState, newState } = step;
    if (op !== "update" || !oldState || !newState || !isDeepStrictEqual(oldState.inputs, newState.inputs)) return step;
    return {
        ...step,
        newState: { ...newState, inputs: within(oldState.inputs ?? {}, newState.outputs ?? {}) as Tree },
    };
}

/** Returns `theirs` with only those fields that `ours` has too, at each depth. */
function within(ours: unknown, theirs: unknown): unknown {
    if (!isMap(ours) || !isMap(theirs)) return theirs;
    const shared = Object.entries(ours).filter(([key]) => key in theirs || !key.startsWith("__"));
    return Object.fromEntries(
        shared
            .map(([key, value]) => [key, key in theirs ? within(value, theirs[key]) : undefined])
            .filter(([, v]) => v !== undefined),
    );
}
