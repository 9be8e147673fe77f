/** A stack's resources as text for review: all of them, or the difference from other stacks. */
import { structuredPatch } from "diff";
import { Document, visit } from "yaml";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import { asked, inputsOf, type Seen } from "../kit";

/** Generated keys, and waits with the kubeconfig of a run, are not objects to review. */
const HIDDEN = /GatewayServes|SecretVersions|pulumi:providers|random:|^alpa-auth:/;
/** Labels and annotations of every object. */
const COMMON = ["app.kubernetes.io/managed-by", OWNER_ANNOTATION, "pulumi.com/patchFieldManager"];
/** Fields that say which object it is. */
const FIRST = ["apiVersion", "kind", "metadata", "name", "namespace"];

/** What is shown of each resource, by kind and name, in this order. */
export type Shown = Map<string, object>;

/** @param waits also shows what a run waits for */
export function shown(seen: Seen[], waits = false): Shown {
    const found = seen.filter((r) => r.custom && !HIDDEN.test(r.type) && (waits || !r.type.endsWith("Awaited")));
    const pages = found.map((r): [string, object] => [`${kindOf(r)} ${r.name}`, reviewed(r)]);
    return new Map(pages.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const kindOf = (r: Seen): string => r.inputs.kind ?? r.type.split(":").pop();

function reviewed(resource: Seen): object {
    const { metadata, connection, __provider, kubeconfig: _k, clusterUid: _c, ...rest } = inputsOf(resource);
    const { labels, annotations, ...named } = metadata ?? {};
    const more = { ...own("labels", labels), ...own("annotations", annotations) };
    const { deleteTimeout } = asked(resource);
    return {
        ...(deleteTimeout === "" ? {} : { "(deleted within)": deleteTimeout }),
        ...(connection === undefined ? {} : { "(host)": connection.host }),
        ...(metadata === undefined ? {} : { metadata: { ...named, ...more } }),
        ...rest,
    };
}

/** Labels or annotations other than those that every object has. */
function own(field: string, values: Record<string, string> = {}): object {
    const entries = Object.entries(values).filter(([key]) => !COMMON.includes(key));
    return entries.length === 0 ? {} : { [field]: Object.fromEntries(entries) };
}

/**
 * Each resource of `after` that no stack of `before` has: as a difference from the resource of the same name in the first
 * stack that has one, or whole if that is shorter. Also the names that are only in the first stack.
 * @param like names of new resources that nearly equal another resource, with the name of that resource
 */
export function difference(after: Shown, before: Shown[], like: Record<string, string> = {}): string {
    const gone = [...(before[0]?.keys() ?? [])].filter((name) => !after.has(name));
    const texts = [...after].map(([name, object]) => {
        const known = [name, like[name]].flatMap((key) => before.flatMap((stack) => stack.get(key) ?? []));
        const text = textOf(object);
        if (known.some((one) => textOf(one) === text)) return "";
        const title = name in like ? `${name} (new) from ${like[name]}` : name;
        const ways = [whole(name, object), ...known.slice(0, 1).map((one) => changes(title, textOf(one), text))];
        return ways.reduce((short, way) => (way.length < short.length ? way : short));
    });
    return [...gone.map((name) => `# --- not here: ${name}\n`), ...texts].join("");
}

/** A whole resource. Equal large parts are written once: `*a1` repeats what `&a1` marks. */
function whole(name: string, object: object): string {
    return `---\n# ${name}\n${textOf(readable(object, new Map()), true)}`;
}

/** The lines that differ, with one more around them, as comments. Of many removed lines, the first. */
function changes(name: string, before: string, after: string): string {
    const { hunks } = structuredPatch("", "", before, after, "", "", { context: 1 });
    const texts = hunks.map((hunk) => hunk.lines.map((line) => `# ${line}\n`).join(""));
    const short = texts.map((text) =>
        text.replace(/(?:^# -.*\n){4,}/gm, (removed) => {
            const lines = removed.split("\n");
            return `${lines[0]}\n# -   … and ${lines.length - 2} more lines\n`;
        }),
    );
    return `# --- differs: ${name}\n${short.join("#   …\n")}`;
}

/** Small maps and lists are on one line. The digest of a route's rules is left out: it changes with each rule. */
function textOf(object: unknown, aliasDuplicateObjects = false): string {
    const document = new Document(object, { aliasDuplicateObjects });
    visit(document, {
        Collection: (_, node) => {
            node.flow = node.toString().length <= 105;
        },
    });
    const text = document.toString({ lineWidth: 0 });
    return text.replace(/(X-Alpa-Auth-Revision: |revision: )"?[0-9a-f]{12}"?/g, "$1(digest)");
}

/** Puts identifying keys first. Equal large parts become the same object, so that YAML writes this object once. */
function readable(node: unknown, known: Map<string, unknown>): unknown {
    if (Array.isArray(node)) return node.map((item) => readable(item, known));
    if (typeof node !== "object" || node === null) return node;
    const text = JSON.stringify(node);
    if (known.has(text)) return known.get(text);
    const first = FIRST.filter((key) => key in node);
    const rest = Object.keys(node).filter((key) => !first.includes(key));
    const map = Object.fromEntries([...first, ...rest].map((key) => [key, readable((node as any)[key], known)]));
    if (text.length > 120) known.set(text, map);
    return map;
}
