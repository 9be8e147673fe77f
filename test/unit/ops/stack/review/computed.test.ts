// Proves how a review handles the reasons that Cloudflare's provider gives: it ignores properties that only Cloudflare
// sets, but never an input of the same name. The names are those of the released provider and of the SDK's types.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { FILLED, OUTPUTS } from "../../../../../ops/stack/review/computed";
import { review, said, step } from "./steps";

type Kind = Parameters<typeof step>[0];

const because = (kind: Kind, old: object, now: object, ...diffReasons: string[]) => ({
    ...step(kind, "x", old, now),
    diffReasons,
});
const token = { accountId: "a", name: "alpa-auth/test/lab/a", duration: "8760h", clientSecretVersion: 1 };
const config = { accountId: "a", tunnelId: "t", config: { ingresses: [{ service: "http_status:404" }] } };
const app = { accountId: "a", name: "one", domain: "llm.example.com" };
const destinations = (...uris: string[]) => uris.map((uri) => ({ type: "public", uri }));

describe("review of properties that Cloudflare computes", () => {
    const quiet: [what: string, kind: Kind, old: object, now: object, reasons: string[], codes: string[]][] = [
        [
            "the end of a token that lasts longer",
            "ServiceToken",
            token,
            { ...token, duration: "forever" },
            ["duration", "expiresAt"],
            ["credential-ends-later"],
        ],
        [
            "the secret of a token that is rotated",
            "ServiceToken",
            token,
            { ...token, clientSecretVersion: 2, previousClientSecretExpiresAt: "2026-12-01T00:00:00Z" },
            ["clientSecret", "clientSecretVersion", "expiresAt", "previousClientSecretExpiresAt"],
            ["credential-rotated"],
        ],
        [
            "version, time and source of a configuration",
            "TunnelConfig",
            config,
            { ...config, config: { ingresses: [{ service: "http_status:503" }] } },
            ["config", "createdAt", "source", "version"],
            [],
        ],
        [
            "the names of an application that is renamed",
            "AccessApplication",
            app,
            { ...app, name: "two" },
            ["destinations", "name", "selfHostedDomains"],
            [],
        ],
        [
            "version and time of a rule set",
            "Ruleset",
            { name: "r", description: "a", phase: "http_ratelimit" },
            { name: "r", description: "b", phase: "http_ratelimit" },
            ["description", "lastUpdated", "version"],
            [],
        ],
        [
            "whether a setting of the zone is enabled",
            "ZoneSetting",
            { zoneId: "z", settingId: "proxy_read_timeout", value: 300 },
            { zoneId: "z", settingId: "proxy_read_timeout", value: 600 },
            ["editable", "enabled", "modifiedOn", "timeRemaining", "value"],
            ["timeout-raised"],
        ],
    ];
    for (const [what, kind, old, now, reasons, codes] of quiet)
        it(`reports no unknown property: ${what}`, () => {
            const found = review([because(kind, old, now, ...reasons)]);
            for (const { says } of found) assert.doesNotMatch(says, /a property that this review does not know/);
            for (const code of codes)
                assert.ok(
                    found.some((one) => one.code === code),
                    code,
                );
        });

    it("reports the change of an input with such a name", () => {
        const old = { ...app, destinations: destinations("llm.example.com", "ask.example.com") };
        const now = { ...app, destinations: destinations("llm.example.com") };
        assert.deepEqual(said([because("AccessApplication", old, now, "destinations", "selfHostedDomains")]), [
            "breaks-callers access-changed: ask.example.com is no longer a host name of the service, which now has llm.example.com",
        ]);
        const sourced = (source?: string) => ({ ...config, ...(source && { source }) });
        const [{ says }] = review([because("TunnelConfig", sourced("local"), sourced("cloudflare"), "source")]);
        assert.match(says, /a property that this review does not know/);
        const begun = review([because("TunnelConfig", sourced(), sourced("local"), "source")]);
        assert.match(begun[0].says, /a property that this review does not know/);
    });

    it("does not hide such a property if its value is not computed, nor a property of another resource type", () => {
        const strange = [
            because("AccessApplication", app, { ...app, name: "two" }, "name", "tags"),
            because("DnsRecord", { name: "a", type: "A" }, { name: "a", type: "A", comment: "x" }, "version"),
        ];
        for (const one of strange)
            assert.match(said([one]).join(), /risk other-change: .* a property that this review does not know/);
    });

    it("finds a change where the preview names only such a property", () => {
        assert.match(said([because("ServiceToken", token, token, "expiresAt")]).join(), /does not show which property/);
    });

    it("ignores destinations of an application, the only input with such a name that the code lists", () => {
        const now = { ...app, destinations: destinations("llm.example.com") };
        assert.deepEqual(review([because("AccessApplication", app, now, "destinations")]), []);
    });

    it("reports that a signed zone lacks its DS record, and reports other keys", () => {
        const zone = { zoneId: "z", status: "active" };
        const flags = { dnssecMultiSigner: false, dnssecPresigned: false, dnssecUseNsec3: false };
        const changed = (now: object) => said([step("ZoneDnssec", "z", zone, { ...zone, ...now })]);
        assert.deepEqual(changed(flags), []);
        assert.match(changed({ status: "pending" }).join(), /^harmless changed-inside: z: .* no DS record/);
        assert.match(changed({ status: "disabled" }).join(), /dns-record-changed: z: signing is turned on or off/);
        assert.match(changed({ dnssecUseNsec3: true }).join(), /dns-record-changed: z: .* differently/);
    });

    for (const [kind, outputs] of Object.entries(OUTPUTS))
        it(`knows all outputs of the SDK's ${kind}, and no input`, () => {
            const [, type] = kind.split(" ");
            const file = require.resolve(`@pulumi/cloudflare/${type[0].toLowerCase()}${type.slice(1)}.d.ts`);
            const text = readFileSync(file, "utf8");
            const args = text.indexOf(`export interface ${type}Args`);
            const names = (part: string, form: RegExp) => [...part.matchAll(form)].map(([, name]) => name);
            const inputs = names(text.slice(args), /^ {4}(\w+)\??: /gm);
            const all = names(text.slice(0, text.indexOf("export interface ")), /readonly (\w+): pulumi\.Output</g);
            assert.deepEqual([...outputs].sort(), all.filter((name) => !inputs.includes(name)).sort());
            for (const name of FILLED[kind] ?? []) assert.ok(inputs.includes(name), name);
        });
});
