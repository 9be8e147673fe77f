// Proves the form of every help text: imperative, defaults in words, valid examples. The texts themselves are reviewed in
// test/golden/expected/ops-help.txt.
import { strict as assert } from "node:assert";
import type { Command } from "commander";
import { realContext } from "../../../../ops/context";
import { program, verbsOf } from "../../../../ops/program";
import { cliPage } from "../../../../ops/reference";
import { bench, exits } from "../kit";

const root = program(realContext());
const verbs = verbsOf(root).map(({ words, verb }) => ({ name: words.join(" "), verb }));

/** All commands and groups below a command, each with its words on the command line. */
function commandsOf(command: Command, words: string[] = []): { name: string; command: Command }[] {
    return command.commands.flatMap((sub) => {
        const own = [...words, sub.name()];
        return [{ name: own.join(" "), command: sub }, ...commandsOf(sub, own)];
    });
}

describe("help of a command", () => {
    it("is written in the imperative, as one sentence without a full stop", () => {
        for (const { name, command } of commandsOf(root)) {
            assert.match(command.description(), /^[A-Z][a-z]+,? /, name);
            assert.doesNotMatch(command.description(), /^[A-Z][a-z]+s |\.$/, name);
        }
    });

    it("names the default of every optional option with a value", () => {
        for (const { name, verb } of verbs)
            for (const { long, required, mandatory, description, defaultValue } of verb.options)
                if (required && !mandatory && defaultValue === undefined)
                    assert.match(description, /\(default: [^)]+\)/, `${name} ${long}`);
    });

    // Two different functions write the usage lines of the reference and of the help.
    const reference = cliPage(root).split("\n");
    for (const { name } of verbs)
        it(`of ${name} begins with the usage line that the reference has`, async () => {
            const { out } = await exits(0, bench().ops(...name.split(" "), "--help"));
            const [usage] = out.split("\n");
            assert.ok(reference.includes(usage.replace("Usage: ", "")), usage);
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
