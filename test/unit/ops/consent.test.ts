// Proves the one rule of consent: a command that changes a stack only shows its changes unless --apply is given, and
// its help says so. The commands that need no world of their own are tested here, the others in their own tests.
import { strict as assert } from "node:assert";
import type { Command } from "commander";
import type { Context } from "../../../ops/context";
import { program } from "../../../ops/program";
import { bench } from "./kit";

/** Every command that changes a stack, and with it a cluster, hosts or an account. */
const CHANGING = [
    "consumer add",
    "consumer rotate",
    "consumer revoke",
    "consumer remove",
    "consumer expire",
    "consumer import",
    "consumer move-to-file",
    "stack apply",
    "stack rollback",
    "convert rehearse",
    "convert run",
    "convert abort",
];

function commands(command: Command, path: string[] = []): [name: string, command: Command][] {
    if (command.commands.length === 0) return [[path.join(" "), command]];
    return command.commands.flatMap((sub) => commands(sub, [...path, sub.name()]));
}

describe("consent to a change of a stack", () => {
    const root = program({} as Context);
    const all = commands(root);

    it("is asked for by one flag, by every command that changes one and by no other", () => {
        const flagged = all.filter(([, { options }]) => options.some(({ long }) => long === "--apply"));
        assert.deepEqual(flagged.map(([name]) => name).sort(), [...CHANGING].sort());
        for (const [name, { options }] of all)
            for (const { long } of options) assert.doesNotMatch(long!, /^--(yes|force|confirm|rehearse)$/, name);
    });

    it("is what the help says, as a rule and at each command", () => {
        const rule = root.helpInformation().replace(/\s+/g, " ");
        assert.match(rule, /A command that changes a stack only shows what it would do; add --apply to do it\./);
        for (const [name, command] of all.filter(([name]) => CHANGING.includes(name)))
            assert.match(command.helpInformation().replace(/\s+/g, " "), /--apply .*; without it, only show/, name);
    });

    const CALLS: string[][] = [
        ["consumer", "add", "team", "--credential", "k"],
        ["consumer", "rotate", "alice", "a1", "--successor", "a3", "--overlap-days", "7"],
        ["consumer", "revoke", "alice", "a1"],
        ["consumer", "remove", "alice"],
    ];
    for (const args of CALLS)
        it(`is needed by ${args.slice(0, 2).join(" ")}`, async () => {
            const { ops, calls, text } = bench();
            const before = text();
            const { code, out, note } = await ops(...args);
            assert.equal(code, 0, note);
            assert.match(out, /Dry run: nothing was changed\. Add --apply/);
            assert.equal(text(), before);
            assert.ok(calls.every(({ args: [verb] }) => verb !== "up"));
        });
});
