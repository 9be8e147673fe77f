// Proves that --json of a command prints one JSON document on standard output and nothing else, with the fields that the
// reference of the command line shows. Commands that need a setup of their own are tested in their own files: check …, convert
// …, list and rollback.
import { strict as assert } from "node:assert";
import { realContext } from "../../../../ops/context";
import { JSON_DOCUMENTS } from "../../../../ops/json-documents";
import { program, verbsOf } from "../../../../ops/program";
import { bench, exits, SECRETS, STACK_FILE } from "../kit";
import { caller, gate, removed, step } from "../stack/apply/kit";

const CHANGE = ["stack", "changed", "file", "diff", "effects", "warnings", "review", "next"];
const REVIEW = ["stack", "changes", "findings"];

const CASES: [args: string[], keys: string[]][] = [
    [
        ["consumer", "show", "alice"],
        ["stack", "name", "class", "limits", "ownLimits", "credentials"],
    ],
    [["consumer", "add", "bob"], CHANGE],
    [["consumer", "add", "bob", "--yes"], CHANGE],
    [["consumer", "set-limits", "alice", "--concurrent", "2", "--yes"], CHANGE],
    [["consumer", "rotate", "alice", "a1", "--successor", "a3", "--yes"], CHANGE],
    [["consumer", "revoke", "alice", "a1"], CHANGE],
    [["consumer", "remove", "alice"], CHANGE],
    [
        ["consumer", "handout", "alice", "a1"],
        ["stack", "consumer", "credentials", "url", "recipients", "out", "page"],
    ],
    [
        ["token", "issue", "tokens", "hs", "--ttl", "15m"],
        ["stack", "consumer", "credential", "token", "expires"],
    ],
];

/** Parses standard output, which must be one JSON document and nothing else. */
function document(out: string): Record<string, unknown> {
    return JSON.parse(out) as Record<string, unknown>;
}

describe("--json", () => {
    for (const [args, keys] of CASES)
        it(`of ${args.slice(0, 2).join(" ")}${args.includes("--yes") ? " --yes" : ""} prints one document`, async () => {
            const { out } = await exits(0, bench().ops(...args, "--json"));
            // With the consent the run itself shows the review.
            const expected = args.includes("--yes") ? keys.filter((key) => key !== "review") : keys;
            assert.deepEqual(Object.keys(document(out)), expected);
            if (keys.includes("changed")) assert.equal(document(out).changed, args.includes("--yes"));
        });

    it("of a list prints the list", async () => {
        const { out } = await bench().ops("consumer", "list", "--expiring", "30", "--json");
        assert.deepEqual(Object.keys((JSON.parse(out) as object[])[0]), ["consumer", "credential", "expires", "days"]);
    });

    const expired = step("update", caller("alice", ["a1", "a2", "old"]), caller("alice", ["a1", "a2"]));
    const REVIEWS: [args: string[], step: object, keys: string[], code: number][] = [
        [["stack", "review"], removed("alice"), [...REVIEW, "accepted", "notAccepted"], 3],
        [["consumer", "prune-expired"], expired, [...REVIEW, "changed"], 0],
        [["consumer", "prune-expired", "--yes"], expired, [...REVIEW, "changed"], 0],
    ];
    for (const [args, one, keys, expected] of REVIEWS)
        it(`of ${args.join(" ")} prints the review as one document`, async () => {
            const { out } = await exits(expected, gate({ steps: [one] }).ops(...args, "--json"));
            assert.deepEqual(Object.keys(document(out)), keys);
        });

    it("prints nothing on standard output when the command fails before it has a result", async () => {
        const fails = bench({ says: ({ args }) => (args[0] === "up" ? { code: 255 } : undefined) });
        assert.deepEqual(
            [
                await fails.ops("consumer", "add", "bob", "--yes", "--json"),
                await bench().ops("consumer", "show", "unknown", "--json"),
            ].map(({ code, out }) => [code, out]),
            [
                [1, ""],
                [2, ""],
            ],
        );
    });

    it("shows no secret of the config or the outputs, except in a handout", async () => {
        for (const args of [
            ["show", "alice"],
            ["add", "bob"],
            ["list", "--expiring", "30"],
        ]) {
            const { out, note } = await bench({ text: STACK_FILE }).ops("consumer", ...args, "--json");
            for (const secret of Object.values(SECRETS)) assert.ok(!(out + note).includes(secret));
        }
        const { out } = await bench().ops("consumer", "handout", "alice", "a1", "--json");
        assert.match(String(document(out).page), new RegExp(SECRETS.key));
    });

    it("is an option of every command, and described for each", () => {
        const all = verbsOf(program(realContext()));
        const without = all.filter(({ verb }) => !verb.options.some(({ long }) => long === "--json"));
        assert.deepEqual(without, []);
        assert.deepEqual(Object.keys(JSON_DOCUMENTS).sort(), all.map(({ words }) => words.join(" ")).sort());
    });
});
