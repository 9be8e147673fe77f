/** `stack review`: shows the effect of a change on live callers before it is applied. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { nameIn } from "../../../policy/resources/resource";
import { listsOf } from "../../../policy/rules/facts";
import { withExamples, withStack, type AddCommand } from "../../arguments";
import { ROOT, type Context } from "../../context";
import { Failure, FindingsError, UsageError } from "../../errors";
import { json } from "../../output";
import { lockFailure } from "../backend-lock";
import { ask, jsonObject, said } from "../pulumi";
import { findStack, type Stack } from "../stack";
import { createdAgain } from "../history/generated";
import { withReview, type FAIL_ON, type FORMATS } from "./arguments";
import { changesOf, type Change } from "./changes";
import { byDanger, CODES, SEVERITIES, type Finding, type Severity } from "./finding";
import { judge } from "./judge";
import { renderMarkdown } from "./markdown";
import { openedOutputs, readPlan, type Exported } from "./plan";
import { exceptionsOf, policyFindings } from "./policies";
import { errorText, readPreview, type OpenedOutput, type Preview } from "./preview";
import { renderText, type Review } from "./report";

export const command: AddCommand = (stack, context) =>
    withExamples(
        withReview(withStack(stack.command("review"))),
        "stack review --stack intra",
        "stack review --stack intra --preview preview.json --format markdown --fail-on none",
    )
        .description(
            "Review the effects of a change on live callers, most dangerous first; runs pulumi preview, or reads its output",
        )
        .option("--preview <file>", "read the output of pulumi preview --json (default: run pulumi preview)")
        .option("--plan <file>", "read a plan of pulumi preview --save-plan (default: run pulumi preview)")
        .option(
            "--save-plan <file>",
            "save the plan, so that pulumi up --plan applies exactly the reviewed change (default: none)",
        )
        .action((args) => review(context, args));

export interface ReviewArgs {
    stack?: string;
    /** File with the output of `pulumi preview --json`. Default: none, and the command runs it. */
    preview?: string;
    /** File that `pulumi preview --save-plan` wrote. */
    plan?: string;
    /** File to save the plan to, so that `pulumi up` applies exactly what was reviewed. */
    savePlan?: string;
    format: (typeof FORMATS)[number];
    failOn: (typeof FAIL_ON)[number];
}

async function review(context: Context, args: ReviewArgs): Promise<void> {
    const problems = [
        args.preview && args.plan ? "--plan: must not come with --preview. Choose one of them." : "",
        args.savePlan && (args.preview || args.plan)
            ? "--save-plan: must not come with --preview or --plan, since it saves the plan of a new preview. Remove one of them."
            : "",
    ].filter((problem) => problem !== "");
    if (problems.length > 0) throw new UsageError(problems);
    const { preview, state } = await read(context, args);
    const found = fullReview(context, preview, state);
    context.out(render(found, args.format));
    failOn(found, args.failOn);
}

async function read(context: Context, args: ReviewArgs): Promise<{ preview: Preview; state?: Exported }> {
    // A preview file can be read without the backend. With --stack it is compared with the current state.
    const offline = args.preview !== undefined && args.stack === undefined;
    if (offline) return { preview: readPreview(fileText("--preview", args.preview!), "--preview") };
    const stack = await findStack(context, args.stack);
    const state = await exported(context, stack);
    if (args.plan !== undefined)
        return { preview: readPlan(fileText("--plan", args.plan), "--plan", state, stack.short), state };
    if (args.preview === undefined) {
        const preview = await runPreview(context, stack, args.savePlan);
        const isSaved = args.savePlan !== undefined && existsSync(args.savePlan);
        const opened = isSaved ? openedOutputs(fileText("--save-plan", args.savePlan!), state) : [];
        return { preview: { ...preview, opened }, state };
    }
    const preview = readPreview(fileText("--preview", args.preview), "--preview", stack.short);
    const problems = [...olderThan(preview, state), ...writtenBefore(args.preview, state)].slice(0, 1);
    if (problems.length > 0) throw new UsageError(problems);
    return { preview, state };
}

/** Findings of a preview. @param state state of the stack. Default: unknown */
export function reviewOf(preview: Preview, today: Date, state: Exported = {}): Review {
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
    state: Exported | undefined,
    program = context.program ?? ROOT,
): Review {
    const found = reviewOf(preview, context.today, state);
    const exceptions = exceptionsOf(context.program ?? ROOT, context.today);
    const broken = policyFindings(preview, state, exceptions, context.today, listsOf(program));
    const opened = (preview.opened ?? []).map(openedFinding);
    const again = createdAgain(context, preview);
    return { ...found, findings: [...found.findings, ...broken, ...opened, ...again].sort(byDanger) };
}

export function render(found: Review, format: ReviewArgs["format"]): string {
    if (format === "json") return json(found);
    return format === "markdown" ? renderMarkdown(found) : renderText(found);
}

/** Findings of at least a severity. */
export function asBadAs(findings: Finding[], limit: ReviewArgs["failOn"]): Finding[] {
    const bad = (SEVERITIES as readonly Severity[]).slice(0, limit === "none" ? 0 : SEVERITIES.indexOf(limit) + 1);
    return findings.filter(({ severity }) => bad.includes(severity));
}

/** @throws FindingsError if a finding has at least the severity `limit` */
export function failOn({ about, stack, findings }: Review, limit: ReviewArgs["failOn"]): void {
    const found = asBadAs(findings, limit).length;
    if (found === 0) return;
    const what = limit === "risk" ? "have no risk for callers" : "break no caller";
    const subject = about === "drift" ? "the drift" : "the change";
    throw new FindingsError(
        `${stack}: ${subject} must ${what} (${found} of the ${findings.length} findings above are too severe). Resolve them, or choose another --fail-on.`,
    );
}

/** Previews the change. @param plan file to which Pulumi saves the plan */
export async function runPreview(context: Context, stack: Stack, plan?: string): Promise<Preview> {
    const args = [
        "preview",
        "--json",
        "--stack",
        stack.name,
        "--config-file",
        stack.file,
        ...(plan ? [`--save-plan=${plan}`] : []),
    ];
    const { code, stdout, stderr } = await context.pulumi(args);
    return previewRun("pulumi preview", stack, { code, stdout, stderr });
}

interface Ended {
    code: number;
    stdout: string;
    stderr: string;
}

/** The preview that a run with `--json` printed. @throws Failure with Pulumi's error message */
export function previewRun(what: string, stack: Stack, run: Ended): Preview {
    return readPreview(printedBy(what, stack, run), what, stack.short);
}

/** Output of a successful run of Pulumi. @throws Failure with Pulumi's error message */
export function printedBy(what: string, stack: Stack, { code, stdout, stderr }: Ended): string {
    const locked = lockFailure(stack, stdout + stderr);
    if (locked) throw locked;
    if (code !== 0)
        throw new Failure(`${what}: failed (exit code ${code}): ${errorsOf(stdout) || errorText(said(stderr))}`);
    return stdout;
}

/** Error messages of a failed preview from its JSON document, since standard error has none. */
function errorsOf(stdout: string): string {
    try {
        const { diagnostics = [] } = JSON.parse(stdout) as { diagnostics?: { severity: string; message: string }[] };
        return diagnostics
            .filter(({ severity }) => severity === "error")
            .map(({ message }) => errorText(message))
            .join("\n");
    } catch {
        return "";
    }
}

export async function exported({ pulumi }: Context, stack: Stack): Promise<Exported> {
    const text = await ask(pulumi, ["stack", "export", "--stack", stack.name]);
    return jsonObject<{ deployment?: Exported }>(text, "pulumi stack export").deployment ?? {};
}

/** Resources that have been changed, added or removed in the state since the preview. */
function olderThan({ steps }: Preview, { resources = [] }: Exported): string[] {
    const now = new Map(resources.filter((r) => !r.delete).map((r) => [r.urn, r]));
    const stale = steps.filter(({ op, urn, oldState }) => {
        const urnThen = oldState?.urn ?? urn;
        const live = now.get(urnThen);
        if (oldState === undefined || oldState === null) return op === "create" && now.has(urn);
        return (
            live === undefined ||
            (oldState.modified ?? "") !== (live.modified ?? "") ||
            (oldState.id ?? "") !== (live.id ?? "")
        );
    });
    if (stale.length === 0) return [];
    const names = stale.slice(0, 3).map(({ urn }) => nameIn(urn));
    return [
        `--preview: must be newer than the state (${stale.length} of ${steps.length} steps are of an earlier state: ${names.join(", ")}). The stack has changed since: create the preview again.`,
    ];
}

/** Detects a preview older than the state. It compares the time of the file, because a preview does not contain its time. */
function writtenBefore(file: string, { manifest }: Exported): string[] {
    const written = statSync(file).mtime;
    if (!(written.getTime() < Date.parse(manifest?.time ?? ""))) return [];
    return [
        `--preview: must be newer than the state (written ${written.toISOString()}, state of ${manifest?.time}). The stack may have changed since: create the preview again.`,
    ];
}

function openedFinding({ name, urn }: OpenedOutput): Finding {
    return {
        code: "protection-weakened",
        severity: "breaks-callers",
        says: `Output ${name} of the stack is no longer secret: state, plans and logs show its values in plain text`,
        evidence: [{ resource: nameIn(urn), urn, property: name }],
        todo: CODES["protection-weakened"][1],
    };
}

export function unfinished({ pending_operations: pending = [] }: Exported): Finding[] {
    if (pending.length === 0) return [];
    return [
        {
            code: "state-unfinished",
            severity: "risk",
            says: `An earlier run was interrupted, or a run is in progress: the state has ${pending.length} unfinished operations`,
            evidence: [],
            todo: "Check whether a run is in progress. If not, check what the interrupted run has created, then run: pulumi refresh --clear-pending-creates",
        },
    ];
}

function fileText(option: string, file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        throw new UsageError([
            `${option}: must name a file that can be read (${(error as NodeJS.ErrnoException).code}).`,
        ]);
    }
}
