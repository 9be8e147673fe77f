/** Identifiers and secrets in Cloudflare's formats. */
import { createHash, randomBytes, randomInt } from "node:crypto";

/** Id of an account, zone, record, ruleset, rule or notification policy. All other ids are UUIDs. */
export const hexId = (): string => randomBytes(16).toString("hex");

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * A new secret of a service token. Its format since 2026-08-26: a prefix, 40 alphanumeric characters and a checksum of 8
 * characters. Cloudflare does not publish the algorithm of the checksum; the sandbox uses the start of a SHA-256 hash.
 */
export function clientSecret(): string {
    const body = Array.from({ length: 40 }, () => ALPHANUMERIC[randomInt(ALPHANUMERIC.length)]).join("");
    return `cfast_${body}${createHash("sha256").update(body).digest("hex").slice(0, 8)}`;
}
