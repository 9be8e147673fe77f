/**
 * Objects of a Cloudflare account, with the API's field names, so that answers contain them as stored. Fields marked "Never
 * in answers" exist in the account only. Times are RFC 3339 texts, as in the API.
 */
export type * from "./access-objects";
export type * from "./json";
export type * from "./worker-objects";
export type * from "./zone-objects";
