// Proves that no output of a review, a drift or a history contains a secret, even if no provider marks it, that no value from other
// files is interpreted in a comment, and which findings a comment keeps when there are too many.
import { strict as assert } from "node:assert";
import { type Code, CODES, type Finding } from "../../../../../ops/stack/review/finding";
import { LONGEST, renderMarkdown } from "../../../../../ops/stack/review/markdown";
import { renderText, type Review } from "../../../../../ops/stack/review/report";
import { bench } from "../../kit";
import { review, step } from "./steps";

function finding(code: Code, says: string, resource = "x"): Finding {
    const [severity, todo] = CODES[code];
    return { code, severity, says, evidence: [{ resource, urn: "u", old: "deleted" }], todo };
}
const many = (code: Code, count: number, more = "") =>
    Array.from({ length: count }, (_, i) => finding(code, `${code} of ${i}${more}`));
const reviewed = (...findings: Finding[]): Review => ({ stack: "intra", changes: { update: 1 }, findings });
const comment = (...findings: Finding[]) => renderMarkdown(reviewed(...findings));

describe("a comment with many findings", () => {
    it("shows thirty of each code and counts the others, so that it names each code", () => {
        const text = comment(
            ...many("caller-removed", 1_000),
            ...many("credential-revoked", 30),
            finding("pods-restart", "etcd restarts"),
        );
        assert.match(
            text,
            /caller-removed of 29\.\n.*\n- `caller-removed` and 970 more findings of this code; all: --format json/,
        );
        assert.match(text, /credential-revoked of 29[^]*etcd restarts/);
        assert.doesNotMatch(text, /`credential-revoked` and|omitted/);
    });

    it("ends before 64,000 characters, and says that the least dangerous findings are omitted", () => {
        const long = many("caller-removed", 30).map((one) => ({ ...one, todo: one.says + "x".repeat(3_000) }));
        const text = comment(...long, finding("pods-restart", "etcd restarts"));
        assert.ok(text.length <= LONGEST && text.includes("caller-removed of 29"), String(text.length));
        assert.match(text, /the rest is omitted\.\*\* To see all: `npm run ops -- stack review --format json`\n$/);
        assert.ok(!text.includes("etcd restarts"));
    });
});

describe("a sentence with a value of another owner", () => {
    it("is shortened where it is long, in a comment and on a page; as JSON it is complete", () => {
        const one = finding("opens-to-network", `Network policy x: ${"10.0.0.0/8, ".repeat(500)}may reach it`);
        for (const text of [comment(one), renderText(reviewed(one))]) {
            assert.ok(text.length < 2_000, String(text.length));
            assert.match(text, /10\.0\.0\.0\/8, 10\.0[^\n]*…/);
        }
    });

    const acts: [what: string, value: string, must: RegExp][] = [
        ["no link from an address", "see https://evil.example/x", /https:(?!\/\/)/],
        ["no link from a name", "see www.evil.example", /www(?!\.)/],
        ["no mention from a character reference", "&#64;everybody", /&amp;(?!#64)/],
        ["no formula, which could have any colour", "$\\color{white}{gone}$", /<span>\$<\/span>\\\\color/],
        ["no issue link from a number", "as of #12", /#(?!12)/],
        ["no terminal control characters", "a\u001b[2Jb\u009bc", /^[^\p{Cc}]*$/u],
        ["no right-to-left text", "a\u202Eb", /^[^\u202E]*$/],
    ];
    for (const [what, value, must] of acts)
        it(`contains ${what}`, () => {
            const line = comment(finding("caller-removed", value))
                .split("\n")
                .find((one) => one.startsWith("- `"));
            assert.match(line!, must);
            assert.ok(!line!.includes(value), line);
        });

    it("contains neither control characters nor right-to-left text on a page", () => {
        const text = renderText(reviewed(finding("caller-removed", "a\u001b[2J\u202Eb\nc", "r\u202Es")));
        assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
        assert.doesNotMatch(text, /^c/m);
    });
});

const HIDDEN = "h1dden-of-a-caller";

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
    hides("a Secret that was applied by hand", [step("Secret", "x", annotated("a"), annotated("b"))]);

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

    const rewritten = (n: string) => {
        const set = { Authorization: `Token ${HIDDEN}${n}`, "X-API-Key": `${HIDDEN}${n}` };
        const plugins = [{ name: "proxy-rewrite", config: { headers: { set } } }];
        return { metadata: { name: "r" }, spec: { http: [{ name: "x", plugins }] } };
    };
    hides("a header that Alpa gets", [step("ApisixRoute", "r", rewritten("a"), rewritten("b"))]);

    const script = (create: string) => ({ create, delete: "x" });
    hides("a value that has lost its mark", [step("Command", "c", script("[secret]"), script(HIDDEN))]);
    hides("a value that gets its mark now", [step("Command", "c", script(HIDDEN), script("[secret]"))]);
    const called = (match: unknown) => ({
        metadata: { name: "r" },
        spec: { http: [{ name: "x", match: { exprs: [match] } }] },
    });
    hides("a part that has lost it", [step("ApisixRoute", "r", called("[secret]"), called(HIDDEN))]);

    const chart = (n: string) => ({
        chart: "apisix",
        values: { apisix: { admin: { credentials: { admin: `${HIDDEN}${n}`, viewer: `${HIDDEN}${n}` } } } },
    });
    hides("the keys of the Admin API as values of the chart", [step("Release", "gateway", chart("a"), chart("b"))]);
    hides("the same keys where there were none before", [
        step("Release", "gateway", { chart: "apisix", values: {} }, chart("b")),
    ]);

    const pod = (container: object) => ({
        metadata: { name: "c" },
        spec: { template: { spec: { containers: [container] } } },
    });
    const variable = (n: string) => pod({ env: [{ name: "SMTP_PASSWORD", value: `${HIDDEN}${n}` }] });
    hides("a variable of a container", [step("Deployment", "c", variable("a"), variable("b"))]);
    hides("a variable that is added with its list", [step("Deployment", "c", pod({}), variable("b"))]);
    // The token of a tunnel, as Cloudflare writes it: {"a":…,"t":…,"s":…} in base64.
    const tunnel = (n: string) => Buffer.from(JSON.stringify({ a: "4".repeat(32), t: "x", s: n })).toString("base64");
    const option = (n: string) => pod({ args: ["tunnel", "run", "--token", tunnel(n)] });
    it("of the token of a tunnel as an argument", () => {
        const text = JSON.stringify(review([step("Deployment", "c", option("a"), option("b"))]));
        assert.match(text, /\[secret\]/);
        assert.ok(!text.includes(tunnel("a").slice(0, 20)), text);
    });
    const settings = (n: string) => ({ metadata: { name: "x" }, more: `admin_key:\n  - key: ${HIDDEN}${n}` });
    hides("a file with settings", [step("Secret", "x", settings("a"), settings("b"))]);

    const partly = { list: [{ password: `${HIDDEN} 04da6b54-80e4-46f7-96ec-b56ff0331ba9` }] };
    hides("a value that is known in part", [step("Command", "host", { list: "a" }, partly)]);

    it("in names of resources and properties", () => {
        const name = `http://me:${HIDDEN}@x`;
        const old = { metadata: { name: "a" }, spec: { [name]: 1 } };
        const findings = review([
            step("Consumer", name, undefined, old),
            step("Consumer", "a", old, { ...old, spec: {} }),
        ]);
        assert.match(JSON.stringify(findings), /spec\[.*\[secret\]@x/);
        assert.ok(!JSON.stringify(findings).includes(HIDDEN), JSON.stringify(findings));
    });

    it("but a text that only looks like a secret is shown", () => {
        const admin = {
            metadata: { name: "lab" },
            spec: { credentials: [{ name: "admin", secretRef: { name: "lab.admin" } }] },
        };
        const text = JSON.stringify(review([step("Consumer", "c", admin, { ...admin, spec: { credentials: [] } })]));
        assert.match(text, /lab\.admin/);
    });

    for (const login of [`me:${HIDDEN}@`, `me:x@${HIDDEN}@`])
        it(`of an address in a sentence: ${login.replace(HIDDEN, "…")}`, () => {
            const to = (user: string) => ({ endpoint: `http://${user}10.0.0.11` });
            const [{ says }] = review([step("TunnelRoutes", "t", to(""), to(login))]);
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
        assert.match(out, /config keys that differ: consumers/);
        assert.ok(!out.includes(HIDDEN), out);
    });
});
