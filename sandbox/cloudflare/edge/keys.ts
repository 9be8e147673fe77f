/** Access's signing key: RS256, published at `/cdn-cgi/access/certs` of the team's domain. Unlike the real key, it does not change. */
import { randomBytes } from "node:crypto";
import {
    createLocalJWKSet,
    exportJWK,
    generateKeyPair,
    jwtVerify,
    SignJWT,
    type CryptoKey,
    type JWK,
    type JWTPayload,
} from "jose";

export class SigningKeys {
    private constructor(
        private readonly privateKey: CryptoKey,
        private readonly jwk: JWK,
    ) {}

    static async create(): Promise<SigningKeys> {
        const { privateKey, publicKey } = await generateKeyPair("RS256");
        const kid = randomBytes(32).toString("hex");
        return new SigningKeys(privateKey, { kid, alg: "RS256", use: "sig", ...(await exportJWK(publicKey)) });
    }

    /** Body of `/cdn-cgi/access/certs`. */
    published(): { keys: JWK[] } {
        return { keys: [this.jwk] };
    }

    sign(payload: JWTPayload): Promise<string> {
        return new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid: this.jwk.kid }).sign(this.privateKey);
    }

    /** Whether a token is not expired, and has the right signature, issuer and audience. */
    verifies(token: string, issuer: string, audience: string): Promise<boolean> {
        const options = { algorithms: ["RS256"], issuer, audience, requiredClaims: ["exp"] };
        return jwtVerify(token, createLocalJWKSet(this.published()), options).then(
            () => true,
            () => false,
        );
    }
}
