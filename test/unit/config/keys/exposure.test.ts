// Proves which configs of exposure tunnel are valid, and that the keys of the tunnel are rejected with exposure direct.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { EXPOSURE, exposed, raw, settings } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const TOKEN = { token: "t".repeat(40), baseUrl: "https://api.example.com", inPlain: false };
const TODAY = new Date("2026-11-25T12:00:00Z");

function problems(values: Record<string, unknown>, api = TOKEN as Parameters<typeof parse>[3]): string[] {
    return problemsOf(() => parse(raw(values), () => true, TODAY, api));
}

const existing = { ingressClass: "shared", gateway: "edge/shared" };

describe("config of exposure tunnel", () => {
    it("accepts a name, a zone and a version of the connectors", () => {
        const { exposure } = settings("rampart", EXPOSURE);
        assert.deepEqual(exposure, {
            account: EXPOSURE.account,
            hostname: "llm.example.com",
            zone: { name: "example.com", manage: "existing" },
            plan: "pro",
            connectors: {
                image: { repository: "cloudflare/cloudflared", tag: "2026.8.2" },
                replicas: 2,
                graceSeconds: 140,
            },
            browserChecks: "skip",
        });
    });
    it("changes nothing in the gateway if the key is missing", () => {
        const { exposure, gateway, server } = settings("rampart");
        assert.equal(exposure, undefined);
        assert.ok(gateway.installer === "rampart" && gateway.release.nodePort === 30800);
        assert.equal(server.answerTimeoutSeconds, 600);
    });
    it("gives connectors the longest grace period of cloudflared, and warns that longer answers are cut", () => {
        const zone = { name: "example.com", plan: "enterprise" };
        const { exposure, warnings } = settings("rampart", { ...EXPOSURE, zone, proxyTimeoutSeconds: 605 });
        assert.equal(exposure!.connectors.graceSeconds, 180);
        assert.ok(warnings.some((one) => /^tunnel: a stopping connector waits at most 180 s .*600 s/.test(one)));
    });

    // Exposure tunnel has the same checks of host names, plans and answer times as option cloudflare.
    // options/cloudflare.test.ts has the cases of these checks.
    const refused: Refused[] = [
        [
            "exposure tunnel without its required keys",
            { exposure: "tunnel" },
            /^account: required\. Run/,
            /^hostname: required\. Run/,
            "zone: required. Set zone.name and zone.plan.",
            /^tunnel: required\. Set tunnel\.image;/,
        ],
        [
            "keys of exposure tunnel with exposure direct",
            { ...EXPOSURE, exposure: "direct", proxyTimeoutSeconds: 100 },
            ...["account", "hostname", "zone", "tunnel", "proxyTimeoutSeconds", "alpa.tokensPerSecond"].map(
                (key) => `${key}: only valid with exposure tunnel (got exposure direct). Remove it.`,
            ),
        ],
        [
            "keys of exposure tunnel without an exposure, whatever their values",
            { tunnel: "x", gateway: { installer: "existing", existing: { ...existing, url: "http://a", service: 1 } } },
            "tunnel: only valid with exposure tunnel (got exposure direct). Remove it.",
            "gateway.existing.service: only valid with exposure tunnel (got exposure direct). Remove it.",
        ],
        [
            "an address of the nodes",
            { ...EXPOSURE, gateway: { address: "10.0.0.1" } },
            "gateway.address: only valid with exposure direct (callers use https://<hostname>). Remove it.",
        ],
        [
            "an existing gateway with an address and without its Service",
            { ...EXPOSURE, gateway: { installer: "existing", existing: { ...existing, url: "http://10.0.0.1" } } },
            /^gateway\.existing\.url: only valid with exposure direct/,
            /^gateway\.existing\.service: required with exposure tunnel/,
        ],
        [
            "an existing gateway without an address, with exposure direct",
            { gateway: { installer: "existing", existing } },
            /^gateway\.existing\.url: required with exposure direct/,
        ],
        ["a name outside the zone", { ...EXPOSURE, hostname: "llm.example.org" }, /^hostname: must be in zone/],
        [
            "a longer timeout than the plan has",
            { ...EXPOSURE, proxyTimeoutSeconds: 300 },
            /^proxyTimeoutSeconds: must be 125 with plan pro/,
        ],
        [
            "no version",
            { ...EXPOSURE, tunnel: { image: "cloudflare/cloudflared:latest" } },
            /^tunnel\.image: must have a pinned tag/,
        ],
        [
            "keys of option cloudflare",
            { ...EXPOSURE, teamName: "x", tunnel: { image: "cloudflare/cloudflared:2026.8.2", hosts: [] } },
            /^tunnel\.hosts: only valid with option cloudflare/,
            /^teamName: only valid with option cloudflare/,
        ],
        [
            "a zone to create",
            { ...EXPOSURE, zone: { ...EXPOSURE.zone, manage: "create" } },
            /^zone\.manage: only valid with/,
        ],
    ];
    itRefuses(refused, problems);

    const warned: [why: string, values: Record<string, unknown>, warning: RegExp][] = [
        [
            "that Alpa's speed is unknown",
            { alpa: { endpoints: EXPOSURE.alpa.endpoints } },
            /^alpa\.tokensPerSecond: not set/,
        ],
        [
            "about a port that stays open in addition to the tunnel",
            { gateway: { nodePort: 30801 } },
            /^gateway\.nodePort: 30801 is open in addition to the tunnel/,
        ],
    ];
    for (const [why, values, warning] of warned)
        it(`warns ${why}`, () => {
            const { warnings } = settings("rampart", exposed("rampart", values));
            assert.ok(
                warnings.some((text) => warning.test(text)),
                warnings.join("\n"),
            );
        });
});
