// Golden file of option cloudflare: its resources at Cloudflare, for review. Other tests prove the same facts. Regenerate: npm
// run golden
import { strict as assert } from "node:assert";
import { inputsOf, type Seen } from "../kit";
import { recordCloudflare } from "../unit/kit/cloudflare";
import { assertReviewed, documentOf, formatted } from "./file";

/** In the order of their dependencies. */
const ORDER = [
    "Zone",
    "ZeroTrustTunnelCloudflared",
    "ZeroTrustAccessServiceToken",
    "ZeroTrustAccessPolicy",
    "ZeroTrustAccessApplication",
    "ZeroTrustTunnelCloudflaredConfig",
    "Ruleset",
    "ZoneSetting",
    "NotificationPolicy",
    "WorkersScript",
    "WorkersRoute",
    "DnsRecord",
    "SecretVersions",
];
const HEADER = `# Resources of option cloudflare at Cloudflare, for review. Regenerate: npm run golden
# (secret): never shown.
`;
const STACK = {
    zone: { name: "example.com", manage: "create", plan: "enterprise" },
    rateLimit: { requests: 60, perSeconds: 60 },
    proxyTimeoutSeconds: 600,
    notify: ["llm-operators@example.com"],
};

const kindOf = (r: Seen): string => r.type.split(":").pop()!;

async function render(): Promise<string> {
    const seen = (await recordCloudflare(STACK)).filter((r) => r.custom && ORDER.includes(kindOf(r)));
    const rank = (r: Seen) => `${String(ORDER.indexOf(kindOf(r))).padStart(2, "0")} ${r.name}`;
    const pages = seen.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).map(page);
    return formatted("expected/cloudflare.yaml", HEADER + pages.join(""));
}

function page(resource: Seen): string {
    // The code of this project's dynamic resources is left out.
    const { __provider, ...inputs } = inputsOf(resource);
    return documentOf(resource.name, { kind: kindOf(resource), ...inputs });
}

describe("golden cloudflare", () => {
    it("matches the reviewed file", async () => {
        const rendered = await render();
        assertReviewed("expected/cloudflare.yaml", rendered);
    });

    it("shows no secret", async () => {
        const rendered = await render();
        assert.match(rendered, /\(secret\)/);
        assert.doesNotMatch(rendered, /s3cret|PRIVATE KEY/);
    });
});
