/** Values as text for a reviewer. Secrets are never shown, even if they are not marked. */
import { HIDDEN, isMap, UNKNOWN_TEXT, type Path, type Tree } from "../../../policy/resources/values";

/** Names of fields that contain secrets even if a provider does not mark them as secret. */
const SECRET_NAME =
    /^(stringData|stdin|kubeconfig|environment|bcryptHash|key|result|(proxy-)?authorization)$|(^|client|tunnel|access|auth|bearer|refresh|[_-])(secret|token)$|passw|passphrase|(private|secret|admin)[_-]?key|api[_-]?(key|token)$|last-applied-configuration$/i;
/** Base64 of a JSON object: signed tokens, and the token of a tunnel. */
const TOKEN = /\beyJ(?:[\w-]+\.[\w-]+\.[\w-]*|[\w+/-]{20,}=*)/;
/** A name and password in an address; passwords may have an `@` in them. */
const LOGIN = /(?<=:\/\/)[^/\s:@]*:[^/\s]+(?=@)/;
const BEARER = /(?<=\bBearer )[\w.~+/=-]{16,}/;
/** Text that is a secret anywhere, for example keys in a list that is stored as text, and options of a command. */
const SECRET_TEXT = new RegExp(
    ["PRIVATE KEY", String.raw`\b(key|stringData)["']?\s*:`, "--[\\w-]*(token|secret|passw)[\\w-]*[= ]"]
        .concat([TOKEN, LOGIN, BEARER].map(({ source }) => source))
        .join("|"),
);
/** A private key inside a sentence. */
const PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/;
const IN_SENTENCE = new RegExp([PEM, TOKEN, LOGIN, BEARER].map(({ source }) => source).join("|"), "g");
const UNTIL_APPLIED = "(known when applied)";
/** Longest text of a single value, in characters. */
const LONGEST = 300;

/** @param path path of the value. @returns undefined for a missing value */
function shown(value: unknown, path: Path = []): string | undefined {
    if (value === undefined) return undefined;
    const text = isInSecret(path) && !isMap(value) ? HIDDEN : plainText(masked(value, path));
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** Both values of a difference as text, without secrets. */
export function shownSides(old: unknown, now: unknown, path: Path): { old?: string; new?: string } {
    const [before, after] = [shown(veiled(old, now), path), shown(veiled(now, old), path)];
    return { ...(before !== undefined && { old: before }), ...(after !== undefined && { new: after }) };
}

/**
 * Hides the parts of `value` that are marked as secret in `other`, the value on the opposite side of the change. If a
 * change only adds or removes the mark, the text on the side without the mark is a secret too.
 */
function veiled(value: unknown, other: unknown): unknown {
    if (other === HIDDEN) return value === undefined ? undefined : HIDDEN;
    if (typeof value !== "object" || value === null || typeof other !== "object" || other === null) return value;
    const part = (at: string | number) => (other as Record<string | number, unknown>)[at];
    if (Array.isArray(value)) return value.map((one, i) => veiled(one, part(i)));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, veiled(one, part(key))]));
}

/** Hides text in a sentence that looks like a secret. */
export function withoutSecrets(says: string): string {
    return says.replace(IN_SENTENCE, HIDDEN);
}

function plainText(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value);
}

function masked(value: unknown, path: Path): unknown {
    if (typeof value === "string") {
        if (value === UNKNOWN_TEXT) return UNTIL_APPLIED;
        return isInSecret(path) || SECRET_TEXT.test(value) ? HIDDEN : value.replaceAll(UNKNOWN_TEXT, UNTIL_APPLIED);
    }
    if (typeof value !== "object" || value === null) return isInSecret(path) ? HIDDEN : value;
    if (Array.isArray(value)) return value.map((part, i) => masked(part, [...path, i]));
    const entries = Object.entries(value as Tree);
    return Object.fromEntries(entries.map(([key, part]) => [key, masked(part, [...path, ...nameOf(value, key), key])]));
}

/** The `name` next to a `value`, for example of an environment variable: it shows whether the value is secret. */
export function nameOf(pair: unknown, key: string | number | undefined): string[] {
    return key === "value" && isMap(pair) && typeof pair.name === "string" ? [pair.name] : [];
}

function isInSecret(path: Path): boolean {
    return path.some(
        (part, i) =>
            typeof part === "string" &&
            // Keys of the Admin API in the chart's values.
            (SECRET_NAME.test(part) ||
                (/^(admin|viewer)$/.test(part) && isAt(path.slice(0, i), "admin", "credentials"))),
    );
}

function isAt(path: Path, ...end: string[]): boolean {
    return end.every((part, i) => path.at(i - end.length) === part);
}

/** `a, b and c`. */
export function listed(items: string[]): string {
    return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
