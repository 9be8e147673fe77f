import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { callersSettings, MAIN, rawCallers } from "../../kit/callers";
import { KUBECONFIG } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const caller = (name: string, ...ids: string[]) => ({ name, credentials: ids.map((id) => ({ id, method: "key" })) });
const BROUGHT = "a-key-the-caller-had-before";
const long = "a".repeat(40);

const refused: Refused[] = [
    ["no stack", { of: undefined }, /^of: required\. Run: pulumi config set of organization\/alpa-auth\/intra$/],
    ["a stack by a part of its name", { of: "intra" }, /^of: must be the full name .* \(got "intra"\)\. Write for/],
    ["a stack without its organisation", { of: "alpa-auth/intra" }, /^of: must be the full name/],
    ["a stack with more parts", { of: "a/b/c/d" }, /^of: must be the full name/],
    [
        "a namespace",
        { namespace: "alpa" },
        /^namespace: only valid with option intra-a or intra-b or inter, not with this stack's option/,
    ],
    ["a gateway", { gateway: {} }, /^gateway: only valid with option intra-a/],
    ["Alpa", { alpa: { endpoints: ["10.0.0.1:20001"] } }, /^alpa: only valid with option intra-a/],
    ["a guard", { guard: {} }, /^guard: only valid with option intra-a/],
    ["an exposure", { exposure: "direct" }, /^exposure: only valid with option intra-a/],
    ["Access", { access: {} }, /^access: only valid with option cloudflare/],
    [
        "a wait for a graph",
        { readiness: { graphTimeoutSeconds: 9 } },
        /^readiness\.graphTimeoutSeconds: only valid with opt/,
    ],
    ["a misspelt key", { consumer: [] }, /^consumer: is not a known key\. Did you mean consumers\?$/],
    [
        "a timeout that is too short",
        { readiness: { acceptTimeoutSeconds: 5 } },
        /^readiness\.acceptTimeoutSeconds: must be/,
    ],
    [
        "one name twice",
        { consumers: [caller("lab", "a"), caller("lab", "b")] },
        /^consumers: every name must be unique/,
    ],
    ["names that are too long together", { consumers: [caller(long, long)] }, /^consumers: a+\.a+ must be at most 63/],
    [
        "a credential of option cloudflare",
        { consumers: [{ name: "lab", credentials: [{ id: "a", method: "service-token" }] }] },
        /method: only valid with option cloudflare/,
    ],
    [
        "several problems at once",
        { of: "x", limits: { requests: 1 } },
        /^of: must be the full name/,
        /^limits: must have requests and perSeconds together/,
    ],
];

function problems(values: Record<string, unknown>, isSecret?: () => boolean): string[] {
    return problemsOf(() => parse(rawCallers(values), isSecret));
}

describe("config of option callers", () => {
    it("accepts the name of a stack and callers, and has the timeouts of a gateway", () => {
        const { of, readiness, consumers, warnings } = callersSettings();
        assert.equal(of, MAIN);
        assert.deepEqual(readiness, { acceptTimeoutSeconds: 120, settleSeconds: 15 });
        assert.deepEqual(
            consumers.map((c) => [c.name, c.credentials.map(({ id }) => id)]),
            [
                ["lab", ["2026a", "2026b"]],
                ["nlp", ["2026a"]],
            ],
        );
        assert.deepEqual(warnings, []);
    });

    it("reads the stack's name as a string, whatever it looks like", () => {
        assert.equal(callersSettings({ of: "1/2/3" }).of, "1/2/3");
    });

    itRefuses(refused, (values) => problems(values));

    it("rejects a kubeconfig and a key in plain text, and repeats neither", () => {
        const consumers = [{ name: "lab", credentials: [{ id: "a", method: "key", key: BROUGHT }] }];
        const found = problems({ cluster: { kubeconfig: KUBECONFIG }, consumers }, () => false);
        assert.equal(found.length, 2);
        assert.match(found[0], /^cluster\.kubeconfig: must be stored encrypted/);
        assert.match(found[1], /^consumers\[0\]\.credentials\[0\]\.key: must be stored encrypted/);
        assert.doesNotMatch(found.join(), /s3cret|a-key-the/);
    });

    it("removes expired credentials, and warns about expiry dates like a gateway's stack", () => {
        const consumers = [
            { name: "lab", credentials: [{ id: "old", method: "key", expires: "2026-11-01" }] },
            { name: "nlp", credentials: [{ id: "a", method: "key", expires: "2026-12-01" }] },
        ];
        const settings = callersSettings({ consumers }, new Date("2026-11-25"));
        assert.deepEqual(settings.consumers[0].credentials, []);
        assert.deepEqual(settings.expires, { "lab/old": "2026-11-01", "nlp/a": "2026-12-01" });
        const words = [/lab\/old expired on/, /lab has no credentials/, /nlp\/a expires in 6 days/];
        assert.equal(settings.warnings.length, words.length);
        words.forEach((word, i) => assert.match(settings.warnings[i], word));
    });

    it("rejects key `of`, the stack of a gateway, in the other options", () => {
        const intra = { option: "intra-a", alpa: '{"endpoints":["10.0.0.1:20001"]}', of: MAIN };
        assert.throws(() => parse(intra), /of: only valid with option callers, not with this stack's option/);
    });
});
