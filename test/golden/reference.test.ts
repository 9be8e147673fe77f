// Proves that each key of the config has a description, a default with its reason, and an example that the schema accepts.
// Proves that the list of decisions has their titles.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { OPTIONS } from "../../config/options";
import { commandFor, keysOf, sample } from "../../config/reference";
import { assertReviewed, formatted } from "./file";

describe("reference of the configuration", () => {
    for (const option of OPTIONS) {
        it(`describes every key of option ${option}, and its default with the reason`, () => {
            for (const { path, description, need, reason, unset, isMapping, schema } of keysOf(option)) {
                assert.match(description ?? "", /^[^\n]+[.]$/, `${path}: describe it in a sentence`);
                assert.doesNotMatch(description!, /\bunset\b|default:/i, `${path}: meta has its default`);
                const isLiteral = schema instanceof z.ZodLiteral;
                if (need === "default" && !isLiteral)
                    assert.match(reason ?? "", /\.$/, `${path}: reason of the default`);
                if (need === "optional" && !isMapping) assert.ok(unset, `${path}: what holds without it`);
            }
        });

        it(`shows for every key of option ${option} a value that the schema accepts`, () => {
            // If a command sets a key, the command is the example. The keys of a mapping have their own.
            for (const key of keysOf(option).filter((one) => commandFor(one) === undefined)) {
                const value = sample(key);
                if (value === undefined && key.isMapping) continue;
                assert.notEqual(value, undefined, `${key.path}: give an example`);
                const { success, error } = z.safeParse(key.schema, value);
                assert.ok(success, `${key.path}: ${JSON.stringify(value)}: ${error?.message}`);
            }
        });
    }
});

describe("list of decisions", () => {
    it("has the title of each decision", async () => {
        const folder = join(__dirname, "../../docs/decisions");
        const pages = readdirSync(folder).filter((name) => /^\d{4}-/.test(name));
        const titles = pages
            .sort()
            .map((name) => [/^# (.*)$/m.exec(readFileSync(join(folder, name), "utf8"))![1], name]);
        const intro =
            "The decisions that a contributor could undo without knowing the reason: what was decided and why, what was tried instead, what it costs, and what would change it.";
        const list = titles.map(([title, name]) => `- [${title}](${name})`).join("\n");
        const file = "../../docs/decisions/README.md";
        const text = `# Decisions\n\n${intro}\n\n<!-- Generated. After a new decision: npm run golden -->\n\n${list}\n`;
        assertReviewed(file, await formatted(file, text));
    });
});
