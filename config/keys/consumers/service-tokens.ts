import * as z from "zod";
import { day } from "./credentials";
import { got } from "../../problems";
import { consumerName, dnsLabel, positive } from "../../values";

/** A time as Go writes it, in whole hours, minutes and seconds; or without an end. */
const DURATION = /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;
/** Longest that Go holds, in seconds: 2562047h47m16s, 63 bits of nanoseconds. */
const LONGEST_SECONDS = Math.floor(2 ** 63 / 1e9);
/** Cloudflare's own default: one year. */
const DEFAULT_DURATION = "8760h";

function isDuration(text: string): boolean {
    const [, hours = 0, minutes = 0, seconds = 0] = (DURATION.exec(text) ?? []).map((part) => Number(part ?? 0));
    const all = hours * 3600 + minutes * 60 + seconds;
    return all > 0 && all <= LONGEST_SECONDS;
}

export const credential = z.strictObject({
    id: dnsLabel.describe("Name of the credential, unique within its consumer."),
    method: z
        .literal("service-token", {
            // Only a known name is repeated: anything else could be the credential itself, written in the wrong place.
            error: (i) =>
                i.input === "key" || i.input === "jwt"
                    ? `belongs to option intra-a (got "${i.input}"). Use service-token`
                    : "must be service-token. Correct it",
        })
        .describe("How the caller proves who it is: a service token of Cloudflare Access, in two headers."),
    expires: day
        .optional()
        .describe(
            "Day from which the credential is left out (UTC), as `2027-01-31`. Unset: it stays until its entry goes.",
        ),
    duration: z
        .string()
        .refine((text) => text === "forever" || isDuration(text), {
            error: (i) =>
                `must be a time as 8760h or 720h30m, at most 2562047h, or forever${got(i.input)}. Days and weeks must be given in hours`,
        })
        .default(DEFAULT_DURATION)
        .describe("How long Cloudflare accepts the token, from its making or its last change; or `forever`."),
    enabled: z
        .boolean()
        .default(true)
        .describe("`false` stops the token without an end to it: both secrets are refused until it is `true` again."),
    secretVersion: positive("a number of the secret")
        .optional()
        .describe("Raised by one, it gives the token a new secret in place. It must never go down."),
    previousSecretExpires: day
        .optional()
        .describe("Day from which the secret before is refused (UTC). Needs `secretVersion`, and stays with it."),
});

/** One caller that comes through Cloudflare Access. */
export const consumer = z.strictObject({
    name: consumerName.describe("Name of the caller; its tokens are called `<project>/<stack>/<name>/<id>`."),
    credentials: z.array(credential).describe("Every entry is a service token; removing one revokes exactly that one."),
});
