/** The scripts of a resource, with their parameters apart from the text. */
import { createHash } from "node:crypto";
import { pluginsIn } from "../../resources/plugins";
import { containersOf } from "../../resources/pods";
import { kindOf, type Resource } from "../../resources/resource";
import { allAt, at, jsonIn, list, map, textOf, textsIn, UNKNOWN, type Tree } from "../../resources/values";
import { settingsFile } from "../settings";

export interface Script {
    /** Path of the script in the resource, for messages. */
    where: string;
    text: string;
    /**
     * - `script`: its digest must be in the list.
     * - `value`: the same, without its parameters; or it is a value of the stack's config.
     * - `program`: the program and the names of its options, as text.
     */
    kind: "script" | "value" | "program";
}

/** Digest of a script. */
export function digestOf({ text, kind }: Script): string {
    const counted = kind === "value" ? withoutParameters(text) : text;
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

export function* scriptsOf(resource: Resource): Generator<Script> {
    const { type, props } = resource;
    if (type.startsWith("command:")) yield* onHost(textOf(props.stdin), "stdin");
    if (kindOf(resource) === "WorkersScript")
        yield { where: "content", text: codeOf(textOf(props.content)), kind: "script" };
    for (const { place, config } of pluginsIn(resource)) {
        const { functions, phase, _meta: meta } = config;
        // The phase of a function counts as a part of it.
        for (const [i, text] of phase === UNKNOWN ? [] : list(functions).entries())
            yield { where: `${place}.functions[${i}]`, text: `${textOf(phase)}\n${textOf(text)}`, kind: "script" };
        const { pre_function: text } = map(meta);
        if (text !== undefined) yield { where: `${place}._meta.pre_function`, text: textOf(text), kind: "script" };
    }
    for (const { container, where } of containersOf(resource)) yield* inContainer(container, where);
    // Parts of nginx's configuration.
    for (const [path, text] of textsIn(settingsFile(resource) ?? {}))
        if (/(_snippet|_format)$/.test(path)) yield { where: `data: ${path}`, text, kind: "script" };
}

/** The text of a Worker after its settings, which are JSON. */
function codeOf(content: string): string {
    const [, settings, code] = /^const SETTINGS = ([^\n]*);\n\n(.*)$/s.exec(content) ?? [];
    return jsonIn(settings) === undefined ? content : code;
}

/** Variables of a script on a host: a name and a quoted text. */
const VARIABLE = /^([a-z_]+)='((?:[^']|'\\'')*)'\n/;
/** Variables with commands that an operator chooses. */
const COMMANDS = ["start_command", "stop_command"];
/** A value that is neither a URL nor has shell syntax. */
const DATA = /^(?!.*:\/\/)[\w.:/@,=+ -]*$/;

/** A script that sh reads, which begins with its variables. A variable can be a script itself. */
function* onHost(text: string, where: string): Generator<Script> {
    let rest = text;
    for (let next = VARIABLE.exec(rest); next !== null; next = VARIABLE.exec(rest)) {
        const [all, name, quoted] = next;
        rest = rest.slice(all.length);
        const value = quoted.replaceAll("'\\''", "'");
        if (name === "as_root") yield* onHost(value, where);
        else if (value !== "" && (COMMANDS.includes(name) || !DATA.test(value)))
            yield { where: `${where}: ${name}`, text: value, kind: "value" };
    }
    yield { where, text: rest, kind: "script" };
}

const EXECS = ["readinessProbe", "livenessProbe", "startupProbe", "lifecycle.preStop", "lifecycle.postStart"];

/** Everything that a container runs: its command with its arguments, its probes and hooks, and variables with several words. */
function* inContainer(container: Tree, where: string): Generator<Script> {
    const execs = EXECS.map((field) => list(at(container, `${field}.exec.command`)));
    for (const words of [[...list(container.command), ...list(container.args)], ...execs]) {
        if (words.length === 0) continue;
        const [program, ...rest] = words.map(String);
        const code = rest.indexOf("-c");
        const options = rest.filter((word) => word.startsWith("-")).map((word) => word.split("=")[0]);
        if (code < 0) yield { where, text: [program, ...options].join(" "), kind: "program" };
        else
            for (const text of rest.slice(code + 1).filter((one) => one !== "--")) yield { where, text, kind: "value" };
    }
    for (const [path, value] of allAt(container, "env[].value"))
        if (/\s/.test(textOf(value))) yield { where: `${where}.${path}`, text: textOf(value), kind: "value" };
}
