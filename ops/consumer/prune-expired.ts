/** `consumer prune-expired`: removes expired credentials from the gateway and changes nothing else. For a nightly job. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withConsent, withExamples, withStack, type AddCommand } from "../arguments";
import { dryRun } from "../consent";
import type { Context } from "../context";
import { FindingsError, UsageError } from "../errors";
import { json } from "../output";
import { withFormat, type ReviewOptions } from "../stack/review/arguments";
import { isEndIn } from "../stack/apply/edit";
import type { Review } from "../stack/review/report";
import { exported, fullReview, render } from "../stack/review/review";
import { carryOutPlan, previewPlan } from "../stack/apply/run-plan";
import { obstaclesOrConversion } from "../stack/edit-obstacles";
import { readStack, type ReadStack } from "../stack/settings";

export const command: AddCommand = (consumer, context) =>
    withExamples(
        withFormat(
            withConsent(withStack(consumer.command("prune-expired")), "run pulumi up with the plan that was reviewed"),
        ),
        "consumer prune-expired --stack intra",
        "consumer prune-expired --stack intra --yes --format markdown",
    )
        .description(
            "Remove expired credentials, and nothing else; exit with 3 if the run would change more; safe for a nightly job",
        )
        .action((args) => pruneExpired(context, args));

interface PruneExpiredArgs extends Pick<ReviewOptions, "stack" | "format"> {
    yes?: boolean;
}

/** Shows the expired credentials, and removes exactly these with consent. @throws FindingsError if the run would change more */
async function pruneExpired(context: Context, args: PruneExpiredArgs): Promise<void> {
    const stack = await readStack(context, args.stack);
    const against = await obstaclesOrConversion(context, stack);
    if (against.length > 0) throw new UsageError(against);
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-prune-"));
    try {
        const plan = join(folder, "plan.json");
        const state = await exported(context, stack);
        const { preview, refusal } = await previewPlan(context, stack, plan);
        const found = fullReview(context, preview, state);
        const isJson = args.format === "json";
        if (!isJson) context.out(render(found, args.format));
        const problem = refusal ?? otherFindings(context, stack, found);
        const changed = problem === undefined && args.yes === true && found.findings.length > 0;
        if (changed) await carryOutPlan(context, stack, plan, "Removed expired credentials");
        if (isJson) context.out(json({ ...found, changed }));
        if (problem !== undefined) throw new FindingsError(problem);
        if (found.findings.length === 0) context.note("No expired credential is live. Nothing was changed.");
        else if (!changed) dryRun(context, "remove the expired credentials", args);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

/** The problem if the run would make other changes. @returns undefined if it would not */
function otherFindings({ today }: Context, stack: ReadStack, { findings }: Review): string | undefined {
    const isEnd = isEndIn(stack.settings.callers, today);
    const others = findings.filter((finding) => !isEnd(finding));
    if (others.length === 0) return undefined;
    const codes = [...new Set(others.map(({ code }) => code))].join(", ");
    return `${stack.short}: prune-expired may only remove expired credentials (${others.length} of ${findings.length} findings are about other changes: ${codes}). A change was merged but not applied, or an object was changed by hand. First review and apply these changes: npm run ops -- stack review${stack.flag}`;
}
