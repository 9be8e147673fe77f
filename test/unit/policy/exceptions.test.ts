// Proves which content of the exceptions file is valid, also the shipped file and the example in docs/review/policy.md, and
// which violations it excuses on which day.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RULES as ALL, type Violation } from "../../../policy/rules";
import { ExceptionsError, parseExceptions, standing } from "../../../policy/rules/exceptions";

const TODAY = new Date("2026-12-01T12:00:00Z");
const RULES = ["ports-closed", "own-keys"];
const GOOD = { rule: "ports-closed", resource: "dashboard", reason: "shown to the DGX team", until: "2026-12-31" };
const parse = (...exceptions: object[]) => parseExceptions(JSON.stringify({ exceptions }), RULES, TODAY);

const refused: [why: string, run: () => unknown, problem: RegExp][] = [
    [
        "text that is not YAML",
        () => parseExceptions("exceptions: [", RULES, TODAY),
        /^policy\/exceptions\.yaml: must be YAML/,
    ],
    ["an empty file", () => parseExceptions("", RULES, TODAY), /^policy\/exceptions\.yaml: the file: /],
    [
        "a rule that does not exist",
        () => parse({ ...GOOD, rule: "ports" }),
        /^policy\/exceptions\.yaml: exceptions\.0\.rule: must be one of .*\. Choose one\.$/,
    ],
    ["no reason", () => parse({ ...GOOD, reason: "          " }), /^policy\/exceptions\.yaml: exceptions\.0\.reason: /],
    ["no expiry", () => parse({ ...GOOD, until: undefined }), /^policy\/exceptions\.yaml: exceptions\.0\.until: /],
    [
        "an invalid day",
        () => parse({ ...GOOD, until: "2027-02-29" }),
        /^policy\/exceptions\.yaml: exceptions\.0\.until: must be a day/,
    ],
    [
        "an expiry too far in the future",
        () => parse({ ...GOOD, until: "2027-03-02" }),
        /^policy\/exceptions\.yaml: exceptions\.0\.until: must be within 90 days/,
    ],
    ["an unknown field", () => parse({ ...GOOD, stack: "intra" }), /^policy\/exceptions\.yaml: exceptions\.0: /],
];

describe("exceptions of the policy pack", () => {
    for (const [why, run, problem] of refused)
        it(`reject ${why}`, () => {
            assert.throws(run, (error: Error) => {
                assert.ok(error instanceof ExceptionsError);
                assert.match(error.problems.join("\n"), problem);
                return true;
            });
        });

    it("are reported with all problems at once", () => {
        const run = () => parse({ ...GOOD, rule: "a" }, { ...GOOD, until: "b" });
        assert.throws(run, (error: ExceptionsError) => error.problems.length === 2);
    });

    const violation: Violation = {
        rule: "ports-closed",
        urn: "urn:pulumi:s::p::t::dashboard",
        name: "dashboard",
        message: "Open.",
    };
    const days: [what: string, exception: object, today: string, excused: boolean][] = [
        ["by name", {}, "2026-12-01T12:00:00Z", true],
        ["by URN", { resource: violation.urn }, "2026-12-01T12:00:00Z", true],
        ["on its last day, until its end in UTC", {}, "2026-12-31T23:59:59Z", true],
        ["not on the day after", {}, "2027-01-01T00:00:00Z", false],
        ["not of another rule", { rule: "own-keys" }, "2026-12-01T12:00:00Z", false],
        ["not of another resource", { resource: "dash" }, "2026-12-01T12:00:00Z", false],
    ];
    for (const [what, change, today, excused] of days)
        it(`excuse a violation ${what}`, () => {
            const found = standing([violation], parse({ ...GOOD, ...change }), new Date(today));
            assert.equal(found.length, excused ? 0 : 1);
        });

    it("are named when they have expired", () => {
        const [found] = standing([violation], parse(GOOD), new Date("2027-01-02T00:00:00Z"));
        assert.equal(found.message, "Open. Its exception expired on 2026-12-31.");
    });

    it("are valid as shipped, with their example, and on the page about them", () => {
        const read = (file: string) => readFileSync(join(__dirname, "../../..", file), "utf8");
        const count = (text: string) =>
            parseExceptions(
                text,
                ALL.map(({ name }) => name),
                TODAY,
            ).length;
        const shipped = read("policy/exceptions.yaml");
        assert.equal(count(shipped), 0);
        const example = shipped.match(/^# {3}.*\n/gm)!.map((line) => line.slice(2));
        assert.equal(count(shipped + example.join("")), 1);
        assert.equal(count(/```yaml\n(exceptions:[\s\S]*?)```/.exec(read("docs/review/policy.md"))![1]), 1);
    });
});
