/** Identifiers and secrets in Cloudflare's formats. */
import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";

/** Zones, records, rulesets, rules, health checks, notification policies. */
export const hexId = (): string => randomBytes(16).toString("hex");
/** Tunnels, connections, service tokens, policies, applications. */
export const uuid = (): string => randomUUID();
/** The audience tag of an application. */
export const audience = (): string => randomBytes(32).toString("hex");
export const clientId = (): string => `${randomBytes(16).toString("hex")}.access`;
/** At least 32 bytes, as base64. */
export const tunnelSecret = (): string => randomBytes(32).toString("base64");

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Format since 2026-08-26: a prefix, 40 alphanumerics and a checksum of 8 characters, whose algorithm is unknown. */
export function clientSecret(): string {
    const body = Array.from({ length: 40 }, () => ALPHANUMERIC[randomInt(ALPHANUMERIC.length)]).join("");
    return `cfast_${body}${createHash("sha256").update(body).digest("hex").slice(0, 8)}`;
}
