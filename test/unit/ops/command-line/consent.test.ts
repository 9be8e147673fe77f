// Proves the rule of consent: a command only shows its changes unless --yes is given, and its help says so. Commands that need
// no setup of their own are tested here, the others in their own tests.
import { strict as assert } from "node:assert";
import type { Command } from "commander";
import type { Context } from "../../../../ops/context";
import { program } from "../../../../ops/program";
import { bench, exits } from "../kit";

/** Every command that changes a stack, and with it a cluster, hosts or an account. */
const CHANGING = [
    "consumer add",
    "consumer set-limits",
    "consumer rotate",
    "consumer revoke",
    "consumer remove",
    "consumer prune-expired",
    "stack apply",
    "stack rollback",
    "convert run",
    "convert abort",
];

function commands(command: Command, path: string[] = []): [name: string, command: Command][] {
    if (command.commands.length === 0) return [[path.join(" "), command]];
    return command.commands.flatMap((sub) => commands(sub, [...path, sub.name()]));
}

describe("consent to a change", () => {
    const root = program({} as Context);
    const all = commands(root);

    it("is given by one flag, for every command that changes something and for no other", () => {
        const flagged = all.filter(([, { options }]) => options.some(({ long }) => long === "--yes"));
        assert.deepEqual(flagged.map(([name]) => name).sort(), [...CHANGING].sort());
        for (const [name, { options }] of all)
            for (const { long } of options) assert.doesNotMatch(long!, /^--(apply|force|confirm)$/, name);
    });

    it("is explained in the help of the program and of each command that has the flag", () => {
        const rule = root.helpInformation().replace(/\s+/g, " ");
        assert.match(rule, /A command that changes something only shows what would change; run it again with --yes/);
        for (const [name, command] of all.filter(([name]) => CHANGING.includes(name)))
            assert.match(
                command.helpInformation().replace(/\s+/g, " "),
                /--yes .*; without it, show what would change and change nothing/,
                name,
            );
    });

    const CALLS: string[][] = [
        ["consumer", "add", "team", "--credential", "k"],
        ["consumer", "set-limits", "alice", "--concurrent", "2"],
        ["consumer", "rotate", "alice", "a1", "--successor", "a3", "--overlap-days", "7"],
        ["consumer", "revoke", "alice", "a1"],
        ["consumer", "remove", "alice"],
    ];
    for (const args of CALLS)
        it(`is required by ${args.slice(0, 2).join(" ")}, whose last line says so`, async () => {
            const { ops, calls, text } = bench();
            const before = text();
            const { out } = await exits(0, ops(...args));
            assert.match(out, /\nDry run: nothing was changed\. Run again with --yes to [^\n]*\n$/);
            assert.equal(text(), before);
            assert.ok(calls.every(({ args: [verb] }) => verb !== "up"));
        });
});
