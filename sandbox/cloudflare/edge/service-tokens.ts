/**
 * Finds the service token of a request. Facts: a caller sends id and secret in two headers, or as a JSON object in one header
 * that the application names. The previous secret is valid until `previous_client_secret_expires_at`. A disabled or expired
 * token is invalid.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { AccessApplication, Account, ServiceToken } from "../account";
import type { HeaderList } from "../connector/wire";
import { values } from "./types";

const ID = "cf-access-client-id";
const SECRET = "cf-access-client-secret";

/** `wrong`: the request has token headers, but no valid token. `duplicated`: a token header occurs more than once. */
type Shown = { kind: "nothing" } | { kind: "wrong" } | { kind: "token"; token: ServiceToken; duplicated: boolean };

export function shownBy(headers: HeaderList, application: AccessApplication, account: Account): Shown {
    const [ids, secrets] = [values(headers, ID), values(headers, SECRET)];
    const own = application.read_service_tokens_from_header;
    const pairs = own ? values(headers, own.toLowerCase()).flatMap((text) => parsePair(text) ?? []) : [];
    if (ids.length + secrets.length + pairs.length === 0) return { kind: "nothing" };

    const duplicated = ids.length > 1 || secrets.length > 1 || pairs.length > 1;
    const pair = ids.length + secrets.length > 0 ? { id: ids[0], secret: secrets[0] ?? "" } : pairs[0];
    const token = [...account.serviceTokens.values()].find((t) => t.client_id === pair.id);
    const valid = token !== undefined && counts(token, pair.secret, account.now());
    return valid ? { kind: "token", token, duplicated } : { kind: "wrong" };
}

/** Names of headers with secrets of the caller, which are not sent to the origin. */
export function secretHeaders(application: AccessApplication | undefined): string[] {
    const own = application?.read_service_tokens_from_header;
    return own ? [SECRET, own.toLowerCase()] : [SECRET];
}

/** Parses the header that the application names. Undefined if the value is not a service token. */
function parsePair(text: string): { id: string; secret: string } | undefined {
    try {
        const { [ID]: id, [SECRET]: secret } = JSON.parse(text) as Record<string, unknown>;
        return typeof id === "string" && typeof secret === "string" ? { id, secret } : undefined;
    } catch {
        return undefined; // it can be a bearer token of another system
    }
}

function counts(token: ServiceToken, secret: string, now: Date): boolean {
    const before = (end: string | undefined) => end !== undefined && Date.parse(end) > now.getTime();
    if (!token.enabled || !before(token.expires_at)) return false;
    const { previous_client_secret: previous, previous_client_secret_expires_at: until } = token;
    return same(secret, token.client_secret) || (previous !== undefined && before(until) && same(secret, previous));
}

function same(a: string, b: string): boolean {
    const digest = (text: string) => createHash("sha256").update(text).digest();
    return timingSafeEqual(digest(a), digest(b));
}
