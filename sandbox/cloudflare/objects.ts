/**
 * Types of the objects in a Cloudflare account. Field names are those of the API, so that answers can contain the objects as
 * stored. Fields marked "Never returned by the API" exist only in the account. Times are RFC 3339 texts, as in the API.
 */
export type * from "./access-objects";
export type * from "./json";
export type * from "./worker-objects";
export type * from "./zone-objects";
