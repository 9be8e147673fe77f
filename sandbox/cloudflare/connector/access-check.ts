/**
 * `originRequest.access`: the connector's own check of the JWT of Access (cloudflared ingress/middleware/jwtvalidator.go,
 * proxy/proxy.go). Facts: a missing header or a token for another audience gets 403 with an empty body. A token that fails
 * verification (signature, issuer, expiry) is an error of cloudflared's middleware, and gets 502. An unknown `kid` always
 * causes a new fetch of the keys, and cached keys never expire. That is the behavior of Go's go-oidc, and differs from the
 * default of jose.
 */
import { createRemoteJWKSet, jwtVerify } from "jose";
import type { AccessRule } from "./ingress";

type Verdict = { pass: true } | { pass: false; status: 403 | 502; reason: string };

export class AccessCheck {
    private readonly keys;

    constructor(certsUrl: string) {
        this.keys = createRemoteJWKSet(new URL(certsUrl), { cooldownDuration: 0, cacheMaxAge: Infinity });
    }

    async verdict(rule: AccessRule, token: string | undefined): Promise<Verdict> {
        if (!token) return { pass: false, status: 403, reason: "no access token in request" };
        const issuer = `https://${rule.teamName}.cloudflareaccess.com`;
        try {
            const { payload } = await jwtVerify(token, this.keys, {
                algorithms: ["RS256"],
                issuer,
                requiredClaims: ["exp"],
            });
            const audience = [payload.aud ?? []].flat();
            if (audience.some((tag) => rule.audTag.includes(tag))) return { pass: true };
            return { pass: false, status: 403, reason: `Invalid token in jwt: [${audience.join(" ")}]` };
        } catch (error) {
            return { pass: false, status: 502, reason: (error as Error).message };
        }
    }
}
