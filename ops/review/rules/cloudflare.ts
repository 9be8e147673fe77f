/** Properties that every kind at Cloudflare has. */
import { nothing, type Row } from "../rule";

/** Names of objects at Cloudflare, which only people use. */
export const NAMES: Row[] = [
    ["name", nothing],
    ["description", nothing],
    ["comment", nothing],
];
/** The replacement reports another account or zone. */
export const PLACE: Row[] = [
    ["accountId", nothing],
    ["zoneId", nothing],
];
