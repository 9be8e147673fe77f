// Proves what a review says of option cloudflare, on the real engine with the stand-ins of the provider and of Cloudflare's
// API: one stack is brought up, and then each config is only previewed. That the released provider previews the same is not
// proved here.
import { strict as assert } from "node:assert";
import type { Finding } from "../../ops/stack/review/finding";
import { assertCodes, findingsIn } from "../findings";
import { AccessStack, here, succeeded, useCloudflare } from "./cloudflare-kit";
import type { StackConfig } from "./stack";

const token = (id: string, more: object = {}) => ({ id, method: "service-token", ...more });
const alice = { name: "alice", credentials: [token("a1"), token("a2")] };
const bob = { name: "bob", credentials: [token("b1")] };
const consumers = [alice, bob];
const rateLimit = { requests: 60, perSeconds: 10, blockSeconds: 10, per: "address" };
const later = new Date(Date.now() + 14 * 24 * 3_600_000).toISOString().slice(0, 10);

const SCENARIOS: [what: string, config: StackConfig, findings: string[]][] = [
    ["nothing", {}, []],
    ["mail to operators", { notify: ["ops@example.com"] }, []],
    [
        "a caller more",
        { consumers: [...consumers, { name: "carol", credentials: [token("c1")] }] },
        ["harmless credential-added"],
    ],
    [
        "a token that lasts longer",
        { consumers: [{ ...alice, credentials: [token("a1", { duration: "forever" }), token("a2")] }, bob] },
        ["harmless changed-inside"],
    ],
    ["a caller less", { consumers: [alice] }, ["breaks-callers credential-revoked"]],
    [
        "a token less",
        { consumers: [{ ...alice, credentials: [token("a1")] }, bob] },
        ["breaks-callers credential-revoked"],
    ],
    [
        "a token that is disabled",
        { consumers: [alice, { ...bob, credentials: [token("b1", { enabled: false })] }] },
        ["breaks-callers credential-revoked"],
    ],
    [
        "a secret that is rotated",
        {
            consumers: [
                alice,
                { ...bob, credentials: [token("b1", { secretVersion: 2, previousSecretExpires: later })] },
            ],
        },
        ["risk credential-rotated"],
    ],
    ["browser checks", { browserChecks: "keep" }, ["breaks-callers request-refused"]],
    ["a rate limit", { rateLimit }, ["breaks-callers request-refused"]],
];

describe("review of option cloudflare on the engine", function () {
    this.timeout(240_000);
    useCloudflare();
    let stack: AccessStack;
    let secrets: string[];

    before(async () => {
        stack = await AccessStack.create("review", { consumers });
        succeeded(await stack.up());
        secrets = Object.values((await stack.outputs()).credentials).map(({ clientSecret }) => clientSecret);
    });
    async function findings(config: StackConfig): Promise<Finding[]> {
        stack.configure({ consumers, ...config });
        const { stdout } = succeeded(await stack.preview("--json"));
        const found = findingsIn(stdout);
        for (const secret of secrets) assert.ok(!JSON.stringify(found).includes(secret));
        return found;
    }

    for (const [what, config, expected] of SCENARIOS)
        it(`says of ${what}: ${expected.join(", ") || "no finding"}`, async () => {
            assertCodes(await findings(config), expected);
        });

    it("says of another name that the one of before goes", async () => {
        const { zone } = here().world.facts.cloudflare;
        const found = await findings({ hostname: `other.${zone}` });
        const says = found.filter(({ severity }) => severity === "breaks-callers").map((finding) => finding.says);
        assert.ok(
            says.some((one) => one.includes(`CNAME review.${zone} goes`)),
            says.join("\n"),
        );
        assert.deepEqual(
            found.filter(({ code }) => code === "unknown-resource" || code === "other-change"),
            [],
        );
    });

    it("drift finds nothing of what Pulumi made", async () => {
        stack.configure({ consumers });
        const { code, stdout, stderr } = await stack.ops("stack", "drift", "--format", "json");
        assert.equal(code, 0, stderr + stdout);
    });
});
