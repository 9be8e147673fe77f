import { isAlias, isNode, isScalar, parseDocument, visit, type Node } from "yaml";

const MASK = '"(plain text, not shown)"';
/**
 * Matches config keys with secret values, by the last part of the key: without `--path`, Pulumi stores a whole path as one
 * key.
 */
const KEY = /(^|\W)(key|privateKey|sudoPassword|kubeconfig|apiToken)$/;
/** Matches a key in a list that is stored as JSON text, and a private key in any text. */
const KEY_INSIDE = /["']?\bkey["']?\s*:|PRIVATE KEY/;

/**
 * Hides every plain-text key in a stack file. The config check rejects a file with such a key, but its lines are printed
 * before the check, to a terminal or to the log of a pipeline.
 */
export function maskKeys(text: string): string {
    const document = parseDocument(text);
    const hidden = new Map<number, number>();
    const hide = (node: unknown) => {
        const found = isAlias(node) ? node.resolve(document) : node;
        // Hides only scalars: an encrypted value is the mapping `{ secure: … }`, which may be shown.
        if (isScalar(found) && isNode(found) && found.range) hidden.set(...placeOf(text, found));
    };
    visit(document, {
        Pair: (_, { key, value }) => {
            if (isScalar(key) && KEY.test(String(key.value))) hide(value);
        },
        Scalar: (_, scalar) => {
            if (typeof scalar.value === "string" && KEY_INSIDE.test(scalar.value)) hide(scalar);
        },
    });
    // Replaces from the end, so that earlier offsets stay valid.
    return [...hidden]
        .sort(([a], [b]) => b - a)
        .reduce((masked, [from, to]) => masked.slice(0, from) + MASK + masked.slice(to), text);
}

/** Offsets of a value, without the line break at the end of a block. */
function placeOf(text: string, { range }: Node): [from: number, to: number] {
    const [from, end] = range!;
    return [from, from + text.slice(from, end).trimEnd().length];
}
