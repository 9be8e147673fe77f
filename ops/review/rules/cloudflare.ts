/** Properties that every kind at Cloudflare has. */
import { nothing, type Row } from "../rule";

/** Names of things at Cloudflare, by which nobody finds them but people. */
export const NAMES: Row[] = [
    ["name", nothing],
    ["description", nothing],
    ["comment", nothing],
];
/** Another account or zone is told by the replacement. */
export const PLACE: Row[] = [
    ["accountId", nothing],
    ["zoneId", nothing],
];
