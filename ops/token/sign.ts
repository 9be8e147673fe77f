import { SignJWT, type JWTPayload } from "jose";

/** Signs a token with the secret of an HS256 credential. */
export function signToken(secret: string, claims: JWTPayload, ttlSeconds: number, now: Date): Promise<string> {
    const seconds = Math.floor(now.getTime() / 1000);
    return new SignJWT(claims)
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + ttlSeconds)
        .sign(new TextEncoder().encode(secret));
}
