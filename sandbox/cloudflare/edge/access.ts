/**
 * Access: admits a request and issues its JWT, or answers the request itself. Facts: Cloudflare's documentation of Access, for
 * classic and for strict service-token auth. An application's path includes all paths below it, and the longest path wins. A
 * policy matches if any selector of `include`, all of `require` and none of `exclude` match; Bypass and Service Auth are
 * evaluated before Block and Allow. An Allow policy needs a person, so it never matches here: the edge offers the login page.
 * Assumptions where the documentation leaves something open:
 * - In strict mode, a request without token headers gets 403 if the application has only Service Auth policies.
 * - With `service_auth_401_redirect`, an application with Service Auth policies rejects requests with 401. A Block policy still
 *   rejects with 403: the setting only replaces redirects to the login, and a Block policy never redirects.
 * - Duplicated headers: 401 in strict mode; in classic mode the first value counts.
 * - In strict mode, the cookie of an earlier answer to a service token is not accepted.
 */
import type { AccessApplication, AccessPolicy, Account, Selector, ServiceToken } from "../account";
import { goDuration } from "../durations";
import type { SigningKeys } from "./keys";
import { secretHeaders, shownBy } from "./service-tokens";
import { errorPage, values, type EdgeAnswer, type EdgeRequest } from "./types";

const COOKIE = "CF_Authorization";

type Decision =
    /**
     * `jwt`: the JWT that the origin gets. `cookie`: value of Set-Cookie for the answer. `strip`: names of headers with
     * secrets, which the origin must not get. `caller`: name of the service token.
     */
    | { pass: true; jwt?: string; cookie?: string; strip: string[]; caller?: string }
    | { pass: false; answer: EdgeAnswer };

export async function decide(request: EdgeRequest, account: Account, keys: SigningKeys): Promise<Decision> {
    const application = applicationOf(account, request);
    const strip = secretHeaders(application);
    if (!application) return { pass: true, strip };

    const { strict_service_token_auth: strict, auth_domain } = account.organization;
    const issuer = `https://${auth_domain}`;
    const shown = shownBy(request.headers, application, account);
    const refused = shown.kind === "wrong" || (strict && shown.kind === "token" && shown.duplicated);
    const token = shown.kind === "token" && !refused ? shown.token : undefined;
    const policies = [...application.policies]
        .sort((a, b) => a.precedence - b.precedence)
        .flatMap(({ id }) => account.policies.get(id) ?? []);
    const of = (...decisions: AccessPolicy["decision"][]) => policies.filter((one) => decisions.includes(one.decision));
    const met = [...of("bypass", "non_identity"), ...of("deny")].find((policy) => admits(policy, token))?.decision;

    if (met === "bypass") return { pass: true, strip }; // Access issues no JWT for a Bypass policy
    if (met === "non_identity" && !(strict && refused)) {
        const seconds = goDuration(application.session_duration)!;
        const jwt = await keys.sign(claims(application.aud, issuer, seconds, token?.client_id));
        const cookie = `${COOKIE}=${jwt}; Path=/; Max-Age=${seconds}; Secure; HttpOnly`;
        return { pass: true, jwt, strip, caller: token?.name, ...(!strict && token && { cookie }) };
    }
    const refuse = (status: 401 | 403) => ({
        ...{ pass: false as const, answer: errorPage(status, request, "Cloudflare Access.") },
    });
    if (strict && shown.kind !== "nothing") return refuse(refused ? 401 : 403);
    if (met === "deny") return refuse(403);
    const jwt = strict ? undefined : await replayed(request, application.aud, issuer, keys);
    if (jwt) return { pass: true, jwt, strip };
    if (application.service_auth_401_redirect && of("non_identity").length > 0) return refuse(401);
    if (of("allow").length === 0) return refuse(403);
    const query = new URLSearchParams({ kid: application.aud, redirect_url: request.target });
    const location = `${issuer}/cdn-cgi/access/login/${request.hostname}?${query}`;
    return { pass: false, answer: { status: 302, headers: [["Location", location]], type: "text/html", body: "" } };
}

/** The application with the longest path that includes the path of the request. */
function applicationOf(account: Account, { hostname, path }: EdgeRequest): AccessApplication | undefined {
    const domains = [...account.applications.values()].flatMap((application) =>
        application.self_hosted_domains.map((domain) => ({ application, domain: domain.replace(/\/+$/, "") })),
    );
    const place = `${hostname}${path}`;
    return domains
        .filter(({ domain }) => place === domain || place.startsWith(`${domain}/`))
        .sort((a, b) => b.domain.length - a.domain.length)[0]?.application;
}

function admits(policy: AccessPolicy, token: ServiceToken | undefined): boolean {
    const matches = (selector: Selector) => {
        if (selector.everyone) return true;
        if (selector.any_valid_service_token) return token !== undefined;
        return token !== undefined && token.id === selector.service_token?.token_id;
    };
    return policy.include.some(matches) && policy.require.every(matches) && !policy.exclude.some(matches);
}

/**
 * The JWT of a service token has `type: app`, `sub: ""` and no e-mail. Its times are those of the machine's clock, which the
 * connector and the origin use to verify it.
 */
function claims(aud: string, iss: string, seconds: number, common_name?: string) {
    const iat = Math.floor(Date.now() / 1000);
    return { type: "app", aud: [aud], exp: iat + seconds, iss, ...(common_name && { common_name }), iat, sub: "" };
}

/** JWT of a request that has the cookie of an earlier answer instead of a token. The cookie is valid until the session ends. */
async function replayed(
    { headers }: EdgeRequest,
    audience: string,
    issuer: string,
    keys: SigningKeys,
): Promise<string | undefined> {
    const cookies = values(headers, "cookie").flatMap((header) => header.split(/;\s*/));
    for (const cookie of cookies.filter((text) => text.startsWith(`${COOKIE}=`))) {
        const jwt = cookie.slice(COOKIE.length + 1);
        if (await keys.verifies(jwt, issuer, audience)) return jwt;
    }
    return undefined;
}
