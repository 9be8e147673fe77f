/**
 * Access service tokens. An answer contains the secret only if the request created it. The previous secret stays valid until
 * `previous_client_secret_expires_at`. The emulator accepts any time in this field: the dashboard offers 1 hour to
 * 30 days, and no source names a limit of the API.
 */
import { z } from "zod";
import type { ServiceToken } from "../../account";
import { goDuration } from "../../durations";
import { clientId, clientSecret, uuid } from "../../ids";
import { notFound, refused } from "../answer";
import { bodyObject, bodyOf, inBothScopes, product, without, type Call, type Route } from "../call";
import { MOST } from "../../account-limits";
import { page, PAGING } from "../paging";

const INVALID = 12130;
const tokens = product("Access: Service Tokens");
const YEAR_SECONDS = 365 * 24 * 3600;
/** Expiry date in answers for a token with duration "forever", because every answer must have a date. */
const FOREVER = "9999-12-31T23:59:59Z";

const date = z.iso.datetime({ offset: true, error: "must be an RFC 3339 time" });
const duration = z.string().refine((text) => text === "forever" || (goDuration(text) ?? 0) > 0, {
    error: 'must be a duration like 8760h, or "forever"',
});
const tokenBody = z.strictObject({
    name: z.string().min(1, "required"),
    duration: duration.optional(),
    client_secret_version: z.number().int().min(1).optional(),
    previous_client_secret_expires_at: date.optional(),
    enabled: z.boolean().optional(),
});
const changeBody = tokenBody.partial();
const rotateBody = z.strictObject({ previous_client_secret_expires_at: date.optional() });

const ONE = "access/service_tokens/{token}";
const KIND = "ZeroTrustAccessServiceToken";
export const serviceTokenRoutes: Route[] = inBothScopes([
    tokens("GET", "access/service_tokens", "counting service tokens before `up` (at most 50 per account)", list, [
        "name",
        "search",
        ...PAGING,
    ]),
    tokens("POST", "access/service_tokens", `${KIND}: create`, create),
    tokens("GET", ONE, `${KIND}: read, import`, (call) => ({ result: answer(find(call)) })),
    tokens("PUT", ONE, `${KIND}: update, rotate`, change),
    tokens("DELETE", ONE, `${KIND}: delete`, remove),
    tokens("POST", `${ONE}/rotate`, "rotating or renewing a token", rotate),
    tokens("POST", `${ONE}/refresh`, "rotating or renewing a token", (call) => {
        const token = find(call);
        // according to the documentation, a refresh adds one year to the current expiry
        const end = Math.max(Date.parse(token.expires_at), call.account.now().getTime()) + YEAR_SECONDS * 1000;
        if (token.expires_at !== FOREVER) token.expires_at = new Date(end).toISOString();
        return saved(call, token);
    }),
]);

/** Finds a token. An account-scoped path finds only tokens of the account, and a zone-scoped path only those of the zone. */
function find({ account, params, zone }: Call): ServiceToken {
    const token = account.serviceTokens.get(params.token);
    if (!token || token.zone_id !== zone?.id) throw notFound(12135, "access.api.error.service_token_not_found");
    return token;
}

function answer(token: ServiceToken): object {
    const hidden = ["client_secret", "previous_client_secret", "zone_id"];
    if (token.previous_client_secret_expires_at === null) hidden.push("previous_client_secret_expires_at");
    return without(token, ...hidden);
}
function saved({ account }: Call, token: ServiceToken, newSecret = false) {
    token.updated_at = account.stamp();
    account.changed("serviceToken", token.id);
    return { result: { ...answer(token), ...(newSecret ? { client_secret: token.client_secret } : {}) } };
}

function list(call: Call) {
    const { account, query, zone } = call;
    const found = [...account.serviceTokens.values()].filter(
        (token) =>
            token.zone_id === zone?.id &&
            (query.get("name") ?? token.name) === token.name &&
            token.name.includes(query.get("search") ?? ""),
    );
    return page(call, found.map(answer), 25, 1000);
}

function expiry(call: Call, text: string): string {
    return text === "forever" ? FOREVER : call.account.stamp(goDuration(text));
}

function create(call: Call) {
    const { account, zone } = call;
    const body = bodyOf(call, tokenBody, INVALID);
    if (account.serviceTokens.size >= MOST.serviceTokens)
        throw refused(12133, `You may have at most ${MOST.serviceTokens} service tokens in one account`);
    const now = account.stamp();
    const token: ServiceToken = {
        id: uuid(),
        name: body.name,
        client_id: clientId(),
        client_secret: clientSecret(),
        client_secret_version: body.client_secret_version ?? 1,
        previous_client_secret_expires_at: null,
        enabled: body.enabled ?? true,
        duration: body.duration ?? "8760h",
        expires_at: expiry(call, body.duration ?? "8760h"),
        created_at: now,
        updated_at: now,
        ...(zone ? { zone_id: zone.id } : {}),
    };
    account.serviceTokens.set(token.id, token);
    return saved(call, token, true);
}

/**
 * Updates a token. The secret is rotated only if the body has a greater version than the token. If the answer has no secret,
 * the provider keeps the old one in its state. The previous secret is valid until the date in the body; it is invalid at once
 * if a rotation has no date, or the date is null.
 */
function change(call: Call) {
    const token = find(call);
    const body = bodyOf(call, changeBody, INVALID);
    const grew = (body.client_secret_version ?? 0) > token.client_secret_version;
    if (grew) token.previous_client_secret = token.client_secret;
    if (grew) token.client_secret = clientSecret();
    token.client_secret_version = body.client_secret_version ?? token.client_secret_version;
    token.previous_client_secret_expires_at =
        body.previous_client_secret_expires_at ??
        (grew || bodyObject(call.body).previous_client_secret_expires_at === null
            ? null
            : token.previous_client_secret_expires_at);
    if (token.previous_client_secret_expires_at === null) delete token.previous_client_secret;
    token.name = body.name ?? token.name;
    token.enabled = body.enabled ?? token.enabled;
    if (body.duration !== undefined) {
        // the duration starts now, even if it has not changed
        token.duration = body.duration;
        token.expires_at = expiry(call, body.duration);
    }
    return saved(call, token, grew);
}

function rotate(call: Call) {
    const token = find(call);
    const { previous_client_secret_expires_at: until } = bodyOf(
        { ...call, body: call.body ?? {} },
        rotateBody,
        INVALID,
    );
    if (until === undefined) delete token.previous_client_secret;
    else token.previous_client_secret = token.client_secret;
    token.previous_client_secret_expires_at = until ?? null;
    token.client_secret = clientSecret();
    token.client_secret_version += 1;
    return saved(call, token, true);
}

/** Deletes a token. The deletion is rejected while a policy refers to the token. */
function remove(call: Call) {
    const { account } = call;
    const token = find(call);
    const user = [...account.policies.values()].find((policy) =>
        [...policy.include, ...policy.exclude, ...policy.require].some((s) => s.service_token?.token_id === token.id),
    );
    if (user) throw refused(12131, `The service token is used in the policy "${user.name}"`);
    account.serviceTokens.delete(token.id);
    account.changed("serviceToken", token.id);
    return { result: answer(token) };
}
