// Proves that the pages name only commands and options of `npm run ops` that exist, and that the page for operators names
// every command. It cannot prove that the prose is right.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { realContext } from "../../../ops/context";
import { program } from "../../../ops/program";

const ROOT = join(__dirname, "../../..");
const PAGES = ["README.md", "CONTRIBUTING.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)].filter(
    (name) => name.endsWith(".md"),
);
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");

/** `noun verb` with the options of each. */
const commands = new Map(
    program(realContext()).commands.flatMap((noun: Command) =>
        noun.commands.map((verb): [string, string[]] => [
            `${noun.name()} ${verb.name()}`,
            verb.options.map((option) => option.long!),
        ]),
    ),
);

describe("docs of npm run ops", () => {
    it("name only commands and options that exist", () => {
        let seen = 0;
        for (const page of PAGES)
            for (const [line, noun, verb, rest] of read(page).matchAll(
                /npm run (?:-s )?ops -- (\w+) ([a-z]+)([^`|\n]*)/g,
            )) {
                const options = commands.get(`${noun} ${verb}`);
                assert.ok(options, `${page}: ${line}`);
                for (const [option] of rest.matchAll(/--[a-z-]+/g))
                    assert.ok(options.includes(option), `${page}: ${line}`);
                seen++;
            }
        assert.ok(seen > 10);
    });

    it("of operations name every command", () => {
        const text = read("docs/operations.md");
        for (const name of commands.keys()) assert.ok(text.includes(`ops -- ${name}`), name);
    });
});
