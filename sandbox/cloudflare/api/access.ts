/**
 * Access: service tokens, policies, applications, the organization. An answer contains a token's secret only if the request
 * created it. The previous secret stays valid until `previous_client_secret_expires_at`, for which any time is accepted: the
 * dashboard offers 1 hour to 30 days, and no source names a limit of the API.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { isStrictForGood, type AccessApplication, type AccessPolicy, type ServiceToken } from "../account";
import { goDuration } from "../durations";
import { clientSecret, hexId } from "../ids";
import { ApiError, Unsupported } from "./answer";
import { bodyOf, collection, product, without, type Call, type Route } from "./call";

const INVALID = 12130;
const name = z.string().min(1);
const never = z.literal(false).optional();
const none = z.array(z.string()).max(0).optional();
const duration = z.string().refine((text) => (goDuration(text) ?? 0) > 0, { error: "must be a duration like 24h" });
/** Expiry date in answers for a token with duration "forever", because every answer must have a date. */
const FOREVER = "9999-12-31T23:59:59Z";

const tokenBody = z.strictObject({
    name,
    duration: z.union([z.literal("forever"), duration]).default("8760h"),
    client_secret_version: z.number().int().min(1).optional(),
    previous_client_secret_expires_at: z.iso.datetime({ offset: true }).optional(),
    enabled: z.boolean().default(true),
});

const tokens = collection<ServiceToken>({
    ...{ path: "accounts/{account}/access/service_tokens", group: "Access: Service Tokens", filters: ["name"] },
    missing: [12135, "access.api.error.service_token_not_found"],
    store: ({ account }) => account.serviceTokens,
    make: ({ account, body }, old) => {
        const {
            client_secret_version: wanted,
            previous_client_secret_expires_at: until,
            ...said
        } = bodyOf(tokenBody, body);
        // Only a greater version rotates. Otherwise the answer has no secret, and the provider keeps the one in its state.
        const rotates = old !== undefined && (wanted ?? 0) > old.client_secret_version;
        const keeps = old !== undefined && !rotates;
        const overlap = until ?? (keeps ? old.previous_client_secret_expires_at : undefined);
        const previous = rotates ? old.client_secret : old?.previous_client_secret;
        return {
            id: old?.id ?? randomUUID(),
            ...said,
            client_id: old?.client_id ?? `${hexId()}.access`,
            client_secret: keeps ? old.client_secret : clientSecret(),
            client_secret_version: wanted ?? old?.client_secret_version ?? 1,
            ...(overlap && { previous_client_secret_expires_at: overlap }),
            ...(overlap && previous && { previous_client_secret: previous }),
            // The duration starts at each write.
            expires_at: said.duration === "forever" ? FOREVER : account.stamp(goDuration(said.duration)),
            created_at: old?.created_at ?? account.stamp(),
            updated_at: account.stamp(),
        };
    },
    show: (_, token) => without(token, "client_secret", "previous_client_secret"),
    written: (_, token, before) =>
        without(token, "previous_client_secret", before?.client_secret === token.client_secret ? "client_secret" : ""),
    mayRemove: ({ account }, { id }) => {
        const user = [...account.policies.values()].find((policy) => tokensOf(policy).includes(id));
        if (user) throw new ApiError(400, 12131, `The service token is used in the policy "${user.name}"`);
    },
});

const empty = z.strictObject({});
const selector = z.record(z.string(), z.record(z.string(), z.string())).superRefine((given) => {
    const [kind, ...more] = Object.keys(given);
    if (more.length > 0 || !(kind in SELECTORS)) throw new Unsupported(`Access selector ${[kind, ...more].join(", ")}`);
    bodyOf(SELECTORS[kind], given[kind]);
});
const SELECTORS: Record<string, z.ZodType> = {
    service_token: z.strictObject({ token_id: z.string() }),
    ...{ any_valid_service_token: empty, everyone: empty },
};
const selectors = z.array(selector);
const policyBody = z.strictObject({
    name,
    decision: z.enum(["allow", "deny", "non_identity", "bypass"]),
    include: selectors.min(1),
    exclude: selectors.default([]),
    require: selectors.default([]),
    session_duration: duration.optional(),
    ...{ approval_required: never, isolation_required: never, purpose_justification_required: never },
});

const tokensOf = ({ include, exclude, require }: Pick<AccessPolicy, "include" | "exclude" | "require">): string[] =>
    [...include, ...exclude, ...require].flatMap((one) => one.service_token?.token_id ?? []);

const policies = collection<AccessPolicy>({
    ...{ path: "accounts/{account}/access/policies", group: "Access: Apps and Policies" },
    missing: [12135, "access.api.error.policy_not_found"],
    store: ({ account }) => account.policies,
    make: ({ account, body }, old) => {
        const policy = bodyOf(policyBody, body);
        const unknown = tokensOf(policy).find((id) => !account.serviceTokens.has(id));
        if (unknown !== undefined) throw new ApiError(400, INVALID, `unknown service token ${unknown}`);
        const now = account.stamp();
        return { ...policy, id: old?.id ?? randomUUID(), created_at: old?.created_at ?? now, updated_at: now };
    },
    show: ({ account }, policy) => ({
        ...policy,
        reusable: true,
        app_count: users(account.applications, policy).length,
    }),
    mayRemove: ({ account }, policy) => {
        if (users(account.applications, policy).length > 0)
            throw new ApiError(400, 12132, "The policy is used by an application. Remove the policy from it first");
    },
});
const users = (applications: Call["account"]["applications"], { id }: AccessPolicy) =>
    [...applications.values()].filter(({ policies }) => policies.some((policy) => policy.id === id));

const applicationBody = z.strictObject({
    name,
    type: z.literal("self_hosted"),
    domain: z.string().optional(),
    destinations: z.array(z.strictObject({ type: z.literal("public").default("public"), uri: z.string() })).optional(),
    self_hosted_domains: z.array(z.string()).optional(),
    policies: z.array(z.strictObject({ id: z.string(), precedence: z.number().optional() })).default([]),
    session_duration: duration.default("24h"),
    app_launcher_visible: z.boolean().default(true),
    http_only_cookie_attribute: z.literal(true).default(true),
    service_auth_401_redirect: z.boolean().default(false),
    read_service_tokens_from_header: z.string().optional(),
    ...{ auto_redirect_to_identity: never, enable_binding_cookie: never, options_preflight_bypass: never },
    ...{ allowed_idps: none, tags: none },
});

const applications = collection<AccessApplication>({
    ...{ path: "accounts/{account}/access/apps", group: "Access: Apps and Policies", filters: ["name", "domain"] },
    missing: [12135, "access.api.error.application_not_found"],
    store: ({ account }) => account.applications,
    make: ({ account, body }, old) => {
        const { destinations, self_hosted_domains, ...said } = bodyOf(applicationBody, body);
        const listed = destinations?.map(({ uri }) => uri) ?? self_hosted_domains ?? [said.domain ?? ""];
        const domain = said.domain ?? listed[0];
        const zones = [...account.zones.values()].map((zone) => zone.name);
        for (const one of [domain, ...listed]) {
            const [host, ...path] = one.split("/");
            if (`${host}${path.join()}`.includes("*")) throw new Unsupported(`a wildcard in the domain ${one}`);
            if (!listed.includes(one) || !zones.some((zone) => host === zone || host.endsWith(`.${zone}`)))
                throw new ApiError(
                    400,
                    INVALID,
                    `domain: ${one} must be one of the destinations, in a zone of this account`,
                );
            if ([...account.applications.values()].some((a) => a.id !== old?.id && a.self_hosted_domains.includes(one)))
                throw new ApiError(400, INVALID, `domain: another application already uses "${one}".`);
        }
        const unknown = said.policies.find(({ id }) => !account.policies.has(id));
        if (unknown) throw new ApiError(400, INVALID, `policies: unknown policy ${unknown.id}.`);
        const now = account.stamp();
        return {
            ...{ ...said, domain, self_hosted_domains: listed },
            policies: said.policies.map(({ id, precedence }, i) => ({ id, precedence: precedence ?? i + 1 })),
            ...{ id: old?.id ?? randomUUID(), aud: old?.aud ?? randomBytes(32).toString("hex") },
            ...{ created_at: old?.created_at ?? now, updated_at: now },
        };
    },
    show: ({ account }, application) => ({
        ...application,
        destinations: application.self_hosted_domains.map((uri) => ({ type: "public", uri })),
        policies: application.policies.map((policy) => ({
            ...account.policies.get(policy.id),
            ...policy,
            reusable: true,
        })),
    }),
});

const organizations = product("Access: Organizations, Identity Providers, and Groups");
const ORGANIZATION = "accounts/{account}/access/organizations";

export const accessRoutes: Route[] = [
    ...tokens,
    ...policies,
    ...applications,
    organizations("GET", ORGANIZATION, ({ account }) => ({ result: account.organization })),
    organizations("PATCH", ORGANIZATION, ({ account, body }) => {
        const { strict_service_token_auth: strict } = bodyOf(
            z.strictObject({ strict_service_token_auth: z.boolean() }),
            body,
        );
        if (!strict && isStrictForGood(account.organization))
            throw new ApiError(400, INVALID, "strict_service_token_auth: cannot be turned off in this organization");
        account.organization.strict_service_token_auth = strict;
        return { result: account.organization };
    }),
];
