import { createPublicKey, type KeyObject } from "node:crypto";
import * as z from "zod";
import { KEY_PAIR_ALGORITHMS } from "../../../components/consumers/algorithms";
import { publicKeyNumbers } from "../../../components/consumers/key-digest";
import { got } from "../../problems";

/** Ways to sign a token that are built. A generated secret signs the first; of the others only the public key is held. */
export const ALGORITHMS = ["HS256", ...KEY_PAIR_ALGORITHMS] as const;
export type Algorithm = (typeof ALGORITHMS)[number];
/** `RS256, ES256 and EdDSA`, for texts. */
export const KEY_PAIRS = new Intl.ListFormat("en-GB").format(KEY_PAIR_ALGORITHMS);

/** Shortest key that may be brought along, in characters: 16 of 64 kinds are 96 bits, more than anyone can try. */
export const SHORTEST_KEY = 16;
/** Shortest RSA key, in bits: NIST SP 800-131A refuses shorter ones. */
const SHORTEST_RSA = 2048;
/** What fits into a header as it is: visible ASCII, no blanks. A line break would end the header. */
const HEADER_SAFE = /^[\x21-\x7e]+$/;

/**
 * Longest time that an old credential may go on beside its successor, in days, unless the stack says otherwise. A quarter
 * is time for the slowest caller; what overlaps for longer is a second credential, and one that leaked works all that time.
 */
export const DEFAULT_OVERLAP_DAYS = 90;
/** The same of a service token: Cloudflare's dashboard offers no more. What its API takes is not documented. */
export const DEFAULT_TOKEN_OVERLAP_DAYS = 30;

/** Days before the end of a credential at which each run warns. */
const WARN_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A day as `2027-01-31`, that exists. */
export const day = z.string().refine((text) => dayOf(text) !== undefined, {
    error: (i) => `must be a day, as 2027-01-31${got(i.input)}. Correct it`,
});

type Raw = Record<string, unknown>;

/** A credential among unchecked values, with where it stands. */
interface Place {
    where: string;
    entry: Raw;
    /** Whose it is, by the place in the list. */
    consumer: number;
}

/**
 * What the schema cannot say about credentials: fields that belong to a method or an algorithm, and key material. Never
 * repeats any of it.
 * @param isSecret whether a key is stored encrypted
 */
export function credentialProblems(consumers: Raw[], isSecret: (key: string) => boolean): string[] {
    const places = consumers.flatMap((consumer, i) =>
        (Array.isArray(consumer.credentials) ? consumer.credentials : []).map((entry: unknown, j): Place => ({
            where: `consumers[${i}].credentials[${j}]`,
            consumer: i,
            entry: typeof entry === "object" && entry !== null ? (entry as Raw) : {},
        })),
    );
    return [
        ...places.flatMap((place) => [
            ...keyProblems(place, isSecret),
            ...tokenProblems(place),
            ...readmitProblems(place),
        ]),
        ...twice(places),
        ...sharedPairs(places),
    ];
}

function keyProblems({ where, entry }: Place, isSecret: (key: string) => boolean): string[] {
    const { method, key } = entry;
    if (key === undefined) return [];
    if (method !== "key") return [`${where}.key: belongs to method key. Remove it.`];
    if (typeof key !== "string") return []; // the schema says so
    const problems: string[] = [];
    if (!isSecret(key))
        problems.push(
            `${where}.key: must be stored encrypted, and stands in the stack file in plain text. Run: pulumi config set --secret --path '${where}.key'`,
        );
    // An empty key would let everyone in who sends an empty header.
    if (key.length < SHORTEST_KEY)
        problems.push(`${where}.key: must have at least ${SHORTEST_KEY} characters. Let one be generated: remove it.`);
    else if (key.startsWith("$"))
        // APISIX reads $env://… and $secret://… as references: the key would be what they lead to.
        problems.push(`${where}.key: must not begin with $, which APISIX reads as a reference. Let one be generated.`);
    else if (!HEADER_SAFE.test(key))
        problems.push(`${where}.key: must be visible ASCII without blanks or line breaks. Let one be generated.`);
    return problems;
}

/** Two callers with one key: whoever comes last in the gateway has it, and the other is let in under that name. */
function twice(places: Place[]): string[] {
    const keyOf = ({ key }: Raw) => (typeof key === "string" && key !== "" ? key : undefined);
    return repeats(places, keyOf).map(
        ([{ where }, first]) => `${where}.key: must be used once (${first.where} has the same). Bring another.`,
    );
}

/**
 * Callers with one public key: who holds its private half can sign as each of them, since the names that tokens carry are no
 * secret. Two credentials of one caller may have it: there it is the same holder.
 */
function sharedPairs(places: Place[]): string[] {
    const keyOf = ({ publicKey }: Raw) => (typeof publicKey === "string" ? publicKeyNumbers(publicKey) : undefined);
    return repeats(places, keyOf)
        .filter(([place, first]) => place.consumer !== first.consumer)
        .map(
            ([{ where }, first]) =>
                `${where}.publicKey: must belong to one caller (${first.where} has the same): each could sign as the other. Have each make a pair.`,
        );
}

/** Each place with a value that an earlier one has, and the first of these. */
function repeats(places: Place[], valueOf: (entry: Raw) => string | undefined): [Place, first: Place][] {
    const seen = new Map<string, Place>();
    return places.flatMap((place): [Place, Place][] => {
        const value = valueOf(place.entry);
        if (value === undefined) return [];
        const first = seen.get(value);
        if (first === undefined) seen.set(value, place);
        return first === undefined ? [] : [[place, first]];
    });
}

function readmitProblems({ where, entry }: Place): string[] {
    if (entry.readmit === undefined || entry.key !== undefined || entry.publicKey !== undefined) return [];
    return [`${where}.readmit: belongs to a key that the caller has brought, or to a public key. Remove it.`];
}

function tokenProblems({ where, entry }: Place): string[] {
    const { method, algorithm, publicKey } = entry;
    if (method === "key")
        return ["algorithm", "publicKey"]
            .filter((field) => entry[field] !== undefined)
            .map((field) => `${where}.${field}: belongs to method jwt (got method key). Remove it.`);
    if (method !== "jwt") return [];
    if (algorithm === undefined)
        return [`${where}.algorithm: required with method jwt. Choose one of ${ALGORITHMS.join(", ")}.`];
    if (!ALGORITHMS.includes(algorithm as Algorithm)) return []; // the schema says so
    if (algorithm === "HS256")
        return publicKey === undefined
            ? []
            : [`${where}.publicKey: belongs to ${KEY_PAIRS}; the secret of HS256 is generated. Remove it.`];
    if (publicKey === undefined)
        return [`${where}.publicKey: required with ${String(algorithm)}. Give the caller's public key, in PEM form.`];
    if (typeof publicKey !== "string") return []; // the schema says so
    const wrong = publicKeyProblem(publicKey, algorithm as Algorithm);
    return wrong === undefined ? [] : [`${where}.publicKey: ${wrong}`];
}

const ONE_PUBLIC_KEY = /^\s*-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\s*$/;

/** What is wrong with a public key for an algorithm. APISIX takes any text, and then refuses every token. */
export function publicKeyProblem(pem: string, algorithm: Algorithm): string | undefined {
    if (/PRIVATE KEY/.test(pem))
        return "must be a public key, and this is a private one. It is known now: make a new pair, and give its public half.";
    // Node.js reads more than APISIX does, which takes anything and then refuses every token.
    if (!ONE_PUBLIC_KEY.test(pem))
        return "must be one public key in PEM form, from BEGIN PUBLIC KEY to END PUBLIC KEY. A certificate, or a key that begins otherwise, becomes one with: openssl pkey -pubin -pubout, or openssl x509 -pubkey -noout.";
    let key: KeyObject;
    try {
        key = createPublicKey(pem);
    } catch {
        return "must be a public key in PEM form (it cannot be read). Export it anew, with BEGIN and END lines.";
    }
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
    if (algorithm === "RS256") {
        if (type !== "rsa") return `must be an RSA key for RS256 (got ${type}). Correct the key or the algorithm.`;
        const bits = details?.modulusLength ?? 0;
        if (bits < SHORTEST_RSA) return `must have at least ${SHORTEST_RSA} bits (got ${bits}). Make a longer one.`;
    }
    if (algorithm === "ES256" && details?.namedCurve !== "prime256v1")
        return `must be a key of curve P-256 for ES256 (got ${details?.namedCurve ?? type}). Correct the key or the algorithm.`;
    if (algorithm === "EdDSA" && type !== "ed25519")
        return `must be an Ed25519 key for EdDSA (got ${type}). Correct the key or the algorithm.`;
    return undefined;
}

/** Whole days from today until a day, negative when it is over. A day begins at midnight UTC. */
export function daysUntil(text: string, today: Date): number {
    return Math.round((dayOf(text)! - Math.floor(today.getTime() / DAY_MS) * DAY_MS) / DAY_MS);
}

/** Says what an operator should know of a credential's end; undefined while it is far away. */
export function expiryWarning(who: string, expires: string, today: Date): string | undefined {
    const days = daysUntil(expires, today);
    if (days <= 0) return `consumers: ${who} expired on ${expires} and is left out. Remove the entry.`;
    if (days > WARN_DAYS) return undefined;
    return `consumers: ${who} expires in ${days} day${days === 1 ? "" : "s"}, on ${expires}. Have a successor beside it by then.`;
}

/** The day alone. Pulumi reads a day without quotes as a time, and hands it over in Go's spelling of one. */
export function dayText(text: string): string {
    return text.replace(/ 00:00:00 \+0000 UTC$/, "");
}

function dayOf(text: string): number | undefined {
    const day = dayText(text);
    if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
    const time = Date.parse(`${day}T00:00:00Z`);
    return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day ? undefined : time;
}
