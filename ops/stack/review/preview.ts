/**
 * Output of `pulumi preview --json`: `PreviewDigest` of the Pulumi CLI (pkg/display/json.go at 3.274.1). Its steps have
 * no unchanged resources, and it writes secrets as `[secret]`, even with --show-secrets.
 */
import * as z from "zod";
import { isMap, type Tree } from "../../../policy/resources/values";
import { Failure, UsageError } from "../../errors";
import { PROVIDER_ENV } from "../pulumi";
import { PROJECT } from "../../../config/stack-file";
import { plain } from "./report";
import { withoutSecrets } from "./values-text";

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
}

/** The state as `pulumi stack export` prints it. */
export interface Exported {
    manifest?: { time?: string; version?: string };
    resources?: ResourceState[];
    pending_operations?: unknown[];
}

interface Refresh extends Preview {
    /** Changes that Pulumi counts but omits from the steps, for example `update: 1 counted, 0 shown`. */
    unshown: string[];
}

/** All operations of steps in Pulumi 3.274 (sdk/go/common/apitype/history.go and pkg/resource/deploy/step.go). */
const OPERATIONS = [
    ...["same", "create", "update", "delete", "replace", "create-replacement", "delete-replaced", "read"],
    ...["read-replacement", "refresh", "discard", "discard-replaced", "remove-pending-replace", "import"],
    ...["import-replacement", "diff"],
];

const resource = z.looseObject({ type: z.string() }).nullish();
const names = z.array(z.string()).nullish();
const digestSchema = z.looseObject({
    // If the stack has no resources, the preview has no steps.
    steps: z
        .array(
            z
                .looseObject({
                    op: z.enum(OPERATIONS, "must be an operation that the pinned version of Pulumi knows"),
                    urn: z.string(),
                    oldState: resource,
                    newState: resource,
                    replaceReasons: names,
                    diffReasons: names,
                })
                .refine(({ oldState, newState }) => oldState || newState, "must have oldState, newState or both"),
        )
        .default([]),
    changeSummary: z.record(z.string(), z.number()).optional(),
    config: z.record(z.string(), z.unknown()).nullish(),
    maybeCorrupt: z.literal(false, "must be of a completed run").optional(),
});

/**
 * Reads a preview.
 * @param where what messages call the preview, for example the option or the command
 * @param stack short name of the expected stack. Default: any stack
 * @throws Failure if Pulumi counts a change without showing it, because such a change cannot be judged
 */
export function readPreview(text: string, where: string, stack?: string): Preview {
    const { unshown, ...preview } = readRefresh(text, where, stack);
    if (unshown.length === 0) return preview;
    const settings = Object.entries(PROVIDER_ENV).map(([name, value]) => `${name}=${value}`);
    throw new Failure(
        `${where}: must show every change that Pulumi counts (${unshown.join(", ")}). Set ${settings.join(" ")} where the preview runs, and create it again. If it is set already, read pulumi preview --diff without --json.`,
    );
}

/** Reads the preview of a refresh. The code that calls this must report `unshown`: changes that Pulumi counts only. */
export function readRefresh(text: string, where: string, stack?: string): Refresh {
    const refused = (problems: string[]) =>
        new UsageError(
            problems.map(
                (why) =>
                    `${where}: must be what pulumi preview --json prints (${why}). Create it with: pulumi preview --json > preview.json`,
            ),
        );
    const value = jsonOf(text);
    if (!isMap(value) || !["steps", "changeSummary", "diagnostics"].some((key) => key in value))
        throw refused(["it is no JSON document, or another one"]);
    const errors = errorsIn(value);
    if (errors.length > 0) throw new UsageError(errors.map((one) => `${where}: the preview failed (${one})`));
    const read = digestSchema.safeParse(value);
    if (!read.success)
        throw refused(read.error.issues.slice(0, 20).map(({ path, message }) => `${path.join(".")}: ${message}`));
    const steps = read.data.steps as Step[];
    const summary = Object.entries(read.data.changeSummary ?? {});
    return {
        stack: stackOf(steps, where, stack),
        steps,
        config: (read.data.config ?? {}) as Record<string, string>,
        unshown: summary.flatMap(([op, counted]) => {
            const shown = steps.filter((step) => step.op === op).length;
            // Pulumi 3.274 omits updates found by a refresh if their provider sends no detailed diff, for example a dynamic
            // provider (`ShowPreviewDigest` in pkg/backend/display/json.go).
            return op === "same" || counted <= shown ? [] : [`${op}: ${counted} counted, ${shown} shown`];
        }),
    };
}

/** @returns undefined if the text is no JSON: it may be a secret, so no message quotes it */
function jsonOf(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/** Error messages of a failed preview, printable: programs and providers may put any text into them. */
function errorsIn({ diagnostics }: Tree): string[] {
    const errors = (Array.isArray(diagnostics) ? diagnostics : []).filter((d) => isMap(d) && d.severity === "error");
    return errors.map((d) => errorText((d as Tree).message));
}

/** Error messages in the output of a failed run with `--json`, since its standard error has none. */
export function errorsOf(stdout: string): string {
    const value = jsonOf(stdout);
    return isMap(value) ? errorsIn(value).join("\n") : "";
}

/** Pulumi's error message, printable. */
export function errorText(message: unknown): string {
    const said = String(message)
        .trim()
        .replace(/^error: /, "");
    return withoutSecrets(said).split("\n").map(plain).join("\n");
}

/** The stack of all URNs. @throws UsageError if they are of several stacks, another project, or another stack than expected */
function stackOf(steps: Step[], where: string, expected?: string): string {
    const owners = new Set(steps.map(({ urn }) => /^urn:pulumi:([\w.-]+::[\w.-]+)::/.exec(urn)?.[1] ?? "another text"));
    const [[stack, project] = [expected ?? "", PROJECT], ...others] = [...owners].map((owner) => owner.split("::"));
    if (others.length === 0 && project === PROJECT && (expected ?? stack) === stack) return stack;
    throw new UsageError([
        `${where}: must have URNs of one stack${expected === undefined ? "" : `, ${expected},`} and of project ${PROJECT} (got ${[...owners].join(", ")}). Name the right file.`,
    ]);
}
