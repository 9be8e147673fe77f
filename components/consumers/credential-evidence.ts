import { createHash, createHmac } from "node:crypto";
import { readEach, type Live, type Reader } from "../kubernetes/cluster-reader";
import { NO_REDIRECT, WORKER_CONNECTIONS } from "../apisix/gateway-pods";
import type { PodConnection } from "../kubernetes/pod-connection";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** The credentials of a Consumer. */
export type LiveConsumer = Live & {
    spec?: { credentials?: { name?: string; secretRef?: { name?: string } }[]; plugins?: Plugin[] };
};

export interface Plugin {
    name: string;
    config?: Record<string, unknown>;
}

/** One credential, with the headers that authenticate a request. */
export interface Sent {
    /** `<consumer>/<credential>`. */
    who: string;
    /**
     * Headers with the credential. Unset if no request can be sent with it, because only the caller can sign the tokens, or
     * because the Secret is deleted.
     */
    headers?: Record<string, string>;
    /** Value of the claim `key`, only for a credential with tokens. */
    claim?: string;
    /** How the caller's tokens are verified, if only the caller can sign them. */
    verifiedBy?: { algorithm: string; publicKey: string };
}

/**
 * With this many credentials or more, for example in a first `up` with many callers, only one connection to each pod is
 * used.
 */
const MANY = 50;
/**
 * Validity of a token for one request, in seconds: a day, so that the clocks of operator and gateway may differ. The token
 * is only sent through port-forwarding.
 */
const TOKEN_SECONDS = 86_400;
/** Id of a credential in APISIX, as ADC computes it (api7/adc, `generateId`). @param username the consumer's name in APISIX */
export function credentialId(username: string, credential: string): string {
    return createHash("sha1").update(`${username}.${credential}`).digest("hex");
}

/** Decoded fields of a credential's Secret, which `secret-data.ts` encodes. */
export function textsOf(secret: Live | undefined): Record<string, string> {
    const data = (secret?.data ?? {}) as Record<string, string>;
    return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v, "base64").toString()]));
}

/** Request headers for the credential in a Secret; undefined if the Secret does not exist. */
export function sentWith(who: string, secret: Live | undefined): Sent | undefined {
    const { key, algorithm, secret: signing, public_key: publicKey } = textsOf(secret);
    if (key === undefined) return undefined;
    if (algorithm === undefined) return { who, headers: { apikey: key } };
    if (signing === undefined) return { who, claim: key, verifiedBy: { algorithm, publicKey } };
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const exp = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
    const signed = `${encode({ alg: algorithm, typ: "JWT" })}.${encode({ key, exp })}`;
    const token = `${signed}.${createHmac("sha256", signing).update(signed).digest("base64url")}`;
    return { who, claim: key, headers: { Authorization: `Bearer ${token}` } };
}

/** The credentials of some Consumers, each with its headers. */
export async function credentialsOf(read: Reader, namespace: string, consumers: LiveConsumer[]): Promise<Sent[]> {
    const named = consumers.flatMap(({ metadata, spec }) =>
        (spec?.credentials ?? []).map(({ name, secretRef }) => ({ who: `${metadata!.name}/${name}`, secretRef })),
    );
    const sent = await readEach(named, async ({ who, secretRef }) => {
        const ref = { apiVersion: "v1", kind: "Secret", namespace, name: secretRef?.name ?? "" };
        return sentWith(who, await read(ref)) ?? [];
    });
    return sent.flat();
}

/** Options of a check whether a pod authenticates credentials. */
export interface EvidenceOptions {
    /** Whether the check accepts a pod without the route, because the route is being deleted too. Default: false. */
    mayLackRoute?: boolean;
    /** Path of the request: see `GatewayPods`. */
    evidence: string;
}

/**
 * Checks whether one pod authenticates credentials, or rejects them.
 * @returns the first credential whose result is not the required one, and the answer; undefined if there is none
 */
export async function askWith(
    connect: () => PodConnection,
    expected: "authenticates" | "rejects",
    credentials: Sent[],
    options: EvidenceOptions,
): Promise<string | undefined> {
    if (credentials.every(({ headers }) => headers === undefined)) return undefined;
    const other = await otherAnswer(connect, expected === "authenticates" ? 400 : 401, credentials, options);
    return other && textOf(other);
}

/**
 * Checks whether a pod that is not ready still authenticates credentials. Unlike with {@link askWith}, the pod may have
 * no route yet, since it may be starting.
 * @returns a credential that it authenticates; undefined if it rejects all
 * @throws Error if its answers show neither
 */
export async function askUnready(
    connect: () => PodConnection,
    credentials: Sent[],
    options: EvidenceOptions,
): Promise<string | undefined> {
    const other = await otherAnswer(connect, 401, credentials, options);
    if (other?.who !== undefined && other.status === 400) return textOf(other);
    if (other) throw new Error(textOf(other));
    const silent = credentials.find(({ headers }) => headers === undefined);
    if (silent) throw new Error(`no request can be sent with ${silent.who}`);
    return undefined;
}

interface Answered {
    status: number;
    /** Credential of the request. Unset for a request without a credential. */
    who?: string;
}

function textOf({ status, who }: Answered): string {
    if (who === undefined) return `it answers ${status} to a request without a credential: it does not have the route`;
    const what = status === 400 ? "still authenticates" : "does not authenticate";
    return status === 400 || status === 401 ? `it ${what} ${who}` : `it answers ${status} to a request with ${who}`;
}

/** Returns the first unexpected answer. Expected are 401 without a credential, and `good` with each credential. */
async function otherAnswer(
    connect: () => PodConnection,
    good: number,
    credentials: Sent[],
    { mayLackRoute = false, evidence }: EvidenceOptions,
): Promise<Answered | undefined> {
    const question = { method: "POST", path: evidence };
    const asked = credentials.filter(({ headers }) => headers !== undefined);
    for (let i = 0; i < (asked.length >= MANY ? 1 : WORKER_CONNECTIONS); i++) {
        const connection = connect();
        // Checks the route first, without a credential and on the same connection: a credential must never be sent to
        // another owner's route at a shared gateway.
        const { status: bare } = await connection.request({ ...question, headers: NO_REDIRECT });
        if (bare !== 401) {
            if (mayLackRoute) continue;
            return { status: bare };
        }
        for (const { who, headers } of asked) {
            const { status } = await connection.request({ ...question, headers: { ...headers, ...NO_REDIRECT } });
            if (status !== good) return { status, who };
        }
    }
    return undefined;
}
