/** The body of an Access application: its fields, and its hostnames in `domain`, `destinations` and `self_hosted_domains`. */
import { z } from "zod";
import type { AccessApplication, Account, Zone } from "../../account";
import { Unsupported, refused } from "../answer";
import { checked } from "../call";
import { isName } from "../dns/content";
import { MOST } from "../../account-limits";
import { policyFields, sessionDuration } from "./policies";

/** Valid application types that the emulator does not support. */
const TYPES = ["saas", "ssh", "vnc", "app_launcher", "warp", "biso", "bookmark", "dash_sso", "infrastructure", "rdp"];
const MORE_TYPES = ["mcp", "mcp_portal", "proxy_endpoint"];

const text = z.string().optional();
const flag = z.boolean().optional();
const reference = z.strictObject({ id: z.string(), precedence: z.number().int().min(1).optional() });
const inline = z.strictObject({ ...policyFields, precedence: z.number().int().min(1).optional() });

export const applicationBody = z.strictObject({
    type: z.string(),
    name: z.string().min(1, "required"),
    domain: text,
    destinations: z.array(z.strictObject({ type: z.string().default("public"), uri: z.string() })).optional(),
    self_hosted_domains: z.array(z.string()).optional(),
    policies: z.array(z.unknown()).default([]),
    session_duration: sessionDuration.default("24h"),
    allowed_idps: z.array(z.string()).max(0, "must be empty, because the sandbox has no identity provider").default([]),
    tags: z.array(z.string()).max(0, "must be empty, because the sandbox has no tags").default([]),
    app_launcher_visible: z.boolean().default(true),
    http_only_cookie_attribute: z.boolean().default(true),
    auto_redirect_to_identity: z.boolean().default(false),
    enable_binding_cookie: z.boolean().default(false),
    options_preflight_bypass: z.boolean().default(false),
    service_auth_401_redirect: z.boolean().default(false),
    read_service_tokens_from_header: z
        .string()
        .regex(/^[A-Za-z0-9-]+$/, "must be a header name")
        .optional(),
    same_site_cookie_attribute: z.enum(["none", "lax", "strict"]).optional(),
    ...{ path_cookie_attribute: flag, skip_interstitial: flag, allow_authenticate_via_warp: flag, allow_iframe: flag },
    ...{ skip_app_launcher_login_page: flag, use_clientless_isolation_app_launcher_url: flag },
    ...{ custom_deny_message: text, custom_deny_url: text, custom_non_identity_deny_url: text, logo_url: text },
    cors_headers: z.looseObject({}).optional(),
    custom_pages: z.array(z.string()).optional(),
});
export type ApplicationBody = z.infer<typeof applicationBody>;

/** An entry of `policies`: a reusable policy by id, or a whole policy. */
export type PolicyEntry = z.infer<typeof reference> | z.infer<typeof inline>;

export function policyEntries(policies: unknown[]): PolicyEntry[] {
    return policies.map((policy, i) => {
        if (typeof policy === "string") return { id: policy };
        const byId = typeof policy === "object" && policy !== null && "id" in policy;
        return byId
            ? checked(reference, policy, INVALID, `policies.${i}`)
            : checked(inline, policy, INVALID, `policies.${i}`);
    });
}

const INVALID = 12130;

export function checkType(type: string): void {
    if (type === "self_hosted") return;
    if ([...TYPES, ...MORE_TYPES].includes(type)) throw new Unsupported(`Access application of type ${type}`);
    throw refused(INVALID, `type: "${type}" is not an application type`);
}

/**
 * Returns the fields `domain`, `self_hosted_domains` and `destinations`. Missing fields are derived from the
 * fields in the body.
 * @param only the zone in the path, which must contain all hostnames
 * @param self the application that is changed; undefined for a new application
 */
export function hostnames(account: Account, body: ApplicationBody, only?: Zone, self?: AccessApplication) {
    for (const { type } of body.destinations ?? [])
        if (type !== "public") throw new Unsupported(`destination of type ${type}`);
    const destinations = body.destinations?.map(({ uri }) => uri);
    const listed = destinations ?? body.self_hosted_domains ?? (body.domain === undefined ? [] : [body.domain]);
    const domain = body.domain ?? listed[0];
    if (domain === undefined) throw refused(INVALID, "The application has no hostname. Set domain or destinations.");
    if (!listed.includes(domain)) throw refused(INVALID, `domain: must be one of the destinations (got "${domain}").`);
    if (listed.length > MOST.hostnamesPerApplication)
        throw refused(INVALID, `destinations: at most ${MOST.hostnamesPerApplication} (got ${listed.length}).`);
    const zones = only ? [only] : [...account.zones.values()];
    for (const one of listed) checkDomain(account, zones, one, self);
    return {
        domain,
        self_hosted_domains: listed,
        destinations: listed.map((uri) => ({ type: "public" as const, uri })),
    };
}

function checkDomain(account: Account, zones: Zone[], domain: string, self?: AccessApplication): void {
    const host = domain.split("/")[0];
    if (!isName(host.replaceAll("*", "x").toLowerCase()))
        throw refused(INVALID, `domain: must be host[/path] without a scheme (got "${domain}").`);
    if (!zones.some((zone) => host === zone.name || host.endsWith(`.${zone.name}`)))
        throw refused(INVALID, `domain: must be in a zone of this account (got "${domain}").`);
    const taken = [...account.applications.values()].some((a) => a !== self && a.self_hosted_domains.includes(domain));
    if (taken) throw refused(INVALID, `domain: another application already uses "${domain}".`);
}
