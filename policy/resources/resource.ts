/**
 * A resource in the form that rules read. The source is the engine during a run. Commands read resources from a preview or a
 * state.
 */
import { HIDDEN, isMap, Secret, UNKNOWN, UNKNOWN_TEXT, type Tree } from "./values";

export interface Resource {
    /** Pulumi's type token. */
    type: string;
    name: string;
    urn: string;
    protect: boolean;
    /** Id at the provider. Undefined or {@link UNKNOWN} before the resource is created, or if it was read without an id. */
    id?: unknown;
    /** Inputs with secrets in plain text, for comparisons and never for messages. */
    props: Tree;
    /** Inputs with every secret as a {@link Secret}. */
    marked: Tree;
}

// Encoding of secrets and unknown values, from sdk/nodejs/runtime/rpc.ts of pulumi/pulumi 3.248.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWN_VALUES = new Set([
    UNKNOWN_TEXT,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // a boolean
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // a number
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // a list
    "030794c1-ac77-496b-92df-f27374a8bd58", // an asset
    "e48ece36-62e2-4504-bad9-02848725956a", // an archive
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // an object
]);
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
    return withParts(value, plainTexts);
}

/** A value without the marks of secrets. */
export const opened = (value: unknown): unknown =>
    value instanceof Secret ? opened(value.value) : withParts(value, opened);

/** A list or a map with each of its parts changed. */
export function withParts(value: unknown, change: (part: unknown) => unknown): unknown {
    if (Array.isArray(value)) return value.map(change);
    if (!isMap(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([field, part]) => [field, change(part)]));
}

/**
 * Kind of the object. For a Kubernetes object it is the `kind` in the inputs, for a component of this project its type,
 * otherwise the last word of Pulumi's type.
 */
export function kindOf({ props, type }: Resource): string {
    if (type.startsWith("alpa-auth:")) return type;
    // Other types also have a field `kind`, with another meaning.
    const isObject = type.startsWith("kubernetes:") && typeof props.kind === "string";
    return isObject ? String(props.kind) : type.split(":").pop()!;
}

/** Name of a resource in the program. */
export const nameIn = (urn: string) => urn.split("::").at(-1)!;

/** Project and stack of a resource, for example `alpa-auth/intra`: the owner of objects outside of the cluster. */
export function ownerIn(urn: string): string {
    const [, stack, project] = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(urn) ?? [];
    return `${project}/${stack}`;
}

/** Whether a component of this type is among the parents of a resource. */
export function isInside({ urn }: Pick<Resource, "urn">, component: string): boolean {
    const types = (urn.split("::")[2] ?? "").split("$").slice(0, -1);
    return types.some((type) => type.endsWith(`:${component}`));
}
