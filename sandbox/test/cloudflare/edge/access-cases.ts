/**
 * The decisions of Access in different situations. Each case has the decision in classic mode and the decision in
 * strict mode.
 */
import type { AccessApplication, AccessPolicy, ServiceToken } from "../../../cloudflare/account";
import { HOST, NEVER, shows, type World } from "./kit";

export interface Case {
    strict?: boolean;
    /** The only token that the policy names. */
    token?: Partial<ServiceToken>;
    /** Policies of the application. @default one that admits `token`, with action Service Auth */
    policies?: (world: World, token: ServiceToken) => AccessPolicy[];
    application?: Partial<AccessApplication>;
    headers?: (token: ServiceToken, world: World) => Record<string, string | string[]>;
    method?: string;
    path?: string;
    status: number;
}

export const serviceAuth = (world: World, token: ServiceToken) =>
    world.policy("non_identity", [{ service_token: { token_id: token.id } }]);
export const withAllow = (world: World, token: ServiceToken) => [
    serviceAuth(world, token),
    world.policy("allow", [{ email_domain: { domain: "example.com" } }]),
];
const onlyAllow = (world: World, token: ServiceToken) => [
    world.policy("allow", [{ service_token: { token_id: token.id } }]),
];
const right = (token: ServiceToken) => shows(token);
const wrongSecret = (token: ServiceToken) => shows(token, "cfast_wrong");
const other = (_: ServiceToken, world: World) => shows(world.token());
const joint = (token: ServiceToken) =>
    JSON.stringify({ "cf-access-client-id": token.client_id, "cf-access-client-secret": token.client_secret });
const past = "2020-01-01T00:00:00Z";

export const CASES: [what: string, the: Case][] = [
    ["classic: accepts a valid token", { headers: right, status: 200 }],
    ["strict: accepts a valid token", { strict: true, headers: right, status: 200 }],
    ["classic: no credential, only Service Auth: 403", { status: 403 }],
    ["strict: no credential, only Service Auth: 403", { strict: true, status: 403 }],
    ["classic: no credential, login allowed: 302", { policies: withAllow, status: 302 }],
    ["strict: no credential, login allowed: 302", { strict: true, policies: withAllow, status: 302 }],
    ["classic: wrong secret, only Service Auth: 403", { headers: wrongSecret, status: 403 }],
    ["classic: wrong secret, login allowed: 302", { headers: wrongSecret, policies: withAllow, status: 302 }],
    ["strict: wrong secret: 401", { strict: true, headers: wrongSecret, status: 401 }],
    [
        "strict: wrong secret, login allowed: 401",
        { strict: true, headers: wrongSecret, policies: withAllow, status: 401 },
    ],
    ["classic: disabled token: 403", { token: { enabled: false }, headers: right, status: 403 }],
    ["strict: disabled token: 401", { strict: true, token: { enabled: false }, headers: right, status: 401 }],
    ["classic: expired token: 403", { token: { expires_at: past }, headers: right, status: 403 }],
    ["strict: expired token: 401", { strict: true, token: { expires_at: past }, headers: right, status: 401 }],
    ["classic: valid token that no policy admits: 403", { headers: other, status: 403 }],
    [
        "classic: valid token that no policy admits, login allowed: 302",
        { headers: other, policies: withAllow, status: 302 },
    ],
    ["strict: valid token that no policy admits: 403", { strict: true, headers: other, status: 403 }],
    [
        "classic: a token in an Allow policy is redirected to the login page",
        { policies: onlyAllow, headers: right, status: 302 },
    ],
    [
        "strict: a token in an Allow policy is not authorised: 403",
        { strict: true, policies: onlyAllow, headers: right, status: 403 },
    ],
    ["rejects the id without the secret", { headers: (t) => ({ "CF-Access-Client-Id": t.client_id }), status: 403 }],
    [
        "rejects the secret without the id",
        { headers: (t) => ({ "CF-Access-Client-Secret": t.client_secret }), status: 403 },
    ],
    [
        "accepts header names in any case",
        {
            headers: (t) => ({ "cf-ACCESS-client-ID": t.client_id, "cf-access-CLIENT-secret": t.client_secret }),
            status: 200,
        },
    ],
    [
        "strict: a repeated header: 401",
        {
            strict: true,
            headers: (t) => ({
                "CF-Access-Client-Id": t.client_id,
                "CF-Access-Client-Secret": [t.client_secret, t.client_secret],
            }),
            status: 401,
        },
    ],
    [
        "classic: accepts a repeated header",
        {
            headers: (t) => ({ "CF-Access-Client-Id": t.client_id, "CF-Access-Client-Secret": [t.client_secret, "x"] }),
            status: 200,
        },
    ],
    [
        "service_auth_401_redirect: 401 instead of the login page",
        { policies: withAllow, application: { service_auth_401_redirect: true }, headers: wrongSecret, status: 401 },
    ],
    [
        "service_auth_401_redirect: 401 for nothing shown",
        { application: { service_auth_401_redirect: true }, status: 401 },
    ],
    [
        "service_auth_401_redirect: 403 for a Block policy, instead of the login page too",
        {
            policies: (w, t) => [serviceAuth(w, t), w.policy("deny", [{ everyone: {} }])],
            application: { service_auth_401_redirect: true },
            status: 403,
        },
    ],
    [
        "one header: accepts both parts in JSON",
        {
            application: { read_service_tokens_from_header: "Authorization" },
            headers: (t) => ({ authorization: joint(t) }),
            status: 200,
        },
    ],
    [
        "one header: still accepts the two headers",
        { application: { read_service_tokens_from_header: "Authorization" }, headers: right, status: 200 },
    ],
    [
        "one header: rejects a bearer token",
        {
            application: { read_service_tokens_from_header: "Authorization" },
            headers: () => ({ authorization: "Bearer abc" }),
            status: 403,
        },
    ],
    [
        "one header: ignored where the application does not name it",
        { headers: (t) => ({ authorization: joint(t) }), status: 403 },
    ],
    [
        "accepts the secret before the last rotation until its date",
        {
            token: { previous_client_secret: "old", previous_client_secret_expires_at: NEVER },
            headers: (t) => shows(t, "old"),
            status: 200,
        },
    ],
    [
        "rejects the secret before the last rotation after its date",
        {
            token: { previous_client_secret: "old", previous_client_secret_expires_at: past },
            headers: (t) => shows(t, "old"),
            status: 403,
        },
    ],
    [
        "accepts the new secret during the overlap",
        {
            token: { previous_client_secret: "old", previous_client_secret_expires_at: NEVER },
            headers: right,
            status: 200,
        },
    ],
    [
        "rejects the previous secret of a disabled token too",
        {
            token: { enabled: false, previous_client_secret: "old", previous_client_secret_expires_at: NEVER },
            headers: (t) => shows(t, "old"),
            status: 403,
        },
    ],
    [
        "any_valid_service_token admits any token of the account",
        { policies: (w) => [w.policy("non_identity", [{ any_valid_service_token: {} }])], headers: other, status: 200 },
    ],
    [
        "any_valid_service_token rejects a wrong secret",
        {
            policies: (w) => [w.policy("non_identity", [{ any_valid_service_token: {} }])],
            headers: wrongSecret,
            status: 403,
        },
    ],
    [
        "also checks require",
        {
            policies: (w, t) => [
                w.policy("non_identity", [{ service_token: { token_id: t.id } }], {
                    require: [{ service_token: { token_id: w.token().id } }],
                }),
            ],
            headers: right,
            status: 403,
        },
    ],
    [
        "exclude rejects a caller that include admits",
        {
            policies: (w, t) => [
                w.policy("non_identity", [{ any_valid_service_token: {} }], {
                    exclude: [{ service_token: { token_id: t.id } }],
                }),
            ],
            headers: right,
            status: 403,
        },
    ],
    [
        "bypass for everyone disables authentication",
        { policies: (w) => [w.policy("bypass", [{ everyone: {} }])], status: 200 },
    ],
    [
        "checks Service Auth before Block",
        { policies: (w, t) => [w.policy("deny", [{ everyone: {} }]), serviceAuth(w, t)], headers: right, status: 200 },
    ],
    [
        "Block for everyone rejects even where login is allowed",
        { policies: (w) => [w.policy("deny", [{ everyone: {} }]), w.policy("allow", [{ everyone: {} }])], status: 403 },
    ],
    ["rejects every request of an application without policies", { policies: () => [], headers: right, status: 403 }],
    [
        "protects a path below the application's",
        { application: { domain: `${HOST}/v1` }, path: "/v1/completions", status: 403 },
    ],
    [
        "does not protect a path outside the application's",
        { application: { domain: `${HOST}/v1` }, path: "/v10", status: 200 },
    ],
    [
        "protects the path also when it is written with dots or doubled slashes",
        { application: { domain: `${HOST}/v1` }, path: "/x/..//%76%31/completions", status: 403 },
    ],
    [
        "a selector that is unsupported is named",
        { policies: (w) => [w.policy("non_identity", [{ geo: { country_code: "AE" } }])], status: 501 },
    ],
];
