// Proves which content of the exceptions file is valid, and which violations it excuses on which day.
import { strict as assert } from "node:assert";
import type { Violation } from "../../../policy/rules";
import { ExceptionsError, judged, MOST_DAYS, parseExceptions } from "../../../policy/rules/exceptions";

const TODAY = new Date("2026-12-01T12:00:00Z");
const RULES = ["ports-closed", "own-keys"];
const GOOD = { rule: "ports-closed", resource: "dashboard", reason: "shown to the DGX team", until: "2026-12-31" };
const parse = (...exceptions: object[]) => parseExceptions(JSON.stringify({ exceptions }), RULES, TODAY);

const refused: [why: string, run: () => unknown, problem: RegExp][] = [
    ["text that is not YAML", () => parseExceptions("exceptions: [", RULES, TODAY), /^the file: must be YAML/],
    ["an empty file", () => parseExceptions("", RULES, TODAY), /^the file: /],
    [
        "a rule that does not exist",
        () => parse({ ...GOOD, rule: "ports" }),
        /^exceptions\.0\.rule: must be one of .*\. Choose one\.$/,
    ],
    ["no reason", () => parse({ ...GOOD, reason: "          " }), /^exceptions\.0\.reason: /],
    ["no expiry", () => parse({ ...GOOD, until: undefined }), /^exceptions\.0\.until: /],
    ["an invalid day", () => parse({ ...GOOD, until: "2027-02-29" }), /^exceptions\.0\.until: must be a day/],
    ["a day with a time", () => parse({ ...GOOD, until: "2026-12-31T00:00" }), /^exceptions\.0\.until: must be a day/],
    [
        "an expiry too far in the future",
        () => parse({ ...GOOD, until: "2027-03-02" }),
        /^exceptions\.0\.until: must be within 90 days/,
    ],
    ["an unknown field", () => parse({ ...GOOD, stack: "intra" }), /^exceptions\.0: /],
    ["a resource *", () => parse({ ...GOOD, rule: "*" }), /^exceptions\.0\.rule: must be one of/],
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

    it("may expire at the latest allowed day", () => {
        const last = new Date(TODAY.getTime() + MOST_DAYS * 86_400_000).toISOString().slice(0, 10);
        assert.equal(parse({ ...GOOD, until: last })[0].until, last);
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
            const found = judged([violation], parse({ ...GOOD, ...change }), new Date(today));
            assert.equal(found.standing.length, excused ? 0 : 1);
        });

    it("are named when they have expired", () => {
        const [standing] = judged([violation], parse(GOOD), new Date("2027-01-02T00:00:00Z")).standing;
        assert.equal(standing.message, "Open. Its exception expired on 2026-12-31.");
    });
});
