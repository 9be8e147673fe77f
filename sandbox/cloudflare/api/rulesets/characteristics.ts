/** Characteristics of rate limiting rules. plan.ts has the limits of the plans. */
import { Unsupported, refused } from "../answer";

const FIELDS = ["cf.colo.id", "ip.src", "cf.unique_visitor_id", "http.host", "http.request.uri.path"];

/**
 * Checks one characteristic: a field, or a header whose name is in lower case.
 * @param where path of the characteristic in the body, for error messages
 */
export function checkCharacteristic(name: string, where: string): void {
    const header = /^http\.request\.headers\["([^"]+)"\]$/.exec(name)?.[1];
    const wellFormed = header === undefined ? /^[a-z0-9_.]+$/.test(name) : header === header.toLowerCase();
    if (!wellFormed)
        throw refused(
            20127,
            `${where}: must be a lowercase field name or http.request.headers["…"] with a lowercase header name (got ${name}).`,
        );
    if (header === undefined && !FIELDS.includes(name)) throw new Unsupported(`the characteristic ${name}`);
}
