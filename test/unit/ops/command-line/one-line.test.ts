// Proves that an error that an operator can correct is reported without a stack trace, and without secrets of files.
import { strict as assert } from "node:assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonObject } from "../../../../ops/stack/pulumi";
import { bench, STACK_FILE, type Bench, type BenchOptions } from "../kit";

const SMOKE = STACK_FILE.replace(
    "- name: alice\n",
    "- name: smoke\n          credentials:\n              - { id: s1, method: key }\n        - name: alice\n",
);
const unresolved = STACK_FILE.replace("- name: alice\n", "- name: alice\n          limits: *nowhere\n");
const NAMED = STACK_FILE.replace("config:\n", "config:\n    alpa-auth:consumersFile: callers.yaml\n");
const printing = (command: string, stdout: string): BenchOptions => ({
    says: ({ args }) => (args.slice(0, 2).join(" ") === command ? { stdout } : undefined),
});
const smoke = (...args: string[]) => ["check", "smoke", ...args];
const LIMIT = /^error: --timeout <seconds>: must be .* at most 86400 \(got "999999999"\)\.$/m;

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
    "an alias without an anchor in the file of callers": {
        args: ["consumer", "list"],
        text: NAMED,
        prepare: ({ folder }) => writeFileSync(join(folder, "callers.yaml"), "consumers: *nowhere\n"),
        code: 2,
        expected: /callers\.yaml: must have only a few YAML aliases/,
    },
    "a stack file that is a folder": {
        args: ["consumer", "list", "--stack", "other"],
        prepare: ({ folder }) => mkdirSync(join(folder, "Pulumi.other.yaml")),
        code: 2,
        expected: /--stack: other has no stack file /,
    },
    "a folder of records that is a file": {
        args: ["consumer", "add", "bob", "--yes"],
        prepare: ({ folder }) => writeFileSync(join(folder, ".alpa-auth"), ""),
        code: 1,
        expected: /\.alpa-auth\/local: cannot be used \(ENOTDIR: .*\)\. Check the path and its permissions\.\n$/,
    },
    "an overlap of more days than the calendar has": {
        args: ["consumer", "rotate", "alice", "a1", "--successor", "a3", "--overlap-days", "999999999"],
        code: 2,
        expected: /at most 36500 \(got "999999999"\)\./,
    },
    "a time limit of check dns that no timer has": {
        args: ["check", "dns", "--timeout", "999999999"],
        code: 2,
        expected: LIMIT,
    },
    "a time limit of check smoke that no timer has": {
        args: smoke("--timeout", "999999999"),
        code: 2,
        expected: LIMIT,
    },
    "an address of another protocol": {
        args: smoke("--url", "ftp://x"),
        text: SMOKE,
        code: 2,
        expected: / {2}- --url: must be an address/,
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
    "a state that is null": {
        args: ["consumer", "add", "bob"],
        ...printing("stack export", "null"),
        code: 1,
        expected: /pulumi stack export: printed \S.* instead of a JSON object/,
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

    it("says that Pulumi has printed nothing", () => {
        assert.throws(() => jsonObject("\n", "pulumi stack export"), /printed nothing instead of a JSON object/);
    });
});
