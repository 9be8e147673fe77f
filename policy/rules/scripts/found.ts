/** The scripts of a resource, with their parameters apart from the text. */
import { createHash } from "node:crypto";
import { execsOf, containersOf, podsOf } from "../../resources/pods";
import { kindOf, type Resource } from "../../resources/resource";
import { pluginsIn } from "../../resources/routes";
import { at, eachText, isUnknown, list, map, textOf, UNKNOWN } from "../../resources/values";
import { settingsFile } from "../settings";

export interface Script {
    /** Path of the script in the resource, for messages. */
    where: string;
    text: unknown;
    /**
     * - `script`: its digest must be in the list.
     * - `value`: the same, without its parameters; or it is a value of the stack's config.
     * - `program`: the program and the names of its options, as text.
     */
    kind: "script" | "value" | "program";
}

/** Digest of a script. */
export function digestOf({ text, kind }: Script): string {
    const counted = kind === "value" ? withoutParameters(String(text)) : String(text);
    return createHash("sha256").update(counted).digest("hex").slice(0, 32);
}

/** A script whose parameters are in its text: numbers, quoted names and paths, addresses and names in lists. */
function withoutParameters(text: string): string {
    return (
        text
            .trim()
            // A network with a prefix below 8 is as good as all addresses.
            .replace(/^ *elements = (?!.*\/[0-7]\b).*\n/gm, "")
            .replace(/(?<=https:\/\/)[\w-]+(?=\.cloudflareaccess\.com\/)/g, "")
            .replace(/^ *- [\w.:-]+\n/gm, "")
            .replace(/(?<=CLUSTER_CIDR: ).*/g, "")
            .replace(/\b(model|unit)='(?:[^'\n]|'\\'')*'/g, "$1=''")
            .replace(/'\/[\w./-]*'/g, "'/'")
            .replace(/(?<=--(model|path) )[\w./:-]+/g, "")
            .replace(/\b[0-9a-f]{16}\b/g, "0")
            .replace(/(?<![\w.]|exit |return )\d+(, \d+|-\d+)*(?=s?\b)(?!\.\d)/g, "0")
    );
}

export function scriptsOf(resource: Resource): Script[] {
    const { type, props } = resource;
    if (type.startsWith("command:")) return onHost(props.stdin, "stdin");
    if (kindOf(resource) === "WorkersScript") return worker(props);
    return [...lua(resource), ...inPods(resource), ...snippets(resource)];
}

/** Functions of plugins. The phase of a function counts as a part of it. */
function lua(resource: Resource): Script[] {
    return pluginsIn(resource).flatMap(({ where, config }) => {
        const { functions, phase, _meta: meta } = config;
        const found = list(functions).map((text, i) => ({
            where: `${where}.config.functions[${i}]`,
            text: isUnknown(phase) ? UNKNOWN : typeof text === "string" ? `${textOf(phase)}\n${text}` : text,
            kind: "script" as const,
        }));
        const { pre_function: text } = map(meta);
        return text === undefined
            ? found
            : [...found, { where: `${where}.config._meta.pre_function`, text, kind: "script" as const }];
    });
}

/** The text of a Worker after its settings, which are JSON. */
function worker({ content, ...props }: Record<string, unknown>): Script[] {
    const [all, settings, text] = /^const SETTINGS = ([^\n]*);\n\n([\s\S]*)$/.exec(textOf(content)) ?? [];
    const others = Object.keys(props).filter((field) => !WORKER_FIELDS.includes(field));
    return [
        ...others.map((where) => ({ where, text: undefined, kind: "script" as const })),
        { where: "content", text: all !== undefined && isJson(settings) ? text : content, kind: "script" },
    ];
}
const WORKER_FIELDS = ["accountId", "scriptName", "mainModule", "compatibilityDate"];

function isJson(text: string): boolean {
    try {
        return typeof JSON.parse(text) === "object";
    } catch {
        return false;
    }
}

/** Variables of a script on a host: a name and a quoted text. */
const VARIABLE = /^([a-z_]+)='((?:[^']|'\\'')*)'\n/;
/** Variables with commands that an operator chooses. */
const COMMANDS = ["start_command", "stop_command"];
/** A value that is neither a URL nor has shell syntax. */
const DATA = /^(?!.*:\/\/)[\w.:/@,=+ -]*$/;

/** A script that sh reads, which begins with its variables. A variable can be a script itself. */
function onHost(text: unknown, where: string): Script[] {
    if (typeof text !== "string") return [{ where, text, kind: "script" }];
    const found: Script[] = [];
    let rest = text;
    for (let next = VARIABLE.exec(rest); next !== null; next = VARIABLE.exec(rest)) {
        const [all, name, quoted] = next;
        rest = rest.slice(all.length);
        const value = quoted.replaceAll("'\\''", "'");
        if (name === "as_root") found.push(...onHost(value, where));
        else if (value !== "" && (COMMANDS.includes(name) || !DATA.test(value)))
            found.push({ where: `${where}: ${name}`, text: value, kind: "value" });
    }
    return [...found, { where, text: rest, kind: "script" }];
}

function inPods(resource: Resource): Script[] {
    return podsOf(resource).flatMap(({ spec, where }) =>
        containersOf(spec, where).flatMap(({ container, where: place }) => [
            ...execsOf(container).flatMap((words) => inWords(words, place)),
            ...list(container.env).flatMap((variable, i): Script[] => {
                const value = at(variable, "value");
                return typeof value === "string" && /\s/.test(value)
                    ? [{ where: `${place}.env[${i}].value`, text: value, kind: "value" }]
                    : [];
            }),
        ]),
    );
}

/** The script of a shell or Python after `-c`; for another program, its name and the names of its options. */
function inWords(words: unknown[], where: string): Script[] {
    if (words.some(isUnknown)) return [];
    const texts = words.map(String);
    const at = texts.indexOf("-c");
    if (at >= 0)
        return texts
            .slice(at + 1)
            .filter((text) => text !== "--")
            .map((text) => ({ where, text, kind: "value" }));
    const options = texts.slice(1).filter((text) => text.startsWith("-"));
    const text = [texts[0], ...options.map((option) => option.split("=")[0])].join(" ");
    return [{ where, text, kind: "program" }];
}

/** Parts of nginx's configuration in the settings file of APISIX. */
function snippets(resource: Resource): Script[] {
    const found: Script[] = [];
    eachText(settingsFile(resource) ?? {}, (text, path) => {
        if (/(_snippet|_format)$/.test(path)) found.push({ where: `data: ${path}`, text, kind: "script" });
    });
    return found;
}
