/**
 * Access: admits a request and issues its JWT, or answers the request itself. Facts: Cloudflare's documentation of Access, for
 * classic and for strict service-token auth. Assumptions where the documentation leaves something open:
 * - In strict mode, a request without token headers gets 403 if the application has only Service Auth policies.
 * - With `service_auth_401_redirect`, an application with Service Auth policies rejects requests with 401. A Block policy still
 * rejects with 403: the setting only replaces redirects to the login, and a Block policy never redirects.
 * - Duplicated headers: 401 in strict mode; in classic mode the first value counts.
 * - In strict mode, the cookie of an earlier answer to a service token is not accepted.
 *
 * Unsupported: login, CORS settings of an application, other settings that concern people.
 */
import type { AccessApplication, Account } from "../../account";
import { goDuration } from "../../durations";
import { accessPage } from "../pages";
import { Unsupported, values, type EdgeAnswer, type EdgeRequest } from "../types";
import { applicationOf } from "./applications";
import type { SigningKeys } from "./keys";
import { judge } from "./policies";
import { secretHeaders, shownBy } from "./service-tokens";

const COOKIE = "CF_Authorization";

type Decision =
    /**
     * `jwt`: the JWT that the origin gets. `cookie`: value of Set-Cookie for the answer. `strip`: names of headers with
     * secrets, which the origin must not get. `caller`: name of the service token.
     */
    | { pass: true; jwt?: string; cookie?: string; strip: string[]; caller?: string }
    | { pass: false; answer: EdgeAnswer };

export async function decide(request: EdgeRequest, account: Account, keys: SigningKeys): Promise<Decision> {
    const application = applicationOf(account.applications.values(), request.hostname, request.path);
    const strip = secretHeaders(application);
    if (!application) return { pass: true, strip };
    if (request.method === "OPTIONS" && values(request.headers, "access-control-request-method").length > 0) {
        if (application.options_preflight_bypass) return { pass: true, strip };
        if (application.cors_headers) throw new Unsupported(`cors_headers of the application ${application.name}`);
    }

    const strict = account.organization.strict_service_token_auth;
    const shown = shownBy(request.headers, application, account);
    const refused = shown.kind === "wrong" || (strict && shown.kind === "token" && shown.duplicated);
    const token = shown.kind === "token" && !refused ? shown.token : undefined;
    const judged = judge(application, account, { ip: request.ip, token });

    if (judged.met === "bypass") return { pass: true, strip }; // Access issues no JWT for a Bypass policy
    if (judged.met === "non_identity" && !(strict && refused)) {
        const jwt = await issue(application, account, keys, token?.client_id);
        return {
            pass: true,
            jwt,
            strip,
            caller: token?.name,
            ...(strict || !token ? {} : { cookie: cookie(application, jwt) }),
        };
    }
    if (strict && shown.kind !== "nothing") {
        return { pass: false, answer: accessPage(refused ? 401 : 403, request) };
    }
    if (judged.met !== "deny" && !strict) {
        const jwt = await replayed(request, application, account, keys);
        if (jwt) return { pass: true, jwt, strip };
    }
    if (application.service_auth_401_redirect && judged.hasServiceAuth && judged.met !== "deny") {
        return { pass: false, answer: accessPage(401, request) };
    }
    if (judged.hasLogin && judged.met !== "deny") return { pass: false, answer: login(request, application, account) };
    return { pass: false, answer: accessPage(403, request) };
}

const issuer = (account: Account): string => `https://${account.organization.auth_domain}`;

/** Issues the JWT of a service token. It has `type: app`, `sub: ""` and no e-mail. */
async function issue(
    application: AccessApplication,
    account: Account,
    keys: SigningKeys,
    clientId: string | undefined,
): Promise<string> {
    const iat = Math.floor(Date.now() / 1000);
    return keys.sign({
        type: "app",
        aud: [application.aud],
        exp: iat + sessionSeconds(application),
        iss: issuer(account),
        ...(clientId === undefined ? {} : { common_name: clientId }),
        iat,
        sub: "",
    });
}

function sessionSeconds(application: AccessApplication): number {
    const seconds = goDuration(application.session_duration);
    if (!seconds) throw new Unsupported(`the session duration ${application.session_duration}`);
    return seconds;
}

function cookie(application: AccessApplication, jwt: string): string {
    const httpOnly = application.http_only_cookie_attribute === false ? "" : "; HttpOnly";
    return `${COOKIE}=${jwt}; Path=/; Max-Age=${sessionSeconds(application)}; Secure${httpOnly}`;
}

/**
 * Result for a request that has the cookie of an earlier answer instead of a token. The cookie is valid until the session ends.
 */
async function replayed(
    request: EdgeRequest,
    application: AccessApplication,
    account: Account,
    keys: SigningKeys,
): Promise<string | undefined> {
    for (const header of values(request.headers, "cookie"))
        for (const part of header.split(/;\s*/)) {
            if (!part.startsWith(`${COOKIE}=`)) continue;
            const jwt = part.slice(COOKIE.length + 1);
            if (await keys.verify(jwt, issuer(account), application.aud)) return jwt;
        }
    return undefined;
}

function login(request: EdgeRequest, application: AccessApplication, account: Account): EdgeAnswer {
    const query = new URLSearchParams({ kid: application.aud, redirect_url: request.target });
    const location = `${issuer(account)}/cdn-cgi/access/login/${request.hostname}?${query.toString()}`;
    return { status: 302, headers: [["Location", location]], type: "text/html", body: "" };
}
