// Proves that the pages and the help name only existing commands and options of `alpa-auth`, with defaults and examples, and that the
// page for operators names every command. The texts of the help are reviewed in test/golden/expected/ops-help.txt.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { realContext } from "../../../../ops/context";
import { program, verbsOf } from "../../../../ops/program";
import { layOver } from "../../../../sandbox/world/overlay";
import { bench, exits } from "../kit";

const ROOT = join(__dirname, "../../../..");
const below = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`);
const PAGES = ["README.md", "CONTRIBUTING.md", ...below.filter((name) => name.endsWith(".md"))];
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");

/** `noun verb` with the options of each. */
const commands = new Map(
    verbsOf(program(realContext())).map(({ words, verb }): [string, string[]] => [
        words.join(" "),
        verb.options.map((option) => option.long!),
    ]),
);

describe("docs of alpa-auth", () => {
    it("name only commands and options that exist", () => {
        let seen = 0;
        for (const page of PAGES)
            for (const [line, noun, verb, rest] of read(page).matchAll(
                /(?:npm run (?:-s )?ops --|npx alpa-auth|`alpa-auth) (\w+) ([a-z-]+)([^`|\n]*)/g,
            )) {
                const options = commands.get(`${noun} ${verb}`);
                assert.ok(options, `${page}: ${line}`);
                for (const [option] of rest.matchAll(/--[a-z-]+/g))
                    assert.ok(options.includes(option), `${page}: ${line}`);
                seen++;
            }
        assert.ok(seen > 10);
    });

    it("of operations show the real output for the sandbox's stack", async () => {
        const addresses = { alpa: ["127.0.0.1:20001"], chartRepository: "http://127.0.0.1:8879", nodePort: 30800 };
        const { ops } = bench({ text: layOver(read("Pulumi.intra.yaml"), addresses) });
        const page = read("docs/operate/callers.md");
        const shown = (command: string) => {
            const [, block] = page.split(`npm run ops -- ${command}\n\`\`\`\n\n\`\`\`text\n`);
            assert.ok(block !== undefined, `${command} is shown with its output`);
            return block.split("\n```")[0].split("\n");
        };
        for (const command of [
            "consumer add team-b --requests 60 --per-seconds 60 --concurrent 2 --expires 2027-06-30",
            "consumer rotate mbzuai-nlp 2026a --successor 2026b --overlap-days 14 --yes",
            "consumer revoke mbzuai-nlp 2026a --yes",
        ]) {
            const { out, note } = await ops(...command.split(" "));
            const said = out.split("\n");
            // This test has no gateway, so the command does not print the line about a rejected credential.
            for (const line of shown(command).filter((one) => one !== "…" && !one.includes(": rejected by ")))
                assert.ok(said.includes(line), `${command} does not print "${line}":\n${out}${note}`);
        }
    });

    it("of operations name every command", () => {
        const text = PAGES.filter((page) => /^docs\/(set-up|operate|review)\//.test(page))
            .map(read)
            .join("\n");
        for (const name of commands.keys()) assert.match(text, new RegExp(`(ops --|alpa-auth) ${name}`));
    });
});

const root = program(realContext());
const verbs = verbsOf(root).map(({ words, verb }) => ({ name: words.join(" "), verb }));

describe("help of a command", () => {
    it("names the default of every optional option with a value", () => {
        for (const { name, verb } of verbs)
            for (const { long, required, mandatory, description, defaultValue } of verb.options)
                if (required && !mandatory && defaultValue === undefined)
                    assert.match(description, /\(default: [^)]+\)/, `${name} ${long}`);
    });

    for (const { name } of verbs)
        it(`of ${name} has examples with options that it has, and no empty list as a default`, async () => {
            const { out } = await exits(0, bench().ops(...name.split(" "), "--help"));
            assert.doesNotMatch(out, /default: (\[\]|""|undefined)/);
            const [options, examples] = out.split("\nExamples:\n");
            const lines = (examples ?? "").split("\n").filter((line) => line.trim() !== "");
            assert.ok(lines.length > 0, out);
            for (const line of lines) {
                assert.match(line, new RegExp(`^  npm run (-s )?ops -- ${name}\\b`));
                const own = line.split("   #")[0];
                for (const [option] of own.matchAll(/--[a-z-]+/g))
                    assert.match(options, new RegExp(`^ +${option}\\b`, "m"));
            }
        });
});
