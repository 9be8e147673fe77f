/** Values as a reviewer reads them. A secret is never among them, marked as one or not. */
import { isMap, isUnknown, SECRET, UNKNOWN, type Path } from "./differences";

/** Names under which secrets stand, also where a provider does not mark them. */
const SECRET_NAME =
    /^(stringData|stdin|kubeconfig|environment|adminKey|bcryptHash|key|result)$|^tunnelSecret$|(^|client|[_-])(secret|token)$|passw|passphrase|(private|secret)_?key|api_?(key|token)$|last-applied-configuration$/i;
/** What is a secret wherever it stands: keys in PEM, of a list that is one text, signed tokens, a name and password in an address. */
const SECRET_TEXT = /PRIVATE KEY|["'](key|stringData)["']\s*:|\beyJ[\w-]+\.[\w-]+\.[\w-]*|:\/\/[^/\s:@]*:[^/\s@]+@/;
/** The same as a part of a sentence. */
const IN_SENTENCE = /\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=:\/\/)[^/\s:@]*:[^/\s@]+(?=@)/g;
const UNTIL_APPLIED = "(known when applied)";
/** Of a single value in any output. */
const LONGEST = 300;

/** @param path where it stands. @returns undefined for what is not there */
export function shown(value: unknown, path: Path = []): string | undefined {
    if (value === undefined) return undefined;
    const text = isInSecret(path) && !isMap(value) ? SECRET : plainText(masked(value, path));
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** A sentence, without what is a secret by its form. */
export function withoutSecrets(says: string): string {
    return says.replace(IN_SENTENCE, SECRET);
}

function plainText(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value);
}

function masked(value: unknown, path: Path): unknown {
    if (typeof value === "string") {
        if (isUnknown(value)) return value === UNKNOWN ? UNTIL_APPLIED : value.replaceAll(UNKNOWN, UNTIL_APPLIED);
        return isInSecret(path) || SECRET_TEXT.test(value) ? SECRET : value;
    }
    if (typeof value !== "object" || value === null) return isInSecret(path) ? SECRET : value;
    if (Array.isArray(value)) return value.map((part, i) => masked(part, [...path, i]));
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, masked(part, [...path, key])]));
}

function isInSecret(path: Path): boolean {
    return path.some((part) => typeof part === "string" && SECRET_NAME.test(part));
}

/** `a, b and c`. */
export function listed(words: string[]): string {
    return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** `1 change`, `2 changes`. */
export function counted(n: number, word: string): string {
    return `${n} ${word}${n === 1 ? "" : "s"}`;
}
