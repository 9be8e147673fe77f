/**
 * Browser Integrity Check, as documented in autumn 2026: on in every new zone (setting `browser_check`), apart from the rules
 * and before Access, refused with 403 and error 1010; a custom rule leaves it out by `skip` with the product `bic`, and by no
 * other way of skipping.
 * Which requests it takes for abuse is not published. Emulated is the one kind that owners of zones have reported, and seen
 * pass with the check off: the user agent of Python's own HTTP library, whatever else the request has. curl, Node.js and
 * requests without a user agent were reported to pass, and do here. Whether it comes before the rate limits is not known either.
 */
import { settingOf } from "../settings";
import { numberedError } from "./pages";
import { values, type EdgeAnswer, type EdgeRequest } from "./types";

/** As a skip rule names it. */
export const BROWSER_CHECK = "bic";

const TAKEN_FOR_ABUSE = /^Python-urllib\//;

/** @returns the refusal, or undefined */
export function browserCheck(request: EdgeRequest): EdgeAnswer | undefined {
    if (settingOf(request.zone, "browser_check") !== "on") return undefined;
    if (!values(request.headers, "user-agent").some((agent) => TAKEN_FOR_ABUSE.test(agent))) return undefined;
    return numberedError(403, 1010, "Access denied", request);
}
