/**
 * Output of `pulumi preview --json`: `PreviewDigest` of the Pulumi CLI (pkg/display/json.go at 3.274.1). Its steps have
 * no unchanged resources, and it writes secrets as `[secret]`, even with --show-secrets.
 */
import { isMap, list, type Tree } from "../../../policy/resources/values";
import { PROJECT } from "../stack-file";
import { Failure, UsageError } from "../../errors";
import { PROVIDER_ENV } from "../pulumi";
import { plain } from "./report";
import { jsonProblem, withoutSecrets } from "./values-text";

/** The used fields of a resource before or after the change. */
export interface ResourceState {
    urn: string;
    type: string;
    custom?: boolean;
    id?: string;
    /** URN of the component that the resource belongs to. */
    parent?: string;
    inputs?: Tree;
    outputs?: Tree;
    protect?: boolean;
    retainOnDelete?: boolean;
    delete?: boolean;
    created?: string;
    modified?: string;
}

export interface Step {
    op: string;
    urn: string;
    oldState?: ResourceState;
    newState?: ResourceState;
    replaceReasons?: string[];
    diffReasons?: string[];
    detailedDiff?: Record<string, { kind: string; inputDiff?: boolean }> | null;
}

export interface Preview {
    /** Name of the stack in URNs. */
    stack: string;
    steps: Step[];
    /** Config of the run by full key, secrets as `[secret]`. */
    config: Record<string, string>;
    /** Outputs of the stack that are secret before the change and in plain text after it. Default: unknown */
    opened?: OpenedOutput[];
}

/** Name of an output, and the URN of the stack's resource. */
export interface OpenedOutput {
    name: string;
    urn: string;
}

interface Refresh extends Preview {
    /** Changes that Pulumi counts but omits from the steps, for example `update: 1 counted, 0 shown`. */
    unshown: string[];
}

/** All operations of steps in Pulumi 3.274 (sdk/go/common/apitype/history.go and pkg/resource/deploy/step.go). */
export const OPERATIONS: ReadonlySet<unknown> = new Set([
    "same",
    "create",
    "update",
    "delete",
    "replace",
    "create-replacement",
    "delete-replaced",
    "read",
    "read-replacement",
    "refresh",
    "discard",
    "discard-replaced",
    "remove-pending-replace",
    "import",
    "import-replacement",
    "diff",
]);

/**
 * Reads a preview.
 * @param where what messages call the preview, for example the option or the command
 * @param stack short name of the expected stack. Default: any stack
 * @throws Failure if Pulumi counts a change without showing it, because such a change cannot be judged
 */
export function readPreview(text: string, where: string, stack?: string): Preview {
    const { unshown, ...preview } = readRefresh(text, where, stack);
    if (unshown.length > 0)
        throw new Failure(`${where}: must show every change that Pulumi counts (${unshown.join(", ")}). ${SHOW}`);
    return preview;
}

/** Reads the preview of a refresh. The code that calls this must report `unshown`: changes that Pulumi counts only. */
export function readRefresh(text: string, where: string, stack?: string): Refresh {
    const digest = parsed(text, where);
    const errors = list(digest.diagnostics).filter((d) => isMap(d) && d.severity === "error");
    if (errors.length > 0) throw new UsageError(errors.map((d) => failedPreview(where, d as Tree)));
    if (digest.maybeCorrupt === true)
        throw new UsageError([
            `${where}: must be of a completed run (Pulumi marks it as possibly corrupt). Create it again.`,
        ]);
    // If the stack has no resources, the preview lacks the field `steps`.
    if (digest.steps !== undefined && !Array.isArray(digest.steps))
        throw new UsageError([`${where}: must have a list of steps. ${MAKE}`]);
    if (digest.steps === undefined && digest.changeSummary === undefined)
        throw new UsageError([
            `${where}: must be what pulumi preview --json prints (it has neither steps nor a summary).${"resourcePlans" in digest ? " It is a plan: use --plan." : ""} ${MAKE}`,
        ]);
    const steps = list(digest.steps) as Step[];
    const problems = steps.flatMap((step, i) => stepProblems(step, `${where}: steps[${i}]`));
    if (problems.length > 0) throw new UsageError([...new Set(problems)].slice(0, 20));
    const name =
        stackOf(
            steps.map(({ urn }) => urn),
            where,
            stack,
        ) ??
        stack ??
        "";
    const config = isMap(digest.config) ? (digest.config as Record<string, string>) : {};
    return { stack: name, steps, config, unshown: unshownChanges(digest.changeSummary, steps) };
}

const MAKE = "Create it with: pulumi preview --json > preview.json";
const SETTINGS = Object.entries(PROVIDER_ENV)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
const SHOW =
    "Pulumi counts a change that the preview does not show. " +
    `Set ${SETTINGS} where the preview runs, and create the preview again. If the variable is set already, read pulumi preview --diff without --json.`;

/**
 * Changes that Pulumi 3.274 counts but omits from the steps: updates found by a refresh, if their provider sends no detailed
 * diff, for example a dynamic provider (`ShowPreviewDigest` in pkg/backend/display/json.go).
 */
function unshownChanges(summary: unknown, steps: Step[]): string[] {
    if (!isMap(summary)) return [];
    return Object.entries(summary).flatMap(([op, counted]) => {
        const shown = steps.filter((step) => step.op === op).length;
        return op === "same" || !(Number(counted) > shown) ? [] : [`${op}: ${counted} counted, ${shown} shown`];
    });
}

function parsed(text: string, where: string): Tree {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch (error) {
        if (text.trim() === "") throw new UsageError([`${where}: must not be empty. ${MAKE}`]);
        if (text.trimStart().startsWith('{"sequence"'))
            throw new UsageError([
                `${where}: must be one document, not a stream of events. Unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW. ${MAKE}`,
            ]);
        throw new UsageError([`${where}: must be complete JSON (${jsonProblem(error)}). It may be truncated. ${MAKE}`]);
    }
    if (!isMap(value)) {
        const got = value === null ? "null" : `a ${Array.isArray(value) ? "list" : typeof value}`;
        throw new UsageError([`${where}: must be what pulumi preview --json prints (got ${got}). ${MAKE}`]);
    }
    return value;
}

function failedPreview(where: string, { message }: Tree): string {
    return `${where}: the preview failed (${errorText(message)})`;
}

/** Pulumi's error message, printable: programs and providers may put any text into it. */
export function errorText(message: unknown): string {
    const said = String(message)
        .trim()
        .replace(/^error: /, "");
    return withoutSecrets(said).split("\n").map(plain).join("\n");
}

function stepProblems(step: unknown, where: string): string[] {
    if (!isMap(step) || typeof step.urn !== "string" || typeof step.op !== "string")
        return [`${where}: must have an operation and a URN. ${MAKE}`];
    if (!OPERATIONS.has(step.op))
        return [
            `${where}: must have an operation that the pinned version of Pulumi knows (got ${JSON.stringify(step.op)}). Use the pinned version.`,
        ];
    const states = [step.oldState, step.newState].filter((state) => state !== undefined && state !== null);
    if (states.length === 0) return [`${where}: must have oldState, newState or both. ${MAKE}`];
    if (!states.every((state) => isMap(state) && typeof state.type === "string"))
        return [`${where}: must have a type in oldState and newState. ${MAKE}`];
    const reasons = [step.replaceReasons ?? [], step.diffReasons ?? []];
    if (!reasons.every((list) => Array.isArray(list) && list.every((one) => typeof one === "string")))
        return [`${where}: must have lists of properties as replaceReasons and diffReasons. ${MAKE}`];
    return [];
}

/**
 * The common stack of all URNs. @returns undefined if there are no URNs
 * @throws UsageError if the URNs are of several stacks, of another project, or not of the stack `asked`
 */
export function stackOf(urns: string[], where: string, asked?: string): string | undefined {
    const names = new Set(
        urns.map((urn) => /^urn:pulumi:([\w.-]+)::([\w.-]+)::/.exec(urn)?.slice(1, 3).join("\0") ?? ""),
    );
    const problems: string[] = [];
    for (const name of names) {
        const [stack, project] = name.split("\0");
        if (project === undefined) problems.push(`${where}: must have URNs of Pulumi (got another text). ${MAKE}`);
        else if (project !== PROJECT)
            problems.push(`${where}: must be of project ${PROJECT} (got ${project}). Name the right file.`);
        else if (asked !== undefined && stack !== asked)
            problems.push(
                `${where}: must be of stack ${asked} (got ${stack}). Name the right file, or the right --stack.`,
            );
    }
    if (problems.length === 0 && names.size > 1) problems.push(`${where}: must be of one stack. ${MAKE}`);
    if (problems.length > 0) throw new UsageError(problems);
    return [...names][0]?.split("\0")[0];
}
