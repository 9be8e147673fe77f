/**
 * Access's signing key: RS256, published as `{keys, public_cert, public_certs}` at `/cdn-cgi/access/certs` of the team's domain.
 * Unlike the real key, it does not change.
 */
import { createHash, createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { createLocalJWKSet, exportJWK, jwtVerify, SignJWT, type JWK, type JWTPayload } from "jose";
import { generate } from "selfsigned";

export class SigningKeys {
    private constructor(
        private readonly privateKey: KeyObject,
        private readonly jwk: JWK,
        private readonly cert: string,
    ) {}

    static async create(): Promise<SigningKeys> {
        const name = [{ name: "commonName", value: "cloudflareaccess.com" }];
        const { cert, private: key } = await generate(name, { keySize: 2048, algorithm: "sha256" });
        const { publicKey } = new X509Certificate(cert);
        const der = publicKey.export({ type: "spki", format: "der" });
        const kid = createHash("sha256").update(der).digest("hex");
        return new SigningKeys(
            createPrivateKey(key),
            { kid, alg: "RS256", use: "sig", ...(await exportJWK(publicKey)) },
            cert,
        );
    }

    /** Body of `/cdn-cgi/access/certs`. */
    published(): object {
        const cert = { kid: this.jwk.kid, cert: this.cert };
        return { keys: [this.jwk], public_cert: cert, public_certs: [cert] };
    }

    sign(payload: JWTPayload): Promise<string> {
        return new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid: this.jwk.kid }).sign(this.privateKey);
    }

    /** Whether a token is not expired, and has the right signature, issuer and audience. */
    verifies(token: string, issuer: string, audience: string): Promise<boolean> {
        const options = { algorithms: ["RS256"], issuer, audience, requiredClaims: ["exp"] };
        return jwtVerify(token, createLocalJWKSet({ keys: [this.jwk] }), options).then(
            () => true,
            () => false,
        );
    }
}
