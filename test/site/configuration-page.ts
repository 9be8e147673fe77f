import { stringify } from "yaml";
import * as z from "zod";
import { DEFINITIONS, type Option, OPTIONS } from "../../config/options";
import { secretCommand } from "../../config/problems";
import { keysBelow, secrecy, unwrap, type KeyMeta } from "../../config/schema";

/** One key of an option on its page of the reference. */
interface KeyEntry extends KeyMeta {
    /** Path below the project's prefix; `[]` stands for any entry of a list. */
    path: string;
    type: string;
    /** `required`: the key must be set in every mapping that can have it. */
    need: "required" | "default" | "optional";
    preset?: unknown;
    /** Whether the value is a mapping. Its keys have their own entries. */
    isMapping: boolean;
    schema: z.core.$ZodType;
}

/** Every key of an option, in the order of its schema. A mapping comes before its keys. */
export function keysOf(option: Option): KeyEntry[] {
    return keysBelow(DEFINITIONS[option].schema).map(([path, type]) => entry(type, path));
}

/** A key in the page of the reference: what it is in each option that has it, and the keys below it. */
interface KeySection {
    entries: Map<Option, KeyEntry>;
    below: KeySections;
}
type KeySections = Map<string, KeySection>;

/**
 * The page of the reference with the keys of all options, as Markdown.
 * @param project name of the Pulumi project, the prefix of config keys
 */
export function configurationPage(project: string): string {
    const top: KeySections = new Map();
    for (const option of OPTIONS) for (const key of keysOf(option)) sectionOf(key.path, top).entries.set(option, key);
    return [
        "# Configuration keys",
        `Every key, with the options that have it. In \`Pulumi.<stack>.yaml\` a key has the prefix \`${project}:\`. [How to set keys](configuration.md) explains paths, secrets and rules between keys. In headings, \`[]\` stands for an entry of a list.`,
        "<!-- Generated from the schema in config/ -->",
        ...sections(top),
        "",
    ].join("\n\n");
}

/** The section of a key. If the page does not have it yet, it comes after those of the other keys of the same mapping. */
function sectionOf(path: string, top: KeySections): KeySection {
    let section: KeySection = { entries: new Map(), below: top };
    for (const name of path.replaceAll("[]", "").split(".")) {
        if (!section.below.has(name)) section.below.set(name, { entries: new Map(), below: new Map() });
        section = section.below.get(name)!;
    }
    return section;
}

function sections(keys: KeySections): string[] {
    return [...keys.values()].flatMap(({ entries, below }) => [keyText(entries), ...sections(below)]);
}

/** Describes a key once for all options for which the description is the same. */
function keyText(entries: Map<Option, KeyEntry>): string {
    const byText = new Map<string, Option[]>();
    for (const [option, key] of entries) {
        const text = details(key);
        byText.set(text, [...(byText.get(text) ?? []), option]);
    }
    const [{ path }] = entries.values();
    const heading = `${path.includes(".") ? "###" : "##"} \`${path}\``;
    const texts = [...byText].map(([text, options]) => `**${options.join(", ")}**: ${text}`);
    return [heading, ...texts].join("\n\n");
}

/** Example command that sets a secret key, with the first entry of each list. */
export function commandFor({ path, schema }: KeyEntry): string | undefined {
    const { secret: file } = secrecy(schema);
    if (file === undefined) return undefined;
    return secretCommand(path.replaceAll("[]", "[0]"), file);
}

function details(entry: KeyEntry): string {
    const { type, description } = entry;
    const lines = [`- Type: ${type}`, `- ${need(entry)}`];
    const example = exampleOf(entry);
    if (example !== undefined) lines.push(`- Example: \`${example}\``);
    return `${description}\n\n${lines.join("\n")}`;
}

function need({ need, preset, unset, reason, isMapping }: KeyEntry): string {
    if (need === "required") return "Required";
    const why = reason === undefined ? "" : `. ${reason}`;
    if (need === "default") return `Default: \`${flow(preset)}\`${why}`;
    return `Default: ${unset ?? (isMapping ? "the defaults of its keys" : "not set")}${why}`;
}

function exampleOf(entry: KeyEntry): string | undefined {
    const name = entry.path.split(".").pop()!.replace("[]", "");
    const value = sample(entry);
    return commandFor(entry) ?? (value === undefined ? undefined : `${name}: ${flow(value)}`);
}

/** A valid value of the key: its first example, its default or its first choice. Undefined for a mapping without an example. */
export function sample({ examples, preset, schema, isMapping }: KeyEntry): unknown {
    const inner = unwrap(schema);
    if (examples !== undefined || isMapping) return examples?.[0];
    return preset ?? (inner instanceof z.ZodEnum ? inner.options[0] : undefined);
}

function flow(value: unknown): string {
    return stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trim();
}

function entry(schema: z.core.$ZodType, path: string): KeyEntry {
    const inner = unwrap(schema);
    const item = inner instanceof z.ZodArray ? unwrap(inner.element) : inner;
    return { path, schema, isMapping: item instanceof z.ZodObject, type: typeName(inner), ...layers(schema) };
}

/** Metadata of all layers of a schema; the outermost layer takes precedence. */
function layers(schema: z.core.$ZodType): KeyMeta & Pick<KeyEntry, "need" | "preset"> {
    let found: KeyMeta & Pick<KeyEntry, "need" | "preset"> = { need: "required" };
    for (let layer = schema as z.ZodType; ; layer = (layer as z.ZodOptional<z.ZodType>).unwrap()) {
        const { description, examples, unset, reason } = (layer.meta() ?? {}) as KeyMeta;
        found = {
            ...Object.fromEntries(
                Object.entries({ description, examples, unset, reason }).filter(([, value]) => value !== undefined),
            ),
            ...found,
        };
        if (found.need === "required" && layer instanceof z.ZodDefault)
            found = { ...found, need: "default", preset: layer.def.defaultValue };
        else if (found.need === "required" && (layer instanceof z.ZodOptional || layer instanceof z.ZodPrefault))
            found = { ...found, need: "optional" };
        if (unwrap(layer) === layer) return found;
    }
}

function typeName(type: z.core.$ZodType, count: "one" | "many" = "one"): string {
    const s = count === "many" ? "s" : "";
    if (type instanceof z.ZodArray) return `list of ${typeName(unwrap(type.element), "many")}`;
    if (type instanceof z.ZodObject) return `mapping${s}`;
    if (type instanceof z.ZodRecord) return `mapping${s} of ${typeName(type.valueType, "many")}`;
    if (type instanceof z.ZodEnum) return type.options.map((option) => `\`${option}\``).join(", ");
    if (type instanceof z.ZodLiteral) return [...type.values].map((value) => `\`${value}\``).join(", ");
    if (type instanceof z.ZodNumber) return `number${s}`;
    if (type instanceof z.ZodBoolean) return "`true`, `false`";
    if (type instanceof z.ZodEmail) return `mail address${count === "many" ? "es" : ""}`;
    if (type instanceof z.ZodURL) return `URL${s}`;
    if (type instanceof z.ZodString) return `string${s}`;
    throw new Error(`test/site/configuration-page.ts has no name for ${type._zod.def.type}`);
}
