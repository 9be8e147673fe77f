/** Reads and edits the YAML of a stack file, or of a callers file. */
import { isAlias, isCollection, isMap, isScalar, parseDocument, stringify, visit, YAMLMap } from "yaml";
import type { Document, Node } from "yaml";
import { PROJECT } from "../../config/stack-file";
import { UsageError } from "../errors";

/** @throws UsageError if the text is no such file; the error does not quote it, since it may contain secrets */
export function parseYaml(text: string, schema: "core" | "failsafe" = "core"): Document {
    const document = parseDocument(text, { schema, merge: schema === "core" });
    const [error] = document.errors;
    if (error !== undefined) {
        const line = error.linePos?.[0].line ?? "unknown";
        throw new UsageError([`the stack file: must be YAML (${error.code}, line ${line}). Correct this line.`]);
    }
    const config = document.get("config", true);
    if (!(document.contents === null || isMap(document.contents)) || !(config === undefined || isMap(config)))
        throw new UsageError([
            "the stack file: must be a mapping with the key config, whose value must be a mapping, not an alias. Write the keys below config.",
        ]);
    try {
        document.toJS(); // The library checks the aliases, and their number, only when it reads their values.
    } catch {
        throw new UsageError([
            "the stack file: must have each anchor before its aliases, and only a few aliases. Replace the aliases by their values.",
        ]);
    }
    return document;
}

/** Edits the config, or a callers file. Comments, the order, and how each value is written stay; only spaces may change. */
export function editYaml(text: string, edit: (config: YAMLMap) => void): string {
    // With this schema each value is its source text, so that no number or date is written in another form.
    const document = parseYaml(text, "failsafe");
    if (configIn(document) === undefined) document.set("config", new YAMLMap());
    edit(configIn(document) as YAMLMap);
    return document.toString({ lineWidth: 0, indent: /^ +(?=\S)/m.exec(text)?.[0].length ?? 4 });
}

/** The config of a stack file, or the content of a callers file. */
export function configIn(document: Document): unknown {
    const isCallersFile = document.has("consumers") && !document.has("config");
    return isCallersFile ? document.contents : document.get("config");
}

/**
 * Name of a key that an edit changes: Pulumi also accepts it without the project's name.
 * @param isDeep whether the edit changes values anywhere below the key. Default: only the key's own mapping or text
 * @throws UsageError if the edit could change another value too
 */
export function editableKey(config: YAMLMap, key: string, { isDeep } = { isDeep: false }): string {
    const names = [`${PROJECT}:${key}`, key].filter((name) => config.has(name));
    if (names.length > 1)
        throw new UsageError([`${key}: must be set only once (got ${names.join(" and ")}). Merge them.`]);
    const [name = `${PROJECT}:${key}`] = names;
    visit((config.get(name, true) as Node | undefined) ?? null, {
        Node: (_, node) => {
            const shared = isAlias(node) ? `*${node.source}` : node.anchor && `&${node.anchor}`;
            if (!shared) return isDeep ? undefined : visit.SKIP;
            throw new UsageError([
                `${key}: must have no anchor or alias (got ${shared}), since an edit of one value could change another. Write the values out.`,
            ]);
        },
    });
    return name;
}

/** Sets values in a mapping and in the mappings below it, and keeps their comments. A value `undefined` removes its key. */
export function assign(map: YAMLMap, values: object): void {
    for (const [key, value] of Object.entries(values) as [string, unknown][]) {
        const before = map.get(key, true) as Node | undefined;
        if (value === undefined) map.delete(key);
        else if (isMap(before) && typeof value === "object") assign(before, value!);
        else map.set(key, Object.assign(nodeOf(value), { comment: before?.comment }));
    }
}

/** The node of a new value. A text that YAML 1.1 reads as another type, for example a date, is in quotes. */
export function nodeOf(value: unknown): Node {
    const text = stringify(value, { compat: "yaml-1.1", lineWidth: 0 });
    const node = parseDocument(text, { schema: "failsafe" }).contents!;
    // A text of several lines needs block style.
    if (isCollection(node)) node.flow = !/: \|$/m.test(text);
    return node;
}

/** A date: Pulumi's YAML parser passes it on as a timestamp. */
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A node's value as Pulumi passes it to the program. @param secrets plain text by ciphertext */
export function asPulumiReads(document: Document, secrets: ReadonlyMap<string, string>): unknown {
    const copy = document.clone();
    visit(copy, {
        Map: (_, map) => {
            const cipher = map.items.length === 1 ? map.get("secure") : undefined;
            if (typeof cipher !== "string") return;
            // The plain text keeps the anchor, because aliases in the file may refer to it: several hosts may share one key.
            return Object.assign(copy.createNode(secrets.get(cipher) ?? cipher), { anchor: map.anchor });
        },
        Scalar: (key, scalar) => {
            if (key === "key" || scalar.type !== "PLAIN" || typeof scalar.value !== "string") return;
            if (isScalar(scalar) && DATE.test(scalar.value)) scalar.value += " 00:00:00 +0000 UTC";
        },
    });
    return copy.toJS();
}
