/**
 * Output of `pulumi preview --json`: `PreviewDigest` of the Pulumi CLI (pkg/display/json.go at 3.274.1). Its steps have
 * no unchanged resources, and it writes secrets as `[secret]`, even with --show-secrets.
 */
import * as z from "zod";
import { isMap, type Tree } from "../../../policy/resources/values";
import { Failure } from "../../errors";
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
const digestSchema = z
    .looseObject({
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
            .optional(),
        changeSummary: z.record(z.string(), z.number()).optional(),
        config: z.record(z.string(), z.unknown()).nullish(),
        maybeCorrupt: z.literal(false, "must be of a completed run").optional(),
    })
    // If the stack has no resources, the preview has no steps.
    .refine(({ steps, changeSummary }) => steps ?? changeSummary, "must have steps");

/**
 * Reads a preview of a stack.
 * @param where what messages call the preview
 * @throws Failure if Pulumi counts a change without showing it, because such a change cannot be judged
 */
export function readPreview(text: string, where: string, stack: string): Preview {
    const { unshown, ...preview } = readRefresh(text, where, stack);
    if (unshown.length === 0) return preview;
    throw new Failure(
        `${where}: must show every change that Pulumi counts (${unshown.join(", ")}). Read pulumi preview --diff without --json.`,
    );
}

/** Reads the preview of a refresh. The code that calls this must report `unshown`: changes that Pulumi counts only. */
export function readRefresh(text: string, where: string, stack: string): Refresh {
    const read = digestSchema.safeParse(jsonOf(text));
    if (!read.success) {
        const problems = read.error.issues.slice(0, 20).map(({ path, message }) => `${path.join(".")}: ${message}`);
        throw new Failure(
            `${where}: printed another document (${problems.join("; ")}). Check which pulumi is on PATH.`,
        );
    }
    const steps = (read.data.steps ?? []) as Step[];
    const summary = Object.entries(read.data.changeSummary ?? {});
    return {
        stack,
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

/** Error messages in the output of a failed run with `--json`, since its standard error has none. */
export function errorsOf(stdout: string): string {
    const value = jsonOf(stdout);
    const said = isMap(value) && Array.isArray(value.diagnostics) ? value.diagnostics : [];
    const errors = said.filter((one): one is Tree => isMap(one) && one.severity === "error");
    return errors.map(({ message }) => errorText(message)).join("\n");
}

/** Pulumi's error message, printable: programs and providers may put any text into it. */
export function errorText(message: unknown): string {
    const said = String(message)
        .trim()
        .replace(/^error: /, "");
    return withoutSecrets(said).split("\n").map(plain).join("\n");
}
