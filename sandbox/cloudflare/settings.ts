/** Zone settings that the sandbox emulates, with their initial values. */
import type { Json, Zone } from "./objects";

export const SETTINGS: Record<string, Json> = {
    /** Browser Integrity Check, see edge/rules.ts. */
    browser_check: "on",
    /**
     * Longest time between two bytes of an origin's answer, in seconds (Cloudflare's documentation of connection limits, 2026;
     * the limit was 100 before). Only plan Enterprise can change it.
     */
    proxy_read_timeout: 125,
};

export const settingOf = (zone: Zone, id: string): Json => zone.settings[id] ?? SETTINGS[id];
