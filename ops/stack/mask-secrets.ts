import { isAlias, isNode, isScalar, parseDocument, visit, type Node } from "yaml";

const MASK = '"(plain text, not shown)"';
/** Names of keys with secrets; also as the end of a path that was set without `--path`, as one name. */
const KEY = /(^|\W)(key|privateKey|sudoPassword|kubeconfig|apiToken)$/;
/** Keys of a list that is kept as one text, and private keys, wherever they stand. */
const KEY_INSIDE = /["']?\bkey["']?\s*:|PRIVATE KEY/;

/**
 * A stack file in which every plain-text key is hidden. The config check refuses such a file, but its
 * lines are shown before: by then the key would be in a terminal, and in the log of a pipeline.
 */
export function maskKeys(text: string): string {
    const document = parseDocument(text);
    const hidden = new Map<number, number>();
    const hide = (node: unknown) => {
        const found = isAlias(node) ? node.resolve(document) : node;
        // `{ secure: … }` is a mapping, and what is in it is encrypted.
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
    // From the end, so that the places before stay where they are.
    return [...hidden]
        .sort(([a], [b]) => b - a)
        .reduce((masked, [from, to]) => masked.slice(0, from) + MASK + masked.slice(to), text);
}

/** Where a value stands, without the line break that ends a block of several lines. */
function placeOf(text: string, { range }: Node): [from: number, to: number] {
    const [from, end] = range!;
    return [from, from + text.slice(from, end).trimEnd().length];
}
