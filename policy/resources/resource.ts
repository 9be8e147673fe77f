/**
 * A resource in the form for rules, both for the engine during a run and for commands that read a preview or a state.
 */

export type Tree = Record<string, unknown>;

/** A value that is not known before the run. Rules skip it, and the run itself checks it. */
export const UNKNOWN = Symbol("not known before the run");

/** A value that Pulumi marks as secret. */
export class Secret {
    constructor(readonly value: unknown) {}
}

export interface Resource {
    /** Pulumi's type token. */
    type: string;
    name: string;
    urn: string;
    protect: boolean;
    /** Id at the provider. Undefined or {@link UNKNOWN} before the creation, and if the source does not have it. */
    id?: unknown;
    /** Inputs with secrets in plain text, for comparisons and never for messages. */
    props: Tree;
    /** Inputs with every secret as a {@link Secret}. */
    marked: Tree;
}

// Encoding of secrets and unknown values, from sdk/nodejs/runtime/rpc.ts of pulumi/pulumi 3.248.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** An unknown string, and every unknown value in a preview's JSON. */
export const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWN_VALUES = new Set([
    UNKNOWN_TEXT,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // a boolean
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // a number
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // a list
    "030794c1-ac77-496b-92df-f27374a8bd58", // an asset
    "e48ece36-62e2-4504-bad9-02848725956a", // an archive
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // an object
]);
/** The CLI's placeholder for a secret. */
export const HIDDEN = "[secret]";

/** Whether a map is a secret in the encoding of providers, states and plans. */
export const isWrappedSecret = (tree: Tree) => tree[SIGNATURE] === SECRET;

/** @param given inputs in the format of providers, states or previews, or with secrets as {@link Secret} */
export function resourceOf(given: Omit<Resource, "props" | "marked"> & { inputs: Tree }): Resource {
    const { inputs, id, ...rest } = given;
    const marked = read(inputs) as Tree;
    if (given.type === "kubernetes:core/v1:Secret" && "data" in marked) marked.data = plainTexts(marked.data);
    return { ...rest, id: read(id), marked, props: opened(marked) as Tree };
}

function read(value: unknown): unknown {
    if (typeof value === "string") {
        if (UNKNOWN_VALUES.has(value)) return UNKNOWN;
        return value === HIDDEN ? new Secret(UNKNOWN) : value;
    }
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Secret) return new Secret(read(value.value));
    if (Array.isArray(value)) return value.map(read);
    const tree = value as Tree;
    if (isWrappedSecret(tree)) return new Secret("value" in tree ? read(tree.value) : UNKNOWN);
    // Fields that begin with __ belong to the engine and to dynamic providers.
    const fields = Object.keys(tree).filter((field) => !field.startsWith("__"));
    return Object.fromEntries(fields.map((field) => [field, read(tree[field])]));
}

/** Decodes the base64 data of a Secret, since rules check the plain texts. */
function plainTexts(value: unknown): unknown {
    if (value instanceof Secret) return new Secret(plainTexts(value.value));
    if (typeof value === "string") {
        const bytes = Buffer.from(value, "base64");
        return bytes.toString("base64") === value ? bytes.toString() : value;
    }
    if (!isMap(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, plainTexts(part)]));
}

function opened(value: unknown): unknown {
    if (value instanceof Secret) return opened(value.value);
    if (Array.isArray(value)) return value.map(opened);
    if (!isMap(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, opened(part)]));
}

/** The value at a path, for example `spec.http`; {@link UNKNOWN} below an unknown value. */
export function at(tree: unknown, path: string): unknown {
    let here = tree;
    for (const field of path.split("."))
        if (here === UNKNOWN || here === undefined || here === null) return here === null ? undefined : here;
        else here = typeof here === "object" ? (here as Tree)[field] : undefined;
    return here;
}

/** The elements of a list; empty for other values. */
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const isMap = (value: unknown): value is Tree =>
    typeof value === "object" && value !== null && !Array.isArray(value);
/** The fields of a map; empty for other values. */
export const map = (value: unknown): Tree => (isMap(value) ? value : {});
/** The number in a value; NaN for other values, also for unknown ones, so that comparisons are false. */
export const number = (value: unknown) => (["number", "string"].includes(typeof value) ? Number(value) : NaN);
/** Whether a value is known and differs. A missing value differs. */
export const isOther = (value: unknown, expected: unknown) => value !== UNKNOWN && value !== expected;
/** Text of a value for messages. It must not be a secret. */
export function shown(value: unknown): string {
    if (value === undefined) return "nothing";
    return value === UNKNOWN ? "something unknown" : JSON.stringify(value);
}

/** Kind of a Kubernetes object, or the last word of Pulumi's type. */
export function kindOf({ props, type }: Resource): string {
    // Other types also have a field `kind`, with another meaning.
    const isObject = type.startsWith("kubernetes:") && typeof props.kind === "string";
    return isObject ? String(props.kind) : type.split(":").pop()!;
}

/** Types of a resource's parent components, outermost first. */
function componentsOf({ urn }: Resource): string[] {
    return (urn.split("::")[2] ?? "").split("$").slice(0, -1);
}

export const isInside = (resource: Resource, component: string) =>
    componentsOf(resource).some((type) => type.endsWith(`:${component}`));

/** Calls `seen` with every text in a tree and its path, except for secrets. */
export function eachText(tree: unknown, seen: (text: string, path: string) => void, path = ""): void {
    if (typeof tree === "string") seen(tree, path);
    else if (Array.isArray(tree)) tree.forEach((part, i) => eachText(part, seen, `${path}[${i}]`));
    else if (typeof tree === "object" && tree !== null && !(tree instanceof Secret))
        for (const [field, part] of Object.entries(tree))
            eachText(part, seen, path === "" ? field : `${path}.${field}`);
}
