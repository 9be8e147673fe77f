/** `ops consumer expire`: leaves out what has ended, and does nothing else. For a run every night. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withApply, withStack, type AddCommand } from "../arguments";
import type { Context } from "../context";
import { isOver } from "../dates";
import { Failure, UsageError } from "../errors";
import { formatOption } from "../review/arguments";
import type { Finding } from "../review/finding";
import { exported, fullReview, render, type ReviewArgs } from "../review/review";
import { carryOutPlan, previewPlan } from "../stack/apply/run-plan";
import { obstaclesOrConversion } from "../stack/edit-obstacles";
import { callersOf, findStack } from "../stack/stack";
import type { Consumer } from "../stack/stack-file";

export const command: AddCommand = (consumer, context) =>
    withApply(withStack(consumer.command("expire")), "run pulumi up with the plan that was reviewed")
        .description(
            "Remove expired credentials; safe to run from a nightly job, since it refuses a run that would change anything else",
        )
        .addOption(formatOption("how to print the review"))
        .action((args) => expire(context, args));

export interface ExpireArgs extends Pick<ReviewArgs, "stack" | "format"> {
    apply?: boolean;
}

/** Shows what ends, and with `apply` carries out exactly that. @throws Failure when the same run would do more */
export async function expire(context: Context, args: ExpireArgs): Promise<void> {
    const stack = await findStack(context, args.stack);
    const against = await obstaclesOrConversion(context, stack);
    if (against.length > 0) throw new UsageError(against);
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-expire-"));
    try {
        const plan = join(folder, "plan.json");
        const state = await exported(context, stack);
        const { preview, refusal } = await previewPlan(context, stack, plan);
        const found = fullReview(context, preview, state);
        context.out(render(found, args.format));
        if (refusal !== undefined) throw new Failure(refusal);
        const over = overIn(callersOf(stack), context.today);
        const others = found.findings.filter((finding) => !isEnd(finding, over));
        if (others.length > 0)
            throw new Failure(
                `${stack.short}: the run must leave out what has ended and do nothing else (${others.length} of ${found.findings.length} findings are others: ${[...new Set(others.map(({ code }) => code))].join(", ")}). Something is merged and not applied, or changed by hand: apply it first, npm run ops -- stack check`,
            );
        if (found.findings.length === 0) return context.note("Nothing that has ended is live. Nothing was changed.");
        if (!args.apply) return context.note("\nDry run: nothing was changed. Add --apply to leave them out.");
        await carryOutPlan(context, stack, plan, "Left out what has ended");
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

interface Over {
    consumer: string;
    credential: string;
}

function overIn(consumers: Consumer[], today: Date): Over[] {
    return consumers.flatMap(({ name, credentials }) =>
        credentials
            .filter(({ expires }) => isOver(expires, today))
            .map(({ id }) => ({ consumer: name, credential: id })),
    );
}

/** Whether the finding is the end of one of these: in its Consumer, or as a service token. */
function isEnd({ code, evidence }: Finding, over: Over[]): boolean {
    return (
        code === "credential-revoked" &&
        evidence.length > 0 &&
        evidence.every(({ resource, property }) =>
            over.some(({ consumer, credential }) =>
                property === undefined
                    ? resource === `${consumer}.${credential}-token`
                    : resource === `${consumer}-consumer` && property === `spec.credentials[${credential}]`,
            ),
        )
    );
}
