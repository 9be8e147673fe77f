// Proves that an error that an operator can correct is reported without a stack trace, and without secrets of files.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bench, STACK_FILE, type Bench, type BenchOptions } from "../kit";

const SMOKE = STACK_FILE.replace(
    "- name: alice\n",
    "- name: smoke\n          credentials:\n              - { id: s1, method: key }\n        - name: alice\n",
);
const unresolved = STACK_FILE.replace("- name: alice\n", "- name: alice\n          limits: *nowhere\n");
const printing = (command: string, stdout: string): BenchOptions => ({
    says: ({ args }) => (args.slice(0, 2).join(" ") === command ? { stdout } : undefined),
});
const smoke = (...args: string[]) => ["check", "smoke", ...args];

interface Case extends BenchOptions {
    args: string[];
    code: number;
    says?: BenchOptions["says"];
    prepare?: (one: Bench) => void;
    expected: RegExp;
}

const CASES: Record<string, Case> = {
    "an alias without an anchor": {
        args: ["consumer", "list", "--expiring", "30"],
        text: unresolved,
        code: 2,
        expected: /the stack file: must have each anchor before its aliases/,
    },
    "a folder of records that is a file": {
        args: ["consumer", "add", "bob", "--yes"],
        prepare: ({ folder }) => writeFileSync(join(folder, ".alpa-auth"), ""),
        code: 1,
        expected: /\.alpa-auth\/local: cannot be used \(ENOTDIR: .*\)\. Check the path and its permissions\.\n$/,
    },
    "an address with a password": {
        args: smoke("--url", "http://u:p@h"),
        text: SMOKE,
        code: 2,
        expected: / {2}- --url: must not contain a user name or password/,
    },
    "an address that no server listens at": {
        args: smoke(),
        text: SMOKE,
        outputs: { url: "http://127.0.0.1:9/alpa", credentials: { "smoke/s1": "KEY-of-smoke-0123456789" } },
        code: 1,
        expected:
            /smoke: no answer from http:\/\/127\.0\.0\.1:9\/alpa \(the connection failed .*\)\. Check the address and the network\.\n$/,
    },
    "outputs that are no JSON": {
        args: ["consumer", "handout", "alice", "a1"],
        ...printing("stack output", "SECRET-text"),
        code: 1,
        expected: /^pulumi stack output: printed something else instead of a JSON object/,
    },
};

describe("an error without a stack trace", () => {
    for (const [what, { args, code, prepare, expected, ...options }] of Object.entries(CASES))
        it(`is that of ${what}`, async () => {
            const one = bench(options);
            const program = bench({ ...options, folder: one.folder, program: one.folder });
            prepare?.(one);
            const said = await program.ops(...args);
            assert.match(said.note, expected);
            assert.doesNotMatch(said.note, /\n +at |SECRET/);
            assert.equal(said.code, code, said.note);
        });
});
