import * as z from "zod";
import { day, DEFAULT_TOKEN_OVERLAP_DAYS } from "./credentials";
import { consumerName, dnsLabel, matching, positive } from "../../values";
import { optional } from "../../schema";

/** A duration in Go's format, in whole hours, minutes and seconds. */
const DURATION = /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;
/** Longest duration in Go, in seconds: 2562047h47m16s, 63 bits of nanoseconds. */
const LONGEST_SECONDS = Math.floor(2 ** 63 / 1e9);
/** Cloudflare's own default: one year. */
const DEFAULT_DURATION = "8760h";

function isDuration(text: string): boolean {
    const [, hours = 0, minutes = 0, seconds = 0] = (DURATION.exec(text) ?? []).map((part) => Number(part ?? 0));
    const all = hours * 3600 + minutes * 60 + seconds;
    return all > 0 && all <= LONGEST_SECONDS;
}

export const credential = z.strictObject({
    id: dnsLabel.meta({ description: "Name of the credential, unique within its consumer.", examples: ["2026a"] }),
    method: z
        .literal("service-token", {
            // The message quotes the value only if it is a known method. Another value could be a credential that was
            // written into the wrong key.
            error: (i) =>
                i.input === "key" || i.input === "jwt"
                    ? `only valid with option intra-a (got "${i.input}"). Use service-token.`
                    : "must be service-token.",
        })
        .meta({
            description: "How the caller authenticates: with a service token of Cloudflare Access, in two headers.",
            examples: ["service-token"],
        }),
    expires: day.optional().meta({
        description: "Expiry date (UTC). The first `pulumi up` on that day or later removes the credential.",
        examples: ["2027-01-31"],
        unset: "the credential works until its entry is removed, or `duration` is over",
    }),
    duration: matching(
        (text) => text === "forever" || isDuration(text),
        "be a duration, for example 8760h or 720h30m (at most 2562047h), or forever",
        "Write days and weeks in hours",
    )
        .default(DEFAULT_DURATION)
        .meta({
            description:
                "Lifetime of the token at Cloudflare, from its creation or last change, in hours, minutes and seconds; or `forever`.",
            reason: "Cloudflare's own default, a year.",
        }),
    enabled: z.boolean().default(true).meta({
        description: "Whether the token is accepted. `false` disables it without deleting it.",
        reason: "A new token works at once.",
    }),
    secretVersion: optional(positive("a version number"), {
        description:
            "Version of the secret. Raise it by one to create a new secret for the same token. It must never decrease.",
        examples: [2],
        unset: "the first secret",
    }),
    previousSecretExpires: day.optional().meta({
        description:
            "Day on which the previous secret stops working (UTC). Required with `secretVersion`; keep it after that day too.",
        examples: ["2026-12-09"],
        unset: "there is no previous secret",
    }),
});

export const consumer = z.strictObject({
    name: consumerName.meta({
        description: "Name of the caller. Its tokens are called `<project>/<stack>/<name>/<id>`.",
        examples: ["mbzuai-nlp"],
    }),
    credentials: z
        .array(credential.meta({ mayBeSecret: true }))
        .describe("Service tokens of the caller. Removing an entry revokes that token only."),
});

export const tokenOverlapDays = positive("a number of days").default(DEFAULT_TOKEN_OVERLAP_DAYS).meta({
    description: "Longest time for which the previous secret of a service token stays valid after a rotation, in days.",
    reason: "The longest time that Cloudflare's dashboard offers.",
});
