/**
 * Emulates Browser Integrity Check as documented in autumn 2026. It is on in every new zone (setting `browser_check`), runs
 * separately from the rules and before Access, and rejects with 403 and error 1010. A custom rule can skip it only by the
 * action `skip` with the product `bic`.
 *
 * Cloudflare does not publish its criteria. Emulated: a request with the user agent of Python's own HTTP library is
 * rejected, regardless of its other headers. Owners of zones have reported that such requests are rejected, and that they
 * pass when the check is turned off. The owners have also reported that requests by curl, by Node.js and without a user
 * agent pass, as in this emulator. Whether the check comes before or after the rate limits is unknown.
 */
import { settingOf } from "../settings";
import { numberedError } from "./pages";
import { values, type EdgeAnswer, type EdgeRequest } from "./types";

/** Product name in a skip rule. */
export const BROWSER_CHECK = "bic";

const TAKEN_FOR_ABUSE = /^Python-urllib\//;

/** @returns the rejection; undefined if the request passes */
export function browserCheck(request: EdgeRequest): EdgeAnswer | undefined {
    if (settingOf(request.zone, "browser_check") !== "on") return undefined;
    if (!values(request.headers, "user-agent").some((agent) => TAKEN_FOR_ABUSE.test(agent))) return undefined;
    return numberedError(403, 1010, "Access denied", request);
}
