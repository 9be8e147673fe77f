// Proves what a review reports for changes of option cloudflare, in previews of the real engine. Cloudflare's API was
// an emulator. The official provider created all previews except "a disabled token". The emulated provider created that
// preview, because the newest official provider available, 6.18, ignores `enabled` of a service token. `made` in the
// file names the provider of each preview.
import { strict as assert } from "node:assert";
import { findingsOf } from "../../../../../findings";
import { read } from "../../../../../recorded/recording";
import { recordedSet } from "./recorded-set";

recordedSet("cloudflare", {
    nothing: [],
    "mail to operators": [],
    "an added caller": ["harmless credential-added"],
    "a token with a longer duration": ["harmless credential-ends-later"],
    "a removed caller": ["breaks-callers credential-revoked"],
    "a removed token": ["breaks-callers credential-revoked"],
    "a disabled token": ["breaks-callers credential-revoked"],
    "a rotated secret": ["risk credential-rotated"],
    "browser checks": ["breaks-callers request-rejected"],
    "a rate limit": ["breaks-callers request-rejected"],
    "another name": [
        "breaks-callers access-removed",
        "breaks-callers access-changed",
        "risk route-changed",
        "harmless access-added",
    ],
});

describe("review of recorded previews: another name of option cloudflare", () => {
    it("reports that the record of the old name is deleted, and knows every resource", () => {
        const found = findingsOf(read("cloudflare"), "another name");
        const says = found.filter(({ severity }) => severity === "breaks-callers").map((finding) => finding.says);
        assert.ok(
            says.some((one) => one.includes("CNAME review.example.com is deleted")),
            says.join("\n"),
        );
        const unknown = found.filter(({ code }) => code === "unknown-resource" || code === "other-change");
        assert.deepEqual(unknown, []);
    });
});
