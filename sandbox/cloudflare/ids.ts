/** Identifiers and secrets in Cloudflare's formats. */
import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";

/** Id of a zone, record, ruleset, rule, health check or notification policy. */
export const hexId = (): string => randomBytes(16).toString("hex");
/** Id of a tunnel, connection, service token, policy or application. */
export const uuid = (): string => randomUUID();
/** The audience tag of an application. */
export const audience = (): string => randomBytes(32).toString("hex");
export const clientId = (): string => `${randomBytes(16).toString("hex")}.access`;
/** A new tunnel secret: 32 bytes in base64. */
export const tunnelSecret = (): string => randomBytes(32).toString("base64");

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * A new secret of a service token. Its format since 2026-08-26: a prefix, 40 alphanumeric characters and a checksum of 8
 * characters. Cloudflare does not publish the algorithm of the checksum; the sandbox uses the start of a SHA-256 hash.
 */
export function clientSecret(): string {
    const body = Array.from({ length: 40 }, () => ALPHANUMERIC[randomInt(ALPHANUMERIC.length)]).join("");
    return `cfast_${body}${createHash("sha256").update(body).digest("hex").slice(0, 8)}`;
}
