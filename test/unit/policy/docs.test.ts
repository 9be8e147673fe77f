// Proves that docs/policy.md lists the rules as they are, and that the shipped file of exceptions and the one shown on the
// page are read.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Document, visit } from "yaml";
import { RULES, type Rule } from "../../../policy/rules";
import { parseExceptions } from "../../../policy/rules/exceptions";

const ROOT = join(__dirname, "../../..");
const NAMES = RULES.map(({ name }) => name);
const page = readFileSync(join(ROOT, "docs/policy.md"), "utf8");

/** A rule as a row of the page's table. */
function row({ name, title, reason, example }: Rule): string {
    const document = new Document(example.inputs);
    visit(document, { Collection: (_, node) => void (node.flow = true) });
    const kind = example.type.split(":").pop();
    const text = document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim().replaceAll("|", "\\|");
    return [`\`${name}\``, title, reason, `${kind}: \`${text}\``].join(" | ");
}

describe("docs/policy.md", () => {
    it("has every rule with what must hold, why, and a violation", () => {
        const rows = page.split("\n").filter((line) => line.startsWith("| `"));
        const cells = rows.map((line) =>
            line
                .slice(1, -1)
                .split(/(?<!\\)\|/)
                .map((cell) => cell.trim())
                .join(" | "),
        );
        assert.deepEqual(cells, RULES.map(row));
    });

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
});
