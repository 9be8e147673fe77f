/** The options of a client, checked together. */
import { readUrl } from "./address.js";
import { Credential } from "./credential.js";
import { checkNumber, kind, refuse, type Problems } from "./problems.js";

/** Data for the callback after each answer; it contains no credential. */
export interface Seen {
    status: number;
    /** Without cookies: a cookie of the edge is equivalent to a credential. */
    headers: Headers;
    /** From the first byte sent to the last byte received. */
    milliseconds: number;
}

export interface ClientOptions {
    /**
     * Address of the service, for example `https://api.example.com/alpa`. Required with `auth`.
     * @default the default address of Alpa's own client
     */
    url?: string | undefined;
    /** Key of Alpa itself, sent in the body; not for a gateway. @default none */
    apiKey?: string | null | undefined;
    /** Name under which the model is registered. @default "default" */
    defaultModel?: string | undefined;
    /** How to authenticate: an ApiKey, a Jwt or a ServiceToken. @default none */
    auth?: Credential | undefined;
    /**
     * Longest time for one answer, in seconds. Alpa sends nothing until it is complete.
     * @default 610: the gateway's 600 s, and time for its error to arrive
     */
    answerTimeoutSeconds?: number | undefined;
    /** Attempts of one call, including the first. @default 3 */
    maxAttempts?: number | undefined;
    /**
     * Longest wait between two attempts, in seconds. If the server asks for a longer wait, the call fails.
     * @default 60
     */
    maxWaitSeconds?: number | undefined;
    /**
     * Whether a credential may be sent over plain HTTP to another host.
     * @default false: anyone on the network path can read it
     */
    allowHttp?: boolean | undefined;
    /** Replaces the platform's fetch. Must honour `redirect: "manual"`. */
    fetch?: typeof globalThis.fetch | undefined;
    /** Called after each answer with its metadata, for metrics. An error in it becomes a process warning. */
    onAnswer?: ((seen: Seen) => void) | undefined;
}

export interface Settings {
    /** Without a trailing slash. */
    url: string;
    apiKey: string | null;
    defaultModel: string;
    auth: Credential | undefined;
    answerTimeoutSeconds: number;
    maxAttempts: number;
    maxWaitSeconds: number;
    fetch: typeof globalThis.fetch | undefined;
    onAnswer: ((seen: Seen) => void) | undefined;
}

/** Default address of Alpa's own client. A credential is never sent to a default address. */
const ALPA_URL = "https://api.alpa.ai";
/** Largest timeout, in seconds: more than a day is a mistake. */
export const A_TIME = { least: 0.001, most: 86_400 };
const DEFAULT_ANSWER_SECONDS = 610;

/** @param problems problems found earlier, so that all are reported together */
export function readSettings(options: ClientOptions, problems: Problems = []): Settings {
    const { auth, apiKey = null, defaultModel = "default", allowHttp = false } = options;
    const { answerTimeoutSeconds = DEFAULT_ANSWER_SECONDS, maxAttempts = 3, maxWaitSeconds = 60 } = options;
    if (auth !== undefined && !isCredential(auth))
        problems.push(
            `auth: must be an ApiKey, a Jwt or a ServiceToken (got ${kind(auth)}). Create one from the credential, for example new ApiKey(key).`,
        );
    if (apiKey !== null && (typeof apiKey !== "string" || apiKey === ""))
        problems.push(`apiKey: must be a non-empty string (got ${kind(apiKey)}). Correct it, or leave it out.`);
    if (auth !== undefined && apiKey !== null)
        problems.push(
            "auth: must be the only credential (apiKey is given too). To call a gateway, keep auth. To call Alpa directly, keep apiKey.",
        );
    if (typeof defaultModel !== "string" || defaultModel === "")
        problems.push(
            `defaultModel: must be the name of a model (got ${kind(defaultModel)}). Correct it, or leave it out.`,
        );
    checkNumber("answerTimeoutSeconds", answerTimeoutSeconds, A_TIME, problems);
    checkNumber("maxAttempts", maxAttempts, { least: 1, most: 10, whole: true }, problems);
    checkNumber("maxWaitSeconds", maxWaitSeconds, { ...A_TIME, least: 0 }, problems);
    const secret = auth !== undefined || apiKey !== null;
    const address = readUrl(options.url ?? ALPA_URL, problems);
    if (auth !== undefined && address?.host === new URL(ALPA_URL).host)
        problems.push(
            "url: must be the gateway's address if auth is given (it is the default address of Alpa's client). Take the address from the handout.",
        );
    const open = secret && address?.open === true;
    if (open && !allowHttp)
        problems.push(
            "url: must be https where a credential is sent (it is http). Use https, or set allowHttp if the network is trusted.",
        );
    refuse(problems);
    const { url } = address!;
    if (open) warn(url);
    const { fetch, onAnswer } = options;
    return { url, apiKey, defaultModel, auth, answerTimeoutSeconds, maxAttempts, maxWaitSeconds, fetch, onAnswer };
}

const warned = new Set<string>();

/** Warns once for each address, since a program may create many clients. */
function warn(url: string): void {
    if (warned.has(url)) return;
    warned.add(url);
    process.emitWarning(`a credential goes over plain HTTP to ${url}`, "PlainHttpWarning");
}

/** Not only `instanceof`: if a program loads the package both as ESM and as CJS, each has its own class Credential. */
function isCredential(value: unknown): value is Credential {
    const credential = value as Partial<Credential> | null;
    return (
        value instanceof Credential ||
        (typeof credential?.headers === "function" && typeof credential.redact === "function")
    );
}
