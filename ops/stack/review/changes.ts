/** Steps of a preview as changes: one for each resource with its changed fields, and one for each component with inputs. */
import { nameIn } from "../../../policy/resources/resource";
import { hasSecret, isMap, valueAt, type Path, type Tree } from "../../../policy/resources/values";
import { type Difference, differences, parsePath } from "./differences";
import type { PartChange } from "./meanings/row";
import type { ResourceState, Step } from "./preview";

type Operation = "create" | "update" | "replace" | "delete";

export interface Change {
    urn: string;
    /** Name in the program. */
    name: string;
    /** Package and kind, for example `kubernetes Consumer`. */
    kind: string;
    op: Operation;
    /** Inputs before and after. */
    old?: Tree;
    new?: Tree;
    /** Fields that differ. With values that are secret on both sides, if Pulumi names them as changed. */
    fields: Difference[];
    /** Whether the resource is deleted only from the state, so the object itself stays. */
    retained: boolean;
    /** Whether the resource is left over from an earlier run, which replaced it but did not delete it. */
    leftover: boolean;
    /** Earlier name, if the program renamed the resource without an alias. The same run then deletes the old resource. */
    renamed?: string;
}

/** `ApisixRoute alpa-route-rules`. */
export const titleOf = ({ kind, name }: Change) => `${kind.split(" ")[1]} ${name}`;

/** What happens to a resource, after `is`. */
export const DONE: Record<Operation, string> = {
    create: "created",
    update: "changed",
    replace: "replaced",
    delete: "deleted",
};

/** Undefined for an operation that changes no resource. */
function operationOf(op: string): Operation | undefined {
    if (/^(replace|(create|import|read)-replacement|(delete|discard)-replaced)$/.test(op)) return "replace";
    return ({ create: "create", import: "create", update: "update", delete: "delete", discard: "delete" } as const)[
        op as "create"
    ];
}

/** Changes of the resources in a preview. Components are in {@link partsOf}. */
export function changesOf(steps: Step[]): Change[] {
    const found = new Map<string, Merged>();
    for (const step of steps) {
        const op = operationOf(step.op);
        const state = step.newState ?? step.oldState;
        if (op === undefined || !state || state.type === "pulumi:pulumi:Stack") continue;
        if (state.custom === false || (state.custom === undefined && state.id === undefined && isComponent(state.type)))
            continue;
        const leftover = op === "delete" && step.oldState?.delete === true;
        const key = leftover ? `${step.urn} ${step.oldState?.id}` : step.urn;
        const before = found.get(key);
        // Merges the steps of a replacement. It has up to three steps, and one of them may have no old state.
        if (before) merge(before, step, op);
        else found.set(key, changeOf(step, op));
    }
    return paired([...found.values()]).map(({ reasons, ...change }) => ({
        ...change,
        fields: fieldsOf(change, reasons),
    }));
}

function isComponent(type: string): boolean {
    return /^alpa-auth:/.test(type) || /^kubernetes:(yaml|helm\.sh\/v[34]:Chart)/.test(type);
}

/** Components with the inputs before and after. A preview lacks unchanged ones, which are only in the state before the run. */
export function partsOf(steps: Step[], state: ResourceState[] = []): PartChange[] {
    const changed = new Set(steps.map(({ urn }) => urn));
    const same = state.filter(({ urn, type }) => type?.startsWith("alpa-auth:") && !changed.has(urn));
    return [...steps, ...same.map((one) => ({ op: "same", urn: one.urn, oldState: one, newState: one }))].flatMap(
        ({ op, urn, oldState, newState }) => {
            const state = newState ?? oldState;
            if (!state || state.custom === true || !state.type.startsWith("alpa-auth:")) return [];
            const old = oldState && (oldState.inputs ?? {});
            const now = newState && op !== "delete" ? (newState.inputs ?? {}) : undefined;
            return [
                { type: partType(state.type), name: nameIn(urn), urn, ...(old && { old }), ...(now && { new: now }) },
            ];
        },
    );
}

/** Components of the options, each the topmost one of a stack. */
const TOPMOST = ["IntraCluster", "InterCluster", "CloudflareAccess"];

function partType(token: string): string {
    const type = token.split(":").at(-1)!;
    return TOPMOST.includes(type) ? "Stack" : type;
}

/** A change while its steps are read. */
interface Merged extends Omit<Change, "fields"> {
    /** Properties that Pulumi names as changed, or as the reason for a replacement. */
    reasons: Path[];
}

function changeOf(step: Step, op: Operation): Merged {
    const { oldState, newState, urn } = step;
    return {
        urn,
        name: nameIn(urn),
        kind: packageAndKind((newState ?? oldState)!.type),
        op,
        old: oldState?.inputs ?? (oldState ? {} : undefined),
        new: op === "delete" ? undefined : (newState?.inputs ?? {}),
        reasons: [
            ...Object.keys(step.detailedDiff ?? {}),
            ...(step.replaceReasons ?? []),
            ...(step.diffReasons ?? []),
        ].map(parsePath),
        retained: op === "delete" && oldState?.retainOnDelete === true,
        leftover: op === "delete" && oldState?.delete === true,
    };
}

function merge(change: Merged, step: Step, op: Operation): void {
    const more = changeOf(step, op);
    change.op = change.op === more.op ? op : "replace";
    change.old ??= more.old;
    change.new ??= more.new;
    change.reasons.push(...more.reasons);
}

/**
 * Pairs a resource that is deleted under one name and created under another: both are the same object, which Pulumi would
 * first create and then delete.
 */
function paired(changes: Merged[]): Merged[] {
    const creations = new Map(changes.filter(({ op }) => op === "create").map((change) => [identity(change), change]));
    creations.delete(undefined);
    const gone = new Set<Merged>();
    for (const change of changes.filter(({ op, retained, leftover }) => op === "delete" && !retained && !leftover)) {
        const twin = creations.get(identity(change));
        if (!twin) continue;
        Object.assign(twin, { op: "replace", old: change.old, renamed: change.name });
        gone.add(change);
    }
    return changes.filter((change) => !gone.has(change));
}

/** Identity of an object outside of Pulumi; undefined if its name does not identify it. */
function identity({ kind, old, new: now }: Merged): string | undefined {
    const props = now ?? old ?? {};
    const { metadata, name, namespace } = props as { metadata?: Tree; name?: unknown; namespace?: unknown };
    if (isMap(metadata) && typeof metadata.name === "string")
        return [kind, metadata.namespace, metadata.name].join(" ");
    // Only for kinds whose names are unique. A ruleset's name is not unique: all rulesets of a stack have the stack's name.
    if (
        /^(cloudflare (ZeroTrust(AccessServiceToken|TunnelCloudflared)|Zone)|kubernetes Release)$/.test(kind) &&
        typeof name === "string"
    )
        return [kind, namespace, name].join(" ");
    if (kind === "cloudflare DnsRecord") return [kind, name, props.type, props.content].join(" ");
    return undefined;
}

/**
 * The differences between the inputs of a resource that stays. A property that Pulumi names counts as well, if a value in the
 * inputs is secret: providers also name properties that they set themselves.
 */
function fieldsOf({ op, old = {}, new: now = {} }: Omit<Merged, "reasons">, reasons: Path[]): Difference[] {
    if (op === "create" || op === "delete") return [];
    const seen = differences(old, now, []);
    const hidden = reasons
        .filter((path) => path.length > 0 && !String(path[0]).startsWith("__"))
        .map((path) => ({ path, old: nearest(old, path), new: nearest(now, path), hidden: true }))
        .filter((one) => hasSecret(one.old) || hasSecret(one.new))
        .filter(({ path }) => !seen.some((other) => overlap(path, other.path)))
        .filter(({ path }, i, all) => !all.some((other, j) => j < i && overlap(path, other.path)));
    return [...seen, ...hidden];
}

function overlap(a: Path, b: Path): boolean {
    const length = Math.min(a.length, b.length);
    return a.slice(0, length).every((part, i) => String(part) === String(b[i]));
}

/** The value at a path, or the secret that contains it. */
function nearest(props: Tree, path: Path): unknown {
    for (let length = path.length; length > 0; length--) {
        const value = valueAt(props, path.slice(0, length));
        if (length === path.length ? value !== undefined : hasSecret(value) && typeof value === "string") return value;
    }
    return undefined;
}

/** Package and kind of a type, for example `kubernetes ApisixRoute`. Rule known-types rejects inputs of another kind. */
export function packageAndKind(type: string): string {
    if (type.startsWith("pulumi:providers:")) return "pulumi Provider";
    return `${type.startsWith("pulumi-nodejs:") ? "dynamic" : type.split(":")[0]} ${type.split(":").pop()}`;
}
