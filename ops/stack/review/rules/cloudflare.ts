/** Properties that every kind at Cloudflare has. */
import { nothing, type Row } from "../rule";

/** Names and descriptions of objects at Cloudflare, whose changes have no effect on callers. */
export const NAMES: Row[] = [
    ["name", nothing],
    ["description", nothing],
    ["comment", nothing],
];
/** Account and zone: a change of either means a replacement, which has its own finding. */
export const ACCOUNT_AND_ZONE: Row[] = [
    ["accountId", nothing],
    ["zoneId", nothing],
];
