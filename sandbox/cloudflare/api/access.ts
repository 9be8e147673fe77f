/**
 * Access: service tokens, policies, applications, the organization. An answer contains a token's secret only if the request
 * created it. The previous secret stays valid until `previous_client_secret_expires_at`, for which any time is accepted: the
 * dashboard offers 1 hour to 30 days, and no source names a limit of the API.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { Account, AccessApplication, AccessPolicy, ServiceToken } from "../account";
import { goDuration } from "../durations";
import { clientSecret, hexId } from "../ids";
import { applicationBody, policyBody, tokenBody } from "../objects";
import { ApiError, bodyOf, collection, product, without, type Route } from "./call";

const invalid = (message: string) => new ApiError(400, 12130, message);
/** Expiry date in answers for a token with duration "forever", because every answer must have a date. */
const FOREVER = "9999-12-31T23:59:59Z";

const tokens = collection<ServiceToken>({
    ...{ path: "accounts/{account}/access/service_tokens", group: "Access: Service Tokens", filters: ["name"] },
    missing: [12135, "access.api.error.service_token_not_found"],
    store: ({ account }) => account.serviceTokens,
    make: ({ account, body }, old) => {
        const { previous_client_secret_expires_at: until, ...said } = bodyOf(tokenBody, body);
        const version = said.client_secret_version ?? old?.client_secret_version ?? 1;
        // Only a greater version rotates. Otherwise the answer has no secret, and the provider keeps the one in its state.
        const rotates = old !== undefined && version > old.client_secret_version;
        const keeps = old !== undefined && !rotates;
        const overlap = until ?? (keeps ? old.previous_client_secret_expires_at : undefined);
        const previous = rotates ? old.client_secret : old?.previous_client_secret;
        return {
            id: old?.id ?? randomUUID(),
            ...{ ...said, client_secret_version: version },
            client_id: old?.client_id ?? `${hexId()}.access`,
            client_secret: keeps ? old.client_secret : clientSecret(),
            ...(overlap && { previous_client_secret_expires_at: overlap }),
            ...(overlap && previous && { previous_client_secret: previous }),
            // The duration starts at each write.
            expires_at: said.duration === "forever" ? FOREVER : account.stamp(goDuration(said.duration)),
            ...times(account, old),
        };
    },
    show: (_, token) => without(token, "client_secret", "previous_client_secret"),
    written: (_, token, before) =>
        without(token, "previous_client_secret", before?.client_secret === token.client_secret ? "client_secret" : ""),
    remove: ({ account }, { id }) => {
        const user = [...account.policies.values()].find((policy) => tokensOf(policy).includes(id));
        if (user) throw new ApiError(400, 12131, `The service token is used in the policy "${user.name}"`);
        account.serviceTokens.delete(id);
    },
});

const times = (account: Account, old?: { created_at: string }) => {
    const updated_at = account.stamp();
    return { created_at: old?.created_at ?? updated_at, updated_at };
};
const tokensOf = ({ include, exclude, require }: Pick<AccessPolicy, "include" | "exclude" | "require">): string[] =>
    [...include, ...exclude, ...require].flatMap((one) => one.service_token?.token_id ?? []);

const policies = collection<AccessPolicy>({
    ...{ path: "accounts/{account}/access/policies", group: "Access: Apps and Policies" },
    missing: [12135, "access.api.error.policy_not_found"],
    store: ({ account }) => account.policies,
    make: ({ account, body }, old) => {
        const policy = bodyOf(policyBody, body);
        const unknown = tokensOf(policy).find((id) => !account.serviceTokens.has(id));
        if (unknown !== undefined) throw invalid(`unknown service token ${unknown}`);
        return { ...policy, id: old?.id ?? randomUUID(), ...times(account, old) };
    },
    show: ({ account }, policy) => ({ ...policy, reusable: true, app_count: usersOf(account, policy) }),
    remove: ({ account }, policy) => {
        if (usersOf(account, policy) > 0)
            throw new ApiError(400, 12132, "The policy is used by an application. Remove the policy from it first");
        account.policies.delete(policy.id);
    },
});
const usersOf = (account: Account, { id }: AccessPolicy): number =>
    [...account.applications.values()].filter((one) => one.policies.some((policy) => policy.id === id)).length;

/** Why the account cannot have an application for one of the domains. */
function domainProblem(account: Account, domains: string[], own?: string): string | undefined {
    const zones = [...account.zones.values()].map(({ name }) => name);
    const taken = [...account.applications.values()].flatMap((a) => (a.id === own ? [] : a.self_hosted_domains));
    const wrong = domains.find((domain) => {
        const [host] = domain.split("/");
        const inZone = zones.some((zone) => host === zone || host.endsWith(`.${zone}`));
        return !inZone || domain.includes("*") || taken.includes(domain);
    });
    return wrong && `domain: ${wrong} has a wildcard, is in no zone of this account, or is another application's`;
}

const applications = collection<AccessApplication>({
    ...{ path: "accounts/{account}/access/apps", group: "Access: Apps and Policies", filters: ["name", "domain"] },
    missing: [12135, "access.api.error.application_not_found"],
    store: ({ account }) => account.applications,
    make: ({ account, body }, old) => {
        const { destinations, self_hosted_domains, ...said } = bodyOf(applicationBody, body);
        const listed = destinations?.map(({ uri }) => uri) ?? self_hosted_domains ?? [said.domain ?? ""];
        const domain = said.domain ?? listed[0];
        const unknown = said.policies.find(({ id }) => !account.policies.has(id));
        const problem = unknown ? `unknown policy ${unknown.id}` : domainProblem(account, [domain, ...listed], old?.id);
        if (problem !== undefined || !listed.includes(domain)) throw invalid(problem ?? "domain: not a destination");
        return {
            ...{ ...said, domain, self_hosted_domains: listed },
            policies: said.policies.map(({ id, precedence }, i) => ({ id, precedence: precedence ?? i + 1 })),
            ...{ id: old?.id ?? randomUUID(), aud: old?.aud ?? randomBytes(32).toString("hex") },
            ...times(account, old),
        };
    },
    show: ({ account }, application) => ({
        ...application,
        destinations: application.self_hosted_domains.map((uri) => ({ type: "public", uri })),
        policies: application.policies.map((one) => ({ ...account.policies.get(one.id), ...one, reusable: true })),
    }),
});

const organizations = product("Access: Organizations, Identity Providers, and Groups");

export const accessRoutes: Route[] = [
    ...[...tokens, ...policies, ...applications],
    organizations("GET", "accounts/{account}/access/organizations", ({ account }) => ({
        result: account.organization,
    })),
];
