// Proves which completions the Tab key offers, with real shells: bash, and zsh and fish where they are installed. It
// does not prove that a shell loads the script.
import { strict as assert } from "node:assert";
import { execFileSync, spawnSync } from "node:child_process";
import { run } from "../../../../ops/cli";
import { realContext } from "../../../../ops/context";
import { program, verbsOf } from "../../../../ops/program";

async function script(shell: string): Promise<string> {
    let text = "";
    const context = { ...realContext(), out: (line: string) => (text += `${line}\n`) };
    assert.equal(await run(["completion", shell], context), 0);
    return text;
}

const lines = (shell: string, args: string[]) =>
    execFileSync(shell, args, { encoding: "utf8", env: { ...process.env, LC_ALL: "C.UTF-8" } })
        .split("\n")
        .filter((line) => line !== "")
        .sort();

/** Completions of a shell at the end of a line. */
const SHELLS: Record<string, (line: string) => Promise<string[]>> = {
    async bash(line) {
        const words = line.split(" ");
        const set = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _alpa_auth`;
        return lines("bash", ["-c", `${await script("bash")}${set}; printf '%s\\n' "\${COMPREPLY[@]}"`]);
    },
    // zsh offers completions only at a terminal. So the test calls the completion function as bashcompinit does. Then
    // it omits words that do not begin with the typed text, as zsh does.
    async zsh(line) {
        const words = line.split(" ");
        const set = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`;
        const call = `ask() { emulate -L sh; setopt kshglob noshglob braceexpand; ${set}; _alpa_auth; printf '%s\\n' "\${COMPREPLY[@]}"; }; ask`;
        const offered = lines("zsh", ["-fc", `autoload -U compinit && compinit -D\n${await script("zsh")}${call}`]);
        return offered.filter((word) => word.startsWith(words.at(-1)!));
    },
    async fish(line) {
        const offered = lines("fish", ["--no-config", "-c", `${await script("fish")}complete -C '${line}'`]);
        return offered.map((one) => one.split("\t")[0]).sort();
    },
};
const INSTALLED = Object.keys(SHELLS).filter((shell) => spawnSync(shell, ["--version"]).status === 0);

/** Nouns and verbs, and the long options of each, from the help. */
const nouns = program(realContext()).commands;
const flagsOf = (command: (typeof nouns)[number]) =>
    command
        .createHelp()
        .visibleOptions(command)
        .map(({ long }) => long!);

for (const shell of INSTALLED)
    describe(`completion in ${shell}`, () => {
        const ask = SHELLS[shell];

        it("offers every noun, and every verb of each", async () => {
            const names = nouns.map((noun) => noun.name());
            assert.ok(names.length > 5);
            assert.deepEqual(
                (await ask("alpa-auth ")).filter((word) => !word.startsWith("-")),
                names.sort(),
            );
            for (const noun of nouns) {
                const offered = (await ask(`alpa-auth ${noun.name()} `)).filter((word) => !word.startsWith("-"));
                assert.deepEqual(offered, noun.commands.map((verb) => verb.name()).sort(), noun.name());
            }
        });

        it("offers every option of a verb, and of no other", async () => {
            for (const { words, verb } of verbsOf(program(realContext()))) {
                const offered = await ask(`alpa-auth ${words.join(" ")} --`);
                assert.deepEqual(offered, flagsOf(verb).sort(), words.join(" "));
            }
        });

        it("offers the choices of an option, after other words too", async () => {
            assert.deepEqual(await ask("alpa-auth stack review --format "), ["json", "markdown", "text"]);
            assert.deepEqual(await ask("alpa-auth consumer add alice --yes --method k"), ["key"]);
        });

        it("offers the verbs that show, limit and prune", async () => {
            assert.deepEqual(await ask("alpa-auth consumer s"), ["set-limits", "show"]);
            assert.deepEqual(await ask("alpa-auth consumer pr"), ["prune-expired"]);
        });

        it("offers no option where the value of an option is typed", async () => {
            const offered = await ask("alpa-auth consumer handout a b --again ");
            assert.deepEqual(
                offered.filter((word) => word.startsWith("-")),
                [],
            );
        });
    });
