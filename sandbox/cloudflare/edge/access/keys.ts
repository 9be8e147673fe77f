/**
 * Access's signing keys. Facts: RS256; the key set is `{keys, public_cert, public_certs}` at `/cdn-cgi/access/certs` of the
 * team's domain; a key lasts 6 weeks, and the previous key stays in the set for 7 more days. Keys are rotated by the account's
 * clock, or on request. Tokens contain times of the machine's clock, because the verifiers of tokens (connector,
 * origin) use it.
 */
import { createHash, createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { createLocalJWKSet, exportJWK, jwtVerify, SignJWT, type JWK, type JWTPayload } from "jose";
import { generate } from "selfsigned";

const LIFETIME_MS = 6 * 7 * 24 * 3600 * 1000;
const OVERLAP_MS = 7 * 24 * 3600 * 1000;

interface Key {
    kid: string;
    privateKey: KeyObject;
    jwk: JWK;
    cert: string;
    since: number;
}

export class SigningKeys {
    /** Keys of the set; the first one signs. */
    private keys: Key[] = [];
    private rotating?: Promise<void>;

    private constructor(private readonly now: () => Date) {}

    static async create(now: () => Date): Promise<SigningKeys> {
        const keys = new SigningKeys(now);
        await keys.rotate();
        return keys;
    }

    async rotate(): Promise<void> {
        this.keys = [await makeKey(this.now().getTime()), ...this.keys.slice(0, 1)];
    }

    /** Body of `/cdn-cgi/access/certs`. */
    async published(): Promise<{ keys: JWK[]; public_cert: object; public_certs: object[] }> {
        await this.followClock();
        const certs = this.keys.map(({ kid, cert }) => ({ kid, cert }));
        return { keys: this.keys.map((key) => key.jwk), public_cert: certs[0], public_certs: certs };
    }

    async sign(payload: JWTPayload): Promise<string> {
        await this.followClock();
        const [{ kid, privateKey }] = this.keys;
        return new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);
    }

    /** @returns the payload; undefined for a token that is expired, or has a wrong signature, issuer or audience */
    async verify(token: string, issuer: string, audience: string): Promise<JWTPayload | undefined> {
        await this.followClock();
        const set = createLocalJWKSet({ keys: this.keys.map((key) => key.jwk) });
        const options = { algorithms: ["RS256"], issuer, audience, requiredClaims: ["exp"] };
        return jwtVerify(token, set, options).then(
            (result) => result.payload,
            () => undefined,
        );
    }

    private async followClock(): Promise<void> {
        const age = () => this.now().getTime() - this.keys[0].since;
        if (age() > LIFETIME_MS) this.rotating ??= this.rotate().finally(() => (this.rotating = undefined));
        await this.rotating; // concurrent calls share one rotation, because two would drop the previous key
        if (age() > OVERLAP_MS) this.keys = this.keys.slice(0, 1);
    }
}

async function makeKey(since: number): Promise<Key> {
    const pems = await generate([{ name: "commonName", value: "cloudflareaccess.com" }], {
        keySize: 2048,
        algorithm: "sha256",
    });
    const publicKey = new X509Certificate(pems.cert).publicKey;
    const kid = createHash("sha256")
        .update(publicKey.export({ type: "spki", format: "der" }))
        .digest("hex");
    const jwk = { kid, alg: "RS256", use: "sig", ...(await exportJWK(publicKey)) };
    return { kid, privateKey: createPrivateKey(pems.private), jwk, cert: pems.cert, since };
}
