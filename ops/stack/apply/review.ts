/** `stack review`: shows the effect of a change on live callers, and whether it may be merged or applied. */
import { counted } from "../../../config/problems";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { withExamples, withStack, type AddCommand } from "../../arguments";
import { ROOT, type Context } from "../../context";
import { dayAfter } from "../../dates";
import { FindingsError, UsageError } from "../../errors";
import { json } from "../../output";
import { uncommitted } from "../history/commits";
import { withReview, type ReviewOptions } from "../review/arguments";
import type { Finding } from "../review/finding";
import { escaped } from "../review/markdown";
import { openedOutputs } from "../review/opened-outputs";
import { plain, type Review } from "../review/report";
import { asBadAs, exported, fullReview, render, withMore } from "../review/review";
import { findStack } from "../stack";
import { acceptedBy, entriesFor, FILE, readAccepted, type Acceptance } from "./accepted-findings";
import { planIn, savePlanOrigin } from "./plan-folder";
import { previewPlan } from "./run-plan";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withReview(withStack(stack.command("review"))),
        "stack review --stack intra",
        "stack review --stack intra --out plan   # then: npm run ops -- stack apply --stack intra --plan plan",
        "stack review --stack intra --format markdown --fail-on none",
    )
        .description(
            "Review the effects of a change on live callers, most dangerous first, under the policy pack and with the accepted findings; changes nothing",
        )
        .option(
            "--out <folder>",
            "if the change passes, write the plan to this new folder for stack apply (default: none)",
        )
        .action((args) => review(context, args));

interface ReviewArgs extends ReviewOptions {
    /** Folder for the plan, which `stack apply` carries out. */
    out?: string;
}

/** Validity of a proposed acceptance, in days. */
const PROPOSED_DAYS = 7;

async function review(context: Context, args: ReviewArgs): Promise<void> {
    const root = context.program ?? ROOT;
    const acceptances = readAccepted(root, context.today);
    const stack = await findStack(context, args.stack);
    const isSaved = args.out !== undefined;
    const dirty = isSaved ? await uncommitted(root) : [];
    if (dirty.length > 0) throw new UsageError(dirty);
    const folder = isSaved ? newFolder(resolve(args.out!)) : mkdtempSync(join(tmpdir(), "alpa-auth-review-"));
    let isKept = false;
    try {
        // The state is read before the preview, so that a change of the state during the preview makes the plan outdated.
        const state = await exported(context, stack);
        const { preview, refusal } = await previewPlan(context, stack, planIn(folder));
        const opened = refusal ? [] : openedOutputs(readFileSync(planIn(folder), "utf8"), state);
        const found = withMore(fullReview(context, preview, state), opened);
        judge(context, args, found, acceptances, refusal);
        if (!isSaved) return;
        await savePlanOrigin(context, folder, stack, state, found);
        isKept = true;
    } finally {
        // A plan that did not pass must not be applied.
        if (!isKept) rmSync(folder, { recursive: true, force: true });
    }
    context.note(`\nNext: npm run ops -- stack apply --yes --plan ${args.out} --stack ${stack.name}`);
}

/** Creates a folder that only the current user can read. */
function newFolder(folder: string): string {
    if (existsSync(folder))
        throw new UsageError([`--out: must name a new folder (${folder} exists). Remove it, or choose another.`]);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
}

/** Prints the review. @throws FindingsError if the change must not be applied */
function judge(
    context: Context,
    { format, failOn }: ReviewArgs,
    found: Review,
    acceptances: Acceptance[],
    refusal?: string,
): void {
    const against = asBadAs(found.findings, failOn);
    const by = (finding: Finding) => acceptedBy(finding, found.stack, acceptances, context.today);
    const open = against.filter((finding) => by(finding) === undefined);
    const accepted = [...new Set(against.flatMap((finding) => by(finding) ?? []))];
    if (format === "json") context.out(json({ ...found, accepted, notAccepted: open.length, refusal }));
    else context.out([render(found, format), ...verdict(open.length, accepted, refusal, format)].join("\n\n"));
    const problems = [
        ...(refusal === undefined ? [] : [refusal]),
        ...(open.length === 0 ? [] : [notAcceptedError(context, found.stack, open, failOn)]),
    ];
    if (problems.length > 0) throw new FindingsError(problems.join("\n"));
}

/** Longest line with reasons: a comment on GitHub has room for 1,500 characters in addition to the review. */
const LONGEST = 1_000;

function verdict(open: number, accepted: Acceptance[], refusal: string | undefined, format: ReviewArgs["format"]) {
    const reasons = accepted.map(({ code, resource, reason }) => `${code} of ${resource} (${reason})`).join("; ");
    const safe = (format === "markdown" ? escaped : plain)(reasons).slice(0, LONGEST);
    const says = "The error message of stack review says";
    return [
        ...(refusal === undefined ? [] : [`The policy pack rejects the change. ${says} how to see why.`]),
        ...(open === 0 ? [] : [`${counted(open, "finding")} not accepted. ${says} how to accept one.`]),
        ...(accepted.length === 0 ? [] : [`Accepted in ${FILE}: ${safe}`]),
    ];
}

function notAcceptedError({ today }: Context, stack: string, open: Finding[], failOn: string): string {
    const entries = entriesFor(open, stack, dayAfter(today, PROPOSED_DAYS));
    const accept = `, or accept them: add these lines at the end of ${FILE}, each with its reason for …, and commit them with the change:\n${entries.join("\n")}`;
    return `${stack}: ${counted(open.length, "finding")} with severity ${failOn} or worse, not accepted (listed above). Correct them${entries.length === 0 ? "." : accept}`;
}
