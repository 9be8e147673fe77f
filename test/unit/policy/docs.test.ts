// Proves that the shipped file of exceptions and the example in docs/review/policy.md are valid.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RULES } from "../../../policy/rules";
import { parseExceptions } from "../../../policy/rules/exceptions";

const ROOT = join(__dirname, "../../..");
const NAMES = RULES.map(({ name }) => name);
const page = readFileSync(join(ROOT, "docs/review/policy.md"), "utf8");

describe("docs/review/policy.md", () => {
    it("shows an exception that is read", () => {
        const [, example] = /```yaml\n(exceptions:[\s\S]*?)```/.exec(page)!;
        assert.equal(parseExceptions(example, NAMES, new Date("2026-12-01")).length, 1);
    });
});

describe("policy/exceptions.yaml", () => {
    it("is read, and excuses nothing as shipped", () => {
        const text = readFileSync(join(ROOT, "policy/exceptions.yaml"), "utf8");
        assert.deepEqual(parseExceptions(text, NAMES, new Date()), []);
    });

    it("reads its example when it is added at the end", () => {
        const text = readFileSync(join(ROOT, "policy/exceptions.yaml"), "utf8");
        const example = text.match(/^# {3}.*\n/gm)!.map((line) => line.slice(2));
        assert.equal(parseExceptions(text + example.join(""), NAMES, new Date("2026-12-01")).length, 1);
    });
});
