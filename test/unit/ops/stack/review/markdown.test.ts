// Proves which findings a pull request comment and a terminal page keep when there are too many, and that no value from other
// files is interpreted in them.
import { strict as assert } from "node:assert";
import { CODES, type Code, type Finding } from "../../../../../ops/stack/review/finding";
import { LONGEST, renderMarkdown } from "../../../../../ops/stack/review/markdown";
import { renderText, type Review } from "../../../../../ops/stack/review/report";

function finding(code: Code, says: string, resource = "x"): Finding {
    const [severity, todo] = CODES[code];
    return { code, severity, says, evidence: [{ resource, urn: "u", old: "deleted" }], todo };
}
const many = (code: Code, count: number, more = "") =>
    Array.from({ length: count }, (_, i) => finding(code, `${code} of ${i}${more}`));
const review = (...findings: Finding[]): Review => ({ stack: "intra", changes: { update: 1 }, findings });
const comment = (...findings: Finding[]) => renderMarkdown(review(...findings));

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
        for (const text of [comment(one), renderText(review(one))]) {
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
        const text = renderText(review(finding("caller-removed", "a\u001b[2J\u202Eb\nc", "r\u202Es")));
        assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
        assert.doesNotMatch(text, /^c/m);
    });
});
