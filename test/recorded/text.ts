/** Writes and reads recorded previews as YAML. The order of keys in the previews does not change the text. */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { Document, isCollection, isPair, isScalar, parse, visit } from "yaml";
import { mapped, type Stored } from "./file";

/**
 * LINE: a longer value is not written on one line. SHARED: a shorter repeated part is written each time. Both in
 * characters.
 */
const [LINE, SHARED] = [120, 160];

/** Writes repeated parts of resources only once, with a YAML anchor. The name of the anchor is a digest of the part. */
export function textOf({ resources, cases, ...file }: Stored): string {
    const known = new Map<string, unknown>();
    const shared = { resources: interned(resources, known, true), cases: interned(cases, known, false) };
    const document = new Document({ ...file, ...shared });
    document.commentBefore = " Written by npm run record. The keys are described in file.ts.";
    layOut(document.contents);
    const names = new Map<string, string>();
    visit(document, {
        Collection: (_, node) => {
            if (node.anchor === undefined) return;
            const digest = createHash("sha256").update(JSON.stringify(node.toJS(document)));
            names.set(node.anchor, `same-${digest.digest("hex").slice(0, 6)}`);
        },
    });
    visit(document, {
        Alias: (_, node) => void (node.source = names.get(node.source)!),
        Collection: (_, node) => void (node.anchor &&= names.get(node.anchor)),
    });
    return document.toString({ lineWidth: 0, indentSeq: false });
}

/** @param where name of the file in errors */
export function fileOf(text: string, where: string): Stored {
    const value: unknown = parse(text, { maxAliasCount: -1 });
    // The copy has a separate object for each alias. In `value`, all aliases of an anchor are the same object.
    const { stack, made, before, resources, cases, ...unknown } = JSON.parse(JSON.stringify(value)) as Stored;
    assert.deepEqual(unknown, {}, `${where}: must have known keys only`);
    return { stack, made, before, resources, cases };
}

/**
 * Replaces equal long parts by the same object, which YAML then writes only once.
 * @param known the parts found so far, by their JSON
 * @param grow whether to add long parts of this value to `known`
 */
function interned(value: unknown, known: Map<string, unknown>, grow: boolean): unknown {
    if (typeof value !== "object" || value === null) return value;
    const text = JSON.stringify(value);
    if (known.has(text)) return known.get(text);
    const copy = mapped(value, (part) => interned(part, known, grow));
    if (grow && text.length >= SHARED) known.set(text, copy);
    return copy;
}

/** Puts short collections on one line, and multi-line texts into blocks. @returns the length on one line */
function layOut(node: unknown): number {
    if (isPair(node)) return layOut(node.key) + layOut(node.value);
    if (isScalar(node)) {
        const lines = typeof node.value === "string" && node.value.includes("\n");
        if (lines) node.type = "BLOCK_LITERAL";
        return lines ? Infinity : JSON.stringify(node.value).length;
    }
    if (!isCollection(node)) return Infinity;
    const length = node.items.map((item) => layOut(item) + 2).reduce((all, one) => all + one, 0);
    node.flow = length <= LINE;
    return length;
}
