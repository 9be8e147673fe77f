/**
 * What `pulumi preview --json` prints: `PreviewDigest` of the Pulumi CLI (pkg/display/json.go, read at 3.274.1). Resources
 * that stay as they are are not among its steps, and secrets are written as `[secret]` whatever it is asked for.
 */
import { PROJECT } from "../stack/stack-file";
import { Failure, UsageError } from "../errors";
import { isMap, type Props } from "./differences";
import { PROVIDER_ENV } from "../stack/pulumi";
import { plain } from "./report";
import { jsonProblem, withoutSecrets } from "./values-text";

/** One resource before or after, as far as it is used here. */
export interface ResourceState {
    urn: string;
    type: string;
    custom?: boolean;
    id?: string;
    inputs?: Props;
    outputs?: Props;
    protect?: boolean;
    retainOnDelete?: boolean;
    delete?: boolean;
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
    /** As URNs name it. */
    stack: string;
    steps: Step[];
    /** Config of the run by whole key, secrets as `[secret]`. */
    config: Record<string, string>;
}

export interface Refresh extends Preview {
    /** Changes that Pulumi counts and leaves out of the steps, as `update: 1 counted, 0 shown`. */
    unshown: string[];
}

/** Every operation of a step that Pulumi 3.274 has (sdk/go/common/apitype/history.go and pkg/resource/deploy/step.go). */
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
 * @param where how the text is named in problems. @param stack short name of the stack it must be of. Unset: any
 * @throws Failure where a change is not shown: what it does cannot be judged
 */
export function readPreview(text: string, where: string, stack?: string): Preview {
    const { unshown, ...preview } = readRefresh(text, where, stack);
    if (unshown.length > 0)
        throw new Failure(`${where}: must show every change that it counts (${unshown.join(", ")}). ${SHOW}`);
    return preview;
}

/** The same of a refresh, in which changes may be unshown: the reader must report them. */
export function readRefresh(text: string, where: string, stack?: string): Refresh {
    const digest = parsed(text, where);
    const errors = list(digest.diagnostics).filter((d) => isMap(d) && d.severity === "error");
    if (errors.length > 0) throw new UsageError(errors.map((d) => failedPreview(where, d as Props)));
    if (digest.maybeCorrupt === true)
        throw new UsageError([`${where}: must be of a run that ended (Pulumi says it may be corrupt). Make it again.`]);
    // The preview of a stack without resources has no field for steps.
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

const MAKE = "Make it with: pulumi preview --json > preview.json";
const SHOW = `Pulumi counts a change that the preview does not show. Set ${Object.entries(PROVIDER_ENV)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ")} where it runs and make it again; if that is set, look without --json, at --diff.`;

/**
 * Of a provider that sends no detailed diff, as a dynamic one, Pulumi 3.274 counts the updates that a refresh finds, and
 * leaves them out of the steps (`ShowPreviewDigest` in pkg/backend/display/json.go).
 */
function unshownChanges(summary: unknown, steps: Step[]): string[] {
    if (!isMap(summary)) return [];
    return Object.entries(summary).flatMap(([op, counted]) => {
        const shown = steps.filter((step) => step.op === op).length;
        return op === "same" || !(Number(counted) > shown) ? [] : [`${op}: ${counted} counted, ${shown} shown`];
    });
}

function parsed(text: string, where: string): Props {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch (error) {
        if (text.trim() === "") throw new UsageError([`${where}: must not be empty. ${MAKE}`]);
        if (text.trimStart().startsWith('{"sequence"'))
            throw new UsageError([
                `${where}: must be one document, not a stream of events. Unset PULUMI_ENABLE_STREAMING_JSON_PREVIEW. ${MAKE}`,
            ]);
        throw new UsageError([`${where}: must be whole JSON (${jsonProblem(error)}). It may be cut off. ${MAKE}`]);
    }
    if (!isMap(value)) {
        const got = value === null ? "null" : `a ${Array.isArray(value) ? "list" : typeof value}`;
        throw new UsageError([`${where}: must be what pulumi preview --json prints (got ${got}). ${MAKE}`]);
    }
    return value;
}

function failedPreview(where: string, { message }: Props): string {
    return `${where}: the preview must have succeeded (it says: ${errorText(message)})`;
}

/** What Pulumi says of a failure. Programs and providers may put any text into it. */
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
            `${where}: must have an operation that this version knows (got ${JSON.stringify(step.op)}, of another version of Pulumi). Use the version that is pinned.`,
        ];
    const states = [step.oldState, step.newState].filter((state) => state !== undefined && state !== null);
    if (states.length === 0) return [`${where}: must have the state before or after. ${MAKE}`];
    if (!states.every((state) => isMap(state) && typeof state.type === "string"))
        return [`${where}: must have states with a type. ${MAKE}`];
    const reasons = [step.replaceReasons ?? [], step.diffReasons ?? []];
    if (!reasons.every((list) => Array.isArray(list) && list.every((one) => typeof one === "string")))
        return [`${where}: must have reasons that are lists of properties. ${MAKE}`];
    return [];
}

/**
 * The one stack of all URNs. @returns undefined when there are none
 * @throws UsageError when they are of several, of another project, or of another stack than is asked for
 */
export function stackOf(urns: string[], where: string, asked?: string): string | undefined {
    const names = new Set(
        urns.map((urn) => /^urn:pulumi:([\w.-]+)::([\w.-]+)::/.exec(urn)?.slice(1, 3).join("\0") ?? ""),
    );
    const problems: string[] = [];
    for (const name of names) {
        const [stack, project] = name.split("\0");
        if (project === undefined) problems.push(`${where}: must have URNs of Pulumi (got another). ${MAKE}`);
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

function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}
