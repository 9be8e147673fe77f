/** Zone settings with their valid and initial values. The emulator does not support settings that are missing here. */
import { z } from "zod";
import type { Json, Plan, Zone } from "./objects";

const onOff = z.enum(["on", "off"]);

interface Setting {
    values: z.ZodType<Json>;
    initial: Json;
    /** Lowest plan with which a zone can change the setting. @default free */
    plan?: Plan;
}

const oneOf = (...numbers: number[]) => z.literal(numbers);
/** Valid browser cache TTLs above three hours, in seconds. */
const LONG_TTLS = [
    ...[14400, 18000, 28800, 43200, 57600, 72000, 86400, 172800, 259200, 345600, 432000, 691200, 1382400, 2073600],
    ...[2678400, 5356800, 16070400, 31536000],
];

/**
 * Longest time between two bytes of an origin's answer, in seconds (Cloudflare's documentation of connection limits, 2026; the
 * limit was 100 before).
 */
export const PROXY_READ_TIMEOUT = 125;

export const SETTINGS: Record<string, Setting> = {
    always_online: { values: onOff, initial: "off" },
    always_use_https: { values: onOff, initial: "off" },
    automatic_https_rewrites: { values: onOff, initial: "on" },
    brotli: { values: onOff, initial: "on" },
    browser_cache_ttl: {
        values: oneOf(0, 30, 60, 120, 300, 1200, 1800, 3600, 7200, 10800, ...LONG_TTLS),
        initial: 14400,
    },
    browser_check: { values: onOff, initial: "on" },
    cache_level: { values: z.enum(["bypass", "basic", "simplified", "aggressive"]), initial: "aggressive" },
    development_mode: { values: onOff, initial: "off" },
    email_obfuscation: { values: onOff, initial: "on" },
    http2: { values: onOff, initial: "on" },
    http3: { values: onOff, initial: "on" },
    ip_geolocation: { values: onOff, initial: "on" },
    ipv6: { values: onOff, initial: "on" },
    min_tls_version: { values: z.enum(["1.0", "1.1", "1.2", "1.3"]), initial: "1.0" },
    opportunistic_encryption: { values: onOff, initial: "on" },
    proxy_read_timeout: { values: z.number().int().min(1).max(6000), initial: PROXY_READ_TIMEOUT, plan: "enterprise" },
    response_buffering: { values: onOff, initial: "off", plan: "enterprise" },
    rocket_loader: { values: onOff, initial: "off" },
    security_header: {
        values: z.strictObject({
            strict_transport_security: z.strictObject({
                enabled: z.boolean().optional(),
                include_subdomains: z.boolean().optional(),
                max_age: z.number().int().min(0).optional(),
                nosniff: z.boolean().optional(),
                preload: z.boolean().optional(),
            }),
        }) as unknown as z.ZodType<Json>,
        initial: {
            strict_transport_security: { enabled: false, include_subdomains: false, max_age: 0, nosniff: false },
        },
    },
    security_level: {
        values: z.enum(["off", "essentially_off", "low", "medium", "high", "under_attack"]),
        initial: "medium",
    },
    ssl: { values: z.enum(["off", "flexible", "full", "strict"]), initial: "full" },
    tls_1_3: { values: z.enum(["on", "off", "zrt"]), initial: "on" },
    websockets: { values: onOff, initial: "on" },
    "0rtt": { values: onOff, initial: "off" },
};

/** Value of a setting in a zone: the changed value, or else the initial one. */
export function settingOf(zone: Zone, id: string): Json {
    return zone.settings.has(id) ? (zone.settings.get(id)?.value as Json) : SETTINGS[id].initial;
}
