/**
 * What a Cloudflare account holds, in the API's own field names, so that what is stored is what is answered. Fields marked
 * "never answered" exist in the account only. Times are RFC 3339 texts, as on the wire.
 */
export type * from "./access-objects";
export type * from "./json";
export type * from "./worker-objects";
export type * from "./zone-objects";
