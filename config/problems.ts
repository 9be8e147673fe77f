import { distance } from "fastest-levenshtein";
import * as z from "zod";

/** Where a misplaced kubeconfig or key would be: its text is never repeated. */
const HOLDS_SECRETS = /^(cluster(\.kubeconfig)?|consumers(\[\d+\](\.credentials(\[\d+\](\.(key|publicKey))?)?)?)?)$/;

/** ` (got …)`, for values short and harmless enough to show. */
export function got(input: unknown): string {
    return input === undefined || typeof input === "object" ? "" : ` (got ${JSON.stringify(input)})`;
}

/**
 * One schema issue as the texts an operator reads: `where: what must hold (got). What to do.`
 * @param schema the schema that found it, for "did you mean"
 * @param owners keys of other designs, with whose they are
 */
export function explain(
    issue: z.core.$ZodIssue,
    values: Record<string, unknown>,
    schema: z.core.$ZodType,
    owners: Record<string, string>,
): string[] {
    const where = pathText(issue.path);
    if (issue.code === "unrecognized_keys")
        return issue.keys.map((key) => {
            const full = where ? `${where}.${key}` : key;
            const owner = owners[full];
            if (owner) return `${full}: belongs to ${owner}, not to this stack's option. Remove it.`;
            return `${full}: is not a known key.${didYouMean(key, keysAt(schema, issue.path)) || " Remove it."}`;
        });
    const input = at(values, issue.path);
    const quoted = HOLDS_SECRETS.test(where) ? "" : got(input);
    if (input === undefined && (issue.code === "invalid_type" || issue.code === "invalid_value"))
        return [
            `${where}: required.${where === "alpa" ? " Set alpa.endpoints to host:port of the Alpa service." : ""}`,
        ];
    if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input"))
        return [
            `${where}: must be ${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}${quoted}. Correct it.`,
        ];
    if (issue.code === "invalid_value" && issue.message.startsWith("Invalid"))
        return [
            `${where}: must be one of ${issue.values.join(", ")}${got(input)}.${didYouMean(String(input), issue.values.map(String))}`,
        ];
    return [`${where}: ${issue.message.replace(/\.$/, "")}.`];
}

export function didYouMean(word: string, known: string[]): string {
    const best = known
        .map((k) => ({ k, d: distance(word.toLowerCase(), k.toLowerCase()) }))
        .sort((a, b) => a.d - b.d)[0];
    return best && best.d <= Math.max(2, Math.ceil(word.length / 3)) ? ` Did you mean ${best.k}?` : "";
}

function pathText(path: PropertyKey[]): string {
    return path
        .map((p) => (typeof p === "number" ? `[${p}]` : `.${String(p)}`))
        .join("")
        .replace(/^\./, "");
}

function at(value: unknown, path: PropertyKey[]): unknown {
    return path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

/** Keys the schema knows at a path, for suggestions. */
function keysAt(schema: z.core.$ZodType, path: PropertyKey[]): string[] {
    let here: z.core.$ZodType = schema;
    for (const step of path) {
        here = unwrap(here);
        if (here instanceof z.ZodObject) here = here.shape[step as string] ?? here;
        else if (here instanceof z.ZodArray) here = here.element;
    }
    here = unwrap(here);
    return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

/** The schema below `optional`, `default` and `prefault`. */
export function unwrap(type: z.core.$ZodType): z.core.$ZodType {
    while (type instanceof z.ZodOptional || type instanceof z.ZodDefault || type instanceof z.ZodPrefault)
        type = type.unwrap();
    return type;
}
