/** Reviews: what a change does to live callers, from a preview and the state. */
import { listsOf } from "../../../policy/rules/facts";
import { ROOT, type Context } from "../../context";
import { Failure, FindingsError } from "../../errors";
import { json } from "../../output";
import { lockFailure } from "../backend-lock";
import { ask, jsonObject, said } from "../pulumi";
import type { Stack } from "../stack";
import { createdAgain } from "../history/generated";
import type { ReviewOptions } from "./arguments";
import { changesOf, type Change } from "./changes";
import { byDanger, finding, SEVERITIES, type Finding, type Severity } from "./finding";
import { judge } from "./judge";
import { renderMarkdown } from "./markdown";
import { exceptionsOf, policyFindings } from "./policies";
import { errorsOf, errorText, readPreview, type Exported, type Preview } from "./preview";
import { renderText, type Review } from "./report";

/** Findings of a preview, and of the state before it. */
export function reviewOf(preview: Preview, today: Date, state: Exported): Review {
    const findings = [...judge(preview.steps, today, state.resources), ...unfinished(state)].sort(byDanger);
    return { stack: preview.stack, changes: counts(changesOf(preview.steps)), findings };
}

/** Number of resources by operation. */
export function counts(changes: Change[]): Record<string, number> {
    const count: Record<string, number> = {};
    for (const { op } of changes) count[op] = (count[op] ?? 0) + 1;
    return count;
}

/**
 * Findings of a preview, with violations of the policy pack.
 * @param program folder of the previewed program, which has the lists of the pack. @default the clone
 */
export function fullReview(
    context: Context,
    preview: Preview,
    state: Exported,
    program = context.program ?? ROOT,
): Review {
    const found = reviewOf(preview, context.today, state);
    const exceptions = exceptionsOf(context.program ?? ROOT, context.today);
    const broken = policyFindings(preview, state, exceptions, context.today, listsOf(program));
    return withMore(found, [...broken, ...createdAgain(context, preview)]);
}

export function withMore(review: Review, more: Finding[]): Review {
    return { ...review, findings: [...review.findings, ...more].sort(byDanger) };
}

export function render(found: Review, format: ReviewOptions["format"]): string {
    if (format === "json") return json(found);
    return format === "markdown" ? renderMarkdown(found) : renderText(found);
}

/** Findings of at least a severity. */
export function asBadAs(findings: Finding[], limit: ReviewOptions["failOn"]): Finding[] {
    const bad = (SEVERITIES as readonly Severity[]).slice(0, limit === "none" ? 0 : SEVERITIES.indexOf(limit) + 1);
    return findings.filter(({ severity }) => bad.includes(severity));
}

/** @throws FindingsError if a finding has at least the severity `limit` */
export function failOn({ about, stack, findings }: Review, limit: ReviewOptions["failOn"]): void {
    const found = asBadAs(findings, limit).length;
    if (found === 0) return;
    const what = limit === "risk" ? "have no risk for callers" : "break no caller";
    throw new FindingsError(
        `${stack}: the ${about ?? "change"} must ${what} (${found} of the ${findings.length} findings above are too severe). Resolve them, or choose another --fail-on.`,
    );
}

/** Previews the change. @param plan file to which Pulumi saves the plan @param more arguments for Pulumi */
export async function runPreview(context: Context, stack: Stack, plan?: string, more: string[] = []): Promise<Preview> {
    const args = ["preview", "--json", ...(plan ? [`--save-plan=${plan}`] : []), ...more];
    return readPreview(await printed(context, stack, args), "pulumi preview", stack.short);
}

/** Output of a run of Pulumi with the stack's config. @throws Failure with Pulumi's error message */
export async function printed({ pulumi }: Context, stack: Stack, args: string[]): Promise<string> {
    const { code, stdout, stderr } = await pulumi([...args, "--stack", stack.name, "--config-file", stack.file]);
    if (code === 0) return stdout;
    throw (
        lockFailure(stack, stdout + stderr) ??
        new Failure(`pulumi ${args[0]}: failed (exit code ${code}): ${errorsOf(stdout) || errorText(said(stderr))}`)
    );
}

export async function exported({ pulumi }: Context, stack: Stack): Promise<Exported> {
    const text = await ask(pulumi, ["stack", "export", "--stack", stack.name]);
    return jsonObject<{ deployment?: Exported }>(text, "pulumi stack export").deployment ?? {};
}

export function unfinished({ pending_operations: pending = [] }: Exported): Finding[] {
    if (pending.length === 0) return [];
    const says = `An earlier run was interrupted, or a run is in progress: the state has ${pending.length} unfinished operations`;
    return [finding("state-unfinished", says)];
}
