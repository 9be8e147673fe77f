import { distance } from "fastest-levenshtein";
import * as z from "zod";
import type { Path } from "./cross-check";
import { mayHoldSecret, unwrap } from "./schema";
import { valueAt } from "./unchecked";

const HINTS: Record<string, string> = {
    alpa: "Set alpa.endpoints to host:port of the Alpa service.",
    account: "Run: pulumi config set account <32 digits of the dashboard's address>",
    hostname: "Run: pulumi config set hostname llm.example.com",
    opt: "Set opt.image, model, nodes, rayVersion and weights.",
    "opt.weights": "Set one of claim, hostPath and inImage, the source of the weights.",
    convert: "Set convert.bareMetal: the current hosts of Alpa, and the systemd service that runs it.",
    "convert.bareMetal": "Set hosts, and either unit or commands: a rollback uses them to start Alpa again.",
    "convert.bareMetal.commands.start": "Set the command that starts Alpa: a rollback needs it.",
    openai: "Set openai.endpoints and openai.models.",
    "openai.models": "Name the models that callers may use, as the server has them.",
    ssh: "Set ssh.user, and run: pulumi config set --secret --path ssh.privateKey < id_ed25519",
    "ssh.privateKey": "Run: pulumi config set --secret --path ssh.privateKey < id_ed25519",
    zone: "Set zone.name and zone.plan.",
    tunnel: "Set tunnel.image; with option cloudflare set tunnel.hosts, tunnel.version and tunnel.sha256.",
    teamName: "Run: pulumi config set teamName <part before .cloudflareaccess.com>",
};

export const secretCommand = (path: string, file: string) =>
    `pulumi config set --secret --path ${path.includes("[") ? `'${path}'` : path} < ${file}`;

/** ` (got …)` for a value without secrets; empty if the value is unset, a mapping or a list. */
export function got(input: unknown): string {
    return input === undefined || typeof input === "object" ? "" : ` (got ${JSON.stringify(input)})`;
}

/** Parameters of a rule: its error says what the value must be, what it is, and what to do. */
export const must = (what: string, advice = "") => ({
    error: ({ input }: { input?: unknown }) => `must ${what}${got(input)}.${advice && ` ${advice}.`}`,
});

/** `1 change`, `2 changes`. */
export function counted(n: number, word: string): string {
    return `${n} ${word}${n === 1 ? "" : "s"}`;
}

/**
 * Message for one schema issue, with the texts of {@link wording}: `where: what must hold (got). What to do.`
 * @param schema the schema with the issue, for "did you mean"
 * @param owners keys of other options, each with the names of its options
 * @param textOf text of a path
 */
export function explain(
    issue: z.core.$ZodIssue,
    values: Record<string, unknown>,
    schema: z.core.$ZodType,
    owners: Record<string, string>,
    textOf: (path: Path) => string = pathText,
): string[] {
    const where = textOf(issue.path);
    if (issue.code === "unrecognized_keys")
        return issue.keys.map((key) => {
            const path = [...issue.path, key];
            const full = textOf(path);
            const owner = owners[pathText(path.map((step) => (typeof step === "number" ? "[]" : step)))];
            if (owner) return `${full}: only valid with ${owner}, not with this stack's option. Remove it.`;
            return `${full}: is not a known key.${didYouMean(key, keysAt(schema, issue.path)) || " Remove it."}`;
        });
    if (valueAt(values, issue.path) === undefined && (issue.code === "invalid_type" || issue.code === "invalid_value"))
        return [`${where}: required.${hint(pathText(issue.path))}`];
    return [where === "" ? issue.message : `${where}: ${issue.message}`];
}

/** Message for a value of a wrong type, for a schema without a message of its own. */
export function wording(issue: z.core.$ZodRawIssue): string | undefined {
    const { input } = issue;
    if (issue.code === "invalid_type") {
        const quoted = issue.inst instanceof z.core.$ZodType && mayHoldSecret(issue.inst) ? "" : got(input);
        const kind = issue.expected === "record" ? "object" : issue.expected;
        return `must be ${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}${quoted}.`;
    }
    if (issue.code === "invalid_value")
        return `must be one of ${issue.values.join(", ")}${got(input)}.${didYouMean(String(input), issue.values.map(String)) || " Choose one."}`;
    return undefined;
}

function hint(where: string): string {
    return HINTS[where] === undefined ? "" : ` ${HINTS[where]}`;
}

export function didYouMean(word: string, known: string[]): string {
    const best = known
        .map((k) => ({ k, d: distance(word.toLowerCase(), k.toLowerCase()) }))
        .sort((a, b) => a.d - b.d)[0];
    return best && best.d <= Math.max(2, Math.ceil(word.length / 3)) ? ` Did you mean ${best.k}?` : "";
}

/** `consumers[0].name`. The step `[]` stands for any entry of a list. */
export function pathText(path: Path): string {
    const steps = path.map((step, i) => {
        if (typeof step === "number") return `[${step}]`;
        return i === 0 || step === "[]" ? String(step) : `.${String(step)}`;
    });
    return steps.join("");
}

/** Keys of the schema at a path, for suggestions. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
    let here: z.core.$ZodType = schema;
    for (const step of path) {
        here = unwrap(here);
        if (here instanceof z.ZodObject) here = here.shape[step as string] ?? here;
        else if (here instanceof z.ZodArray) here = here.element;
        else if (here instanceof z.ZodRecord) here = here.valueType;
    }
    here = unwrap(here);
    return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}
