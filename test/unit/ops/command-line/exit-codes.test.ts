// Proves the exit codes of commands, and that help and docs list the same ones. Each command's own tests have its other cases.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { realContext } from "../../../../ops/context";
import { MEANINGS } from "../../../../ops/exit-codes";
import { program, verbsOf } from "../../../../ops/program";
import { bench, type BenchOptions, exits } from "../kit";
import { caller, gate, removed, step } from "../stack/apply/kit";

const ROOT = join(__dirname, "../../../..");
const ADD = ["consumer", "add", "bob"];
const fails: BenchOptions = { says: ({ args }) => (args[0] === "up" ? { code: 255, stderr: "no" } : undefined) };
const away: BenchOptions = {
    says: ({ args }) => (args[1] === "history" ? { code: 255, stderr: "no backend" } : undefined),
};
/** Removes alice/old, which expired on 2026-11-20. */
const expired = step("update", caller("alice", ["a1", "a2", "old"]), caller("alice", ["a1", "a2"]));

const CASES: [what: string, args: string[], code: number, options?: BenchOptions][] = [
    ["help", ["--help"], 0],
    ["help of a command", ["consumer", "add", "--help"], 0],
    ["the version", ["--version"], 0],
    ["one caller", ["consumer", "show", "alice"], 0],
    ["a change that is only shown", ADD, 0],
    ["a change that is applied", [...ADD, "--yes"], 0],
    ["a change that Pulumi rejects", [...ADD, "--yes"], 1, fails],
    ["a backend that does not answer", ["stack", "history"], 1, away],
    ["no command", [], 2],
    ["a noun alone", ["consumer"], 2],
    ["an unknown command", ["consumer", "ad"], 2],
    ["an unknown option", ["consumer", "list", "--chek"], 2],
    ["a missing argument", ["consumer", "show"], 2],
    ["an option of the wrong kind", ["consumer", "list", "--expiring", "soon"], 2],
    ["two options that exclude each other", ["stack", "drift", "--json", "--format", "markdown"], 2],
    ["an unknown caller", ["consumer", "show", "unknown"], 2],
    ["a change that the config check rejects", ["consumer", "set-limits", "alice", "--requests", "6"], 2],
    ["a stack without a file", ["consumer", "list", "--stack", "none"], 2],
    ["usage without a source", ["consumer", "usage"], 2],
    ["usage of a Prometheus that is unreachable", ["consumer", "usage", "--prometheus", "http://127.0.0.1:9"], 1],
    ["credentials that expire, listed", ["consumer", "list", "--expiring", "30"], 0],
    ["credentials that expire, checked", ["consumer", "list", "--fail-on", "7"], 3],
];

describe("exit codes", () => {
    for (const [what, args, expected, options] of CASES)
        it(`are ${expected} for ${what}`, async () => {
            await exits(expected, bench(options).ops(...args));
        });

    const REVIEWS: [args: string[], steps: object[], code: number][] = [
        [["stack", "review"], [removed("alice")], 3],
        [["stack", "review"], [], 0],
        [["consumer", "prune-expired"], [expired], 0],
        [["consumer", "prune-expired"], [expired, removed("bob")], 3],
        [["consumer", "prune-expired", "--yes"], [expired, removed("bob")], 3],
    ];
    for (const [args, steps, expected] of REVIEWS)
        it(`are ${expected} for ${args.join(" ")} of ${steps.length} changes`, async () => {
            await exits(expected, gate({ steps }).ops(...args));
        });

    it("are in the help of the program and in docs/reference/command-line.md, in the same words", async () => {
        const { out } = await bench().ops("--help");
        const page = readFileSync(join(ROOT, "docs/reference/command-line.md"), "utf8").replace(/ +/g, " ");
        for (const [code, meaning] of Object.entries(MEANINGS)) {
            assert.ok(out.includes(`  ${code}  ${meaning}\n`), out);
            assert.ok(page.includes(`| ${code} | ${meaning} |`), meaning);
        }
    });

    it("for findings are named by the help of each command with an option that uses them", () => {
        const all = verbsOf(program(realContext())).map(({ verb }) => verb);
        const named = all
            .flatMap(({ options }) => options)
            .filter(({ long }) => ["--check", "--fail-on"].includes(long!));
        assert.ok(named.length >= 4);
        for (const { description } of named) assert.match(description, /exit with 3/);
    });
});
