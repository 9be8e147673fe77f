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

describe("a comment that would be too long", () => {
    it("contains each code, although the findings of one code alone would fill the comment", () => {
        const text = comment(
            ...many("caller-removed", 1_000),
            ...many("credential-revoked", 1_000),
            finding("service-interrupted", "all pods restart"),
            finding("pods-restart", "etcd restarts"),
        );
        assert.ok(text.length <= LONGEST, String(text.length));
        for (const said of ["caller-removed of 9", "credential-revoked of 9", "all pods restart", "etcd restarts"])
            assert.ok(text.includes(said), said);
        assert.match(text, /`credential-revoked` and \d+ more findings of this code/);
        assert.match(text, /\*\*\d+ findings omitted, since the comment would be too long \(\d+ breaks-callers\)/);
        // Text output shows ten findings of a code.
        assert.match(text, /To see all: `npm run ops -- stack review --format json`/);
    });

    it("contains later findings after one that does not fit", () => {
        const long = { ...finding("caller-removed", "caller long goes"), evidence: [] };
        const huge = renderMarkdown(review({ ...long, todo: "x".repeat(LONGEST) }, finding("limit-lowered", "less")));
        assert.ok(huge.includes("less") && !huge.includes("caller long"), huge.slice(0, 300));
        assert.match(huge, /\*\*1 finding omitted/);
    });

    it("reports no omission where nothing is omitted", () => {
        const text = comment(...many("caller-removed", 30), ...many("pods-restart", 30));
        assert.doesNotMatch(text, /omitted|more findings/);
        assert.equal(text.match(/^- `/gm)?.length, 60);
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
