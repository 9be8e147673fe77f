import { isAlias, isNode, isScalar, parseDocument, visit, type Node } from "yaml";

const MASK = '"(plain text, not shown)"';
/** Names of keys with secrets, also at the end of a path that was set as one name, without `--path`. */
const KEY = /(^|\W)(key|privateKey|sudoPassword|kubeconfig|apiToken)$/;
/** Keys in a list that is stored as JSON text, and private keys anywhere. */
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
        // `{ secure: … }` is a mapping, and its content is encrypted.
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
