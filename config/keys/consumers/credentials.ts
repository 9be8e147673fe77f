import * as z from "zod";
import { createPublicKey, type KeyObject } from "node:crypto";
import type { ParsedGatewayOption } from "../gateway-option";
import { publicKeyNumbers } from "../../../components/consumers/key-digest";
import {
    ALGORITHMS,
    keyProblem,
    PUBLIC_KEY_NAMES,
    type Algorithm,
} from "../../../components/consumers/signing-algorithms";
import { at, type Path, type Problems, type Sound } from "../../cross-check";
import { counted, must } from "../../problems";
import { HEADER_SAFE, repeats } from "../../values";

export { ALGORITHMS, type Algorithm };

/** Shortest key that an operator may set, in characters: 16 characters of 6 bits each have 96 bits, too many to guess. */
const SHORTEST_KEY = 16;

/**
 * Default longest overlap of an old credential with its successor, in days. Three months are enough for the slowest
 * caller. A longer overlap would keep a leaked old credential valid for longer.
 */
export const DEFAULT_OVERLAP_DAYS = 90;
/**
 * Default longest overlap of the secrets of a service token, in days: the maximum of Cloudflare's dashboard. The limit of
 * Cloudflare's API is not documented.
 */
export const DEFAULT_TOKEN_OVERLAP_DAYS = 30;

/** Each run warns about a credential that expires within this number of days. */
const WARN_DAYS = 30;
/** Like WARN_DAYS, for a credential that has a successor: the caller may still use the old credential. */
const REMIND_DAYS = 3;
/** A day in milliseconds. */
export const DAY_MS = 24 * 60 * 60 * 1000;

/** A day that exists in the calendar. Pulumi parses a day without quotes as a timestamp, and passes it on in Go's format. */
export const day = z
    .string()
    .overwrite((text) => text.replace(/ 00:00:00 \+0000 UTC$/, ""))
    .refine((text) => dayOf(text) !== undefined, must("be a day, for example 2027-01-31"));

type Entry = Sound<ParsedGatewayOption["consumers"][number]["credentials"][number]>;

/**
 * Checks the fields of each credential against each other, and keys against all other keys. The problems never quote a key.
 * @param textOf text of a path, for credentials that have the same key
 */
export function* credentialProblems(
    consumers: NonNullable<Sound<ParsedGatewayOption>["consumers"]>,
    textOf: (path: Path) => string,
): Problems {
    const places = consumers.flatMap((one, consumer) =>
        (one?.credentials ?? []).map((entry: Entry = {}, j) => ({
            entry,
            consumer,
            where: ["consumers", consumer, "credentials", j],
        })),
    );
    for (const { where, entry } of places) {
        yield* keyProblems(where, entry);
        yield* tokenProblems(where, entry);
        if (entry.readmit !== undefined && entry.key === undefined && entry.publicKey === undefined)
            yield at`${[...where, "readmit"]}: only valid with key or publicKey (this credential has neither, since its key is generated). Remove it.`;
    }
    // With one key for two callers, the gateway would authenticate both under the name of the last one.
    for (const [i, first] of repeats(places.map(({ entry: { key } }) => (key === "" ? undefined : key))))
        yield at`${[...places[i].where, "key"]}: must be unique (${textOf(places[first].where)} has the same key). Set another key.`;
    // The holder of a private key could sign as both callers, since the names in tokens are not secret. Two credentials of
    // one caller may have the same key.
    const numbers = places.map(({ entry: { publicKey } }) => publicKey && publicKeyNumbers(publicKey));
    for (const [i, first] of repeats(numbers))
        if (places[i].consumer !== places[first].consumer)
            yield at`${[...places[i].where, "publicKey"]}: must belong to one caller only (${textOf(places[first].where)} has the same key): callers with a common key can sign each other's tokens. Have each caller create its own key pair.`;
}

function* keyProblems(where: Path, { method, key }: Entry): Problems {
    if (key === undefined) return;
    const path = [...where, "key"];
    if (method !== "key") yield at`${path}: only valid with method key. Remove it.`;
    // An empty key would make an empty header a valid credential.
    else if (key.length < SHORTEST_KEY)
        yield at`${path}: must have at least ${SHORTEST_KEY} characters. Remove it, and the stack generates a key.`;
    else if (key.startsWith("$"))
        // APISIX treats $env://… and $secret://… as references, so the key would be the value that they refer to.
        yield at`${path}: must not begin with $, which APISIX reads as a reference to a secret. Remove it, and the stack generates a key.`;
    else if (!HEADER_SAFE.test(key))
        yield at`${path}: must be visible ASCII without blanks or line breaks. Remove it, and the stack generates a key.`;
}

function* tokenProblems(where: Path, entry: Entry): Problems {
    const { method, algorithm, publicKey } = entry;
    if (method === "key")
        for (const field of ["algorithm", "publicKey"] as const)
            if (entry[field] !== undefined)
                yield at`${[...where, field]}: only valid with method jwt (got method key). Remove it.`;
    if (method !== "jwt") return;
    if (algorithm === undefined)
        yield at`${[...where, "algorithm"]}: required with method jwt. Choose one of ${ALGORITHMS.join(", ")}.`;
    else {
        const wrong = publicKeyProblem(publicKey, algorithm);
        if (wrong !== undefined) yield at`${[...where, "publicKey"]}: ${wrong}`;
    }
}

const ONE_PUBLIC_KEY = /^\s*-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\s*$/;

/** Problem of a public key for an algorithm; undefined if there is none. */
function publicKeyProblem(pem: string | undefined, algorithm: Algorithm): string | undefined {
    if (algorithm === "HS256")
        return pem && `only valid with ${PUBLIC_KEY_NAMES}; the secret of HS256 is generated. Remove it.`;
    if (pem === undefined) return `required with ${algorithm}. Give the caller's public key, in PEM form.`;
    if (/PRIVATE KEY/.test(pem))
        return "must be a public key (got a private key). Treat it as leaked: create a new key pair, and set only its public key.";
    // Node.js parses more formats than APISIX, which accepts any text as a key and then rejects every token.
    if (!ONE_PUBLIC_KEY.test(pem))
        return "must be one public key in PEM form, from BEGIN PUBLIC KEY to END PUBLIC KEY. Convert a key of another form with openssl pkey -pubin -pubout, and a certificate with openssl x509 -pubkey -noout.";
    let key: KeyObject;
    try {
        key = createPublicKey(pem);
    } catch {
        return "must be a public key in PEM form (it cannot be read). Export it again, with BEGIN and END lines.";
    }
    return keyProblem(key, algorithm);
}

/** Whole days from today until a day; negative for a day in the past. A day begins at midnight UTC. */
export function daysUntil(text: string, today: Date): number {
    return Math.round((dayOf(text)! - Math.floor(today.getTime() / DAY_MS) * DAY_MS) / DAY_MS);
}

/** A credential in the config that may expire. */
export interface Lasting {
    id: string;
    /** Expiry date. Unset for a credential that never expires. */
    expires?: string;
    method?: string;
    algorithm?: string;
    /** A key that an operator has set, or that of the caller's key pair. Unset: the secret is generated. */
    key?: unknown;
    publicKey?: string;
    /** Whether the service token is accepted. Unset for other credentials. @default true */
    enabled?: boolean;
}

/**
 * Warning about a credential that has expired or expires soon; undefined for any other credential.
 * @param name name of the credential's consumer
 * @param credentials all credentials of that consumer, in the order of the config
 */
export function expiryWarning(
    name: string,
    credential: Lasting & { expires: string },
    credentials: Lasting[],
    today: Date,
): string | undefined {
    const { id, key, publicKey, expires } = credential;
    const days = daysUntil(expires, today);
    if (days <= 0) {
        // Only a warning: an error would also block the run that removes the credential, and each run that revokes another
        // one while the entry is still there.
        const isGenerated = key === undefined && publicKey === undefined;
        const lost = isGenerated
            ? ": pulumi up deletes its secret for good, and a later date would create another one."
            : " and has no access.";
        return `consumers: ${name}/${id} expired on ${expires}${lost} Remove the entry: npm run ops -- consumer revoke ${name} ${id}`;
    }
    if (days > (hasSuccessor(credential, credentials) ? REMIND_DAYS : WARN_DAYS)) return undefined;
    return `consumers: ${name}/${id} expires in ${counted(days, "day")}, on ${expires}. Give its caller another credential before that date.`;
}

/**
 * Callers, each with those of its credentials that have not expired.
 * @returns also the warnings about them, and the expiry date of each credential by `<consumer>/<credential>`
 */
export function livingCallers<C extends Lasting, T extends { name: string; credentials: C[] }>(
    list: (T & { credentials: C[] })[],
    today: Date,
) {
    const warnings: string[] = [];
    const expires: Record<string, string> = {};
    const callers = list.map((caller) => {
        const { name, credentials } = caller;
        const living = credentials.filter((one) => {
            if (one.expires === undefined) return true;
            expires[`${name}/${one.id}`] = one.expires;
            const warning = expiryWarning(name, { ...one, expires: one.expires }, credentials, today);
            if (warning !== undefined) warnings.push(warning);
            return daysUntil(one.expires, today) > 0;
        });
        if (living.length === 0)
            warnings.push(`consumers: ${name} has no credentials, so it cannot authenticate. Add one.`);
        return { ...caller, living };
    });
    if (list.length === 0) warnings.push("consumers: empty, so no caller is admitted. Add a consumer.");
    return { callers, warnings, expires };
}

/**
 * Whether a later credential in the list is a successor of this one. A successor is enabled, has the same method and
 * algorithm, and is valid for longer. `consumer rotate` adds such credentials.
 */
function hasSuccessor(
    { id, method, algorithm, ...own }: Lasting & { expires: string },
    credentials: Lasting[],
): boolean {
    const end = dayOf(own.expires)!;
    return credentials
        .slice(credentials.findIndex((one) => one.id === id) + 1)
        .filter((one) => one.method === method && one.algorithm === algorithm && one.enabled !== false)
        .some(({ expires }) => expires === undefined || dayOf(expires)! > end);
}

function dayOf(day: string): number | undefined {
    const time = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
    return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day ? undefined : time;
}
