// Proves that no secret is in what a review, a drift or a history says, also where no provider marks it as one.
import { strict as assert } from "node:assert";
import { bench } from "../../kit";
import { review, step } from "./steps";

const HIDDEN = "h1dden-of-somebody";

function hides(what: string, steps: Parameters<typeof review>[0]) {
    it(`of ${what}`, () => {
        const findings = review(steps);
        assert.ok(
            findings.some(({ evidence }) => evidence.some(({ old, new: now }) => /\[secret\]/.test(`${old} ${now}`))),
            JSON.stringify(findings),
        );
        assert.ok(!JSON.stringify(findings).includes(HIDDEN), JSON.stringify(findings));
    });
}

describe("no secret is shown", () => {
    const secret = (n: string) => ({ metadata: { name: "x" }, type: "Opaque", data: { token1: `${HIDDEN}${n}` } });
    hides("a Secret whose content is base64", [step("Secret", "x", secret("a"), secret("b"))]);

    const annotated = (n: string) => ({
        metadata: {
            name: "x",
            annotations: { "kubectl.kubernetes.io/last-applied-configuration": `{"data":{"a":"${HIDDEN}${n}"}}` },
        },
    });
    hides("a Secret as somebody has applied it", [step("Secret", "x", annotated("a"), annotated("b"))]);

    const consumer = (name: string, config: object) => ({
        metadata: { name: "lab" },
        spec: { plugins: [{ name, config }] },
    });
    const limit = (n: string) => consumer("limit-count", { count: 1, time_window: 1, redis_password: `${HIDDEN}${n}` });
    hides("the password of the counters", [step("Consumer", "lab-consumer", limit("a"), limit("b"))]);
    const other = (n: string) => consumer("key-auth", { key: `${HIDDEN}${n}` });
    hides("a plugin of a caller", [step("Consumer", "lab-consumer", other("a"), other("b"))]);

    const route = (n: string) => ({
        metadata: { name: "r" },
        spec: { http: [{ name: "x", plugins: [{ name: "openid", config: { client_secret: `${HIDDEN}${n}` } }] }] },
    });
    hides("one setting of a plugin", [step("ApisixRoute", "r", route("a"), route("b"))]);

    it("of an address in a sentence", () => {
        const rules = (user: string) => ({
            config: { ingresses: [{ hostname: "a", service: `http://${user}10.0.0.11:20001` }] },
        });
        const [{ says }] = review([step("TunnelConfig", "t", rules(""), rules(`me:${HIDDEN}@`))]);
        assert.match(says, /requests go to http:\/\/\[secret\]@10\.0\.0\.11/);
    });

    it("of a failed update with a caller's key in plain text", async () => {
        const version = (key: string) => {
            const consumers = [{ name: "alice", credentials: [{ id: "a1", method: "key", key }] }];
            return {
                kind: "update",
                startTime: "2026-11-20T10:00:00.000Z",
                result: "succeeded",
                config: { "alpa-auth:consumers": { value: "", objectValue: consumers, secret: false } },
            };
        };
        const updates = [version(`${HIDDEN}b`), version(`${HIDDEN}a`)];
        const { ops } = bench({
            says: ({ args }) => (args[1] === "history" ? { stdout: JSON.stringify(updates) } : undefined),
        });
        const { out } = await ops("stack", "diff", "1", "2");
        assert.match(out, /credential alice\/a1: key: \[secret\] -> \[secret\]/);
        assert.ok(!out.includes(HIDDEN), out);
    });
});
