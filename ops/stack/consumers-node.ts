/** Nodes of the list of consumers in a YAML file, for edits that change nothing else in the file. */
import { isAlias, isMap, isScalar, isSeq, visit, type Document, type Node, type YAMLMap, type YAMLSeq } from "yaml";
import { UsageError } from "../errors";
import { placesOf, PROJECT, valuesOf } from "./stack-file";

/** The node of the list, for editing; undefined if there is none. */
export function consumersNode(document: Document): YAMLSeq | undefined {
    const nodes = valuesOf(document);
    if (nodes.length > 1)
        throw new UsageError([
            `consumers: must be set only once (got ${PROJECT}:consumers and consumers). Merge them.`,
        ]);
    const [node] = nodes;
    if (node === undefined || isSeq(node)) return node;
    // The value may contain callers, for example if it is an alias. A new list would replace it and revoke them.
    throw new UsageError([
        `consumers: must be a list in the stack file (it is ${isAlias(node) ? "an alias" : isScalar(node) ? "a string" : "a mapping"}). Write a list.`,
    ]);
}

export function newList(document: Document): YAMLSeq {
    const list = document.createNode([]) as YAMLSeq;
    const none = document.get("config", true);
    // `config:` without a value becomes a mapping, which keeps its comment.
    if (isScalar(none)) document.set("config", Object.assign(document.createNode({}), { commentBefore: none.comment }));
    document.setIn(placesOf(document, "consumers")[0], list);
    return list;
}

export function find(list: YAMLSeq, key: string, value: string): YAMLMap | undefined {
    return list.items.filter(isMap).find((item) => String(item.get(key)) === value);
}

export function credentialNode(document: Document, consumer: string, id: string): YAMLMap {
    const all = consumersNode(document)!;
    const owner = find(all, "name", consumer);
    const list = owner?.get("credentials", true) as unknown;
    const who = `${consumer}/${id}`;
    const entry = writtenOut(isSeq(list) ? find(list, "id", id) : undefined, who);
    namedNowhereElse(document, who, all, owner!, list as YAMLSeq, ...within(entry));
    return entry;
}

/** The entry of a consumer, for editing. @param more returns other nodes of the entry that the edit changes */
export function consumerNode(document: Document, name: string, more: (entry: YAMLMap) => Node[]): YAMLMap {
    const list = consumersNode(document);
    const entry = writtenOut(list && find(list, "name", name), name);
    namedNowhereElse(document, name, list!, entry, ...more(entry));
    return entry;
}

/** Rejects an entry that is an alias, since an edit would change all its uses. */
function writtenOut(node: YAMLMap | undefined, what: string): YAMLMap {
    if (node) return node;
    throw notWrittenOut(what);
}

export function notWrittenOut(what: string): UsageError {
    return new UsageError([`${what}: must not be a YAML alias in the stack file. Write the entry itself.`]);
}

/** Rejects nodes with aliases: an edit would change the aliases too, or delete their anchor. */
export function namedNowhereElse(document: Document, what: string, ...nodes: Node[]): void {
    const named = new Set<string>();
    visit(document, { Alias: (_, { source }) => void named.add(source) });
    const anchor = nodes.map((node) => (node as { anchor?: string }).anchor).find((name) => named.has(name ?? ""));
    if (anchor === undefined) return;
    throw new UsageError([
        `${what}: must not be used elsewhere in the stack file (alias *${anchor} repeats the entry or a part of the entry). Replace the alias by its value.`,
    ]);
}

/** A node with all nodes below it. */
export function within(node: Node): Node[] {
    const all: Node[] = [];
    visit(node, { Node: (_, one) => void all.push(one) });
    return all;
}
