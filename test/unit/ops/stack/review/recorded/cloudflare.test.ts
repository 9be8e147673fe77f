// Proves what a review reports for changes of option cloudflare, in previews of the real engine and the official provider.
// Cloudflare's API was an emulator. `made` in the file names the provider's version.
import { strict as assert } from "node:assert";
import { findingsOf } from "../../../../../findings";
import { read } from "../../../../../recorded/recording";
import { recordedSet } from "./recorded-set";

recordedSet("cloudflare", {
    "a rotated secret": ["risk credential-rotated"],
    "another name": ["breaks-callers access-removed", "breaks-callers access-changed", "harmless access-added"],
});

describe("review of recorded previews: another name of option cloudflare", () => {
    it("reports that the record of the old name is deleted, and knows every resource", () => {
        const found = findingsOf(read("cloudflare"), "another name");
        const says = found.filter(({ severity }) => severity === "breaks-callers").map((finding) => finding.says);
        assert.ok(
            says.some((one) => one.includes("CNAME review.example.com is deleted")),
            says.join("\n"),
        );
        const unknown = found.filter(({ code }) => /^(unknown|unexplained|other)/.test(code));
        assert.deepEqual(unknown, []);
    });
});
