// Proves that `consumer set-limits` changes the limits of one caller in the file that contains it, and nothing else in
// that file.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diffLines } from "diff";
import { setLimits } from "../../../../ops/stack/consumers-edit";
import { bench } from "../kit";

const TEXT = `# the stack
config:
    alpa-auth:option: intra-a
    alpa-auth:alpa:
        endpoints: ["10.20.96.188:20001"]
    alpa-auth:consumers:
        - name: alice # first
          credentials:
              - { id: a1, method: key } # in use
        - name: bob
          limits:
              requests: 60 # agreed on in May
              perSeconds: 60
          credentials:
              - { id: b1, method: key }
`;

/** Lines that an edit takes away and adds, without their indentation. */
function changed(before: string, after: string): [removed: string[], added: string[]] {
    const lines = (which: "removed" | "added") =>
        diffLines(before, after)
            .filter((part) => part[which])
            .flatMap(({ value }) => value.trimEnd().split("\n"))
            .map((line) => line.trim());
    return [lines("removed"), lines("added")];
}

describe("ops consumer set-limits", () => {
    const set = (...args: string[]) => {
        const one = bench({ text: TEXT });
        return one.ops("consumer", "set-limits", ...args).then((said) => ({ ...one, ...said }));
    };

    it("gives a caller limits, below its name, and runs pulumi up", async () => {
        const { code, note, text, calls } = await set("alice", "--concurrent", "2", "--yes");
        assert.equal(code, 0, note);
        assert.deepEqual(changed(TEXT, text()), [[], ["limits: { concurrent: 2 }"]]);
        assert.ok(calls.some(({ args: [verb] }) => verb === "up"));
    });

    it("changes one limit and keeps the others with their comments", async () => {
        const { text, out } = await set("bob", "--requests", "120", "--yes");
        assert.deepEqual(changed(TEXT, text()), [
            ["requests: 60 # agreed on in May"],
            ["requests: 120 # agreed on in May"],
        ]);
        assert.match(
            out,
            /Own limits of bob: 60 requests per 60 s -> 120 requests per 60 s\. Credentials: as before\./,
        );
    });

    it("--clear leaves the caller the limits of the stack, or those given with it", async () => {
        assert.doesNotMatch((await set("bob", "--clear", "--yes")).text(), /limits/);
        const { text } = await set("bob", "--clear", "--concurrent", "4", "--yes");
        assert.match(text(), /- name: bob\n +limits:\n +concurrent: 4\n +credentials/);
    });

    const refused: [what: string, args: string[], says: RegExp][] = [
        [
            "requests without a window, as the schema does",
            ["alice", "--requests", "5"],
            /must have requests and perSeconds/,
        ],
        ["nothing that is to change", ["alice"], /must not all be missing\. Say what is to change/],
        ["an unknown caller", ["carol", "--clear"], /carol: must be a consumer of the config/],
        ["a limit of none", ["alice", "--concurrent", "0"], /Must be a whole number of at least 1/],
    ];
    for (const [what, args, says] of refused)
        it(`refuses ${what}, and changes nothing`, async () => {
            const { code, note, text, calls } = await set(...args, "--yes");
            assert.equal(code, 2);
            assert.match(note, says);
            assert.equal(text(), TEXT);
            assert.ok(calls.every(({ args: [verb] }) => verb !== "up"));
        });

    it("edits the file of callers if that contains the caller", async () => {
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-limits-"));
        try {
            mkdirSync(join(folder, "callers"));
            const callers = join(folder, "callers/intra.yaml");
            const list = "consumers:\n    - name: carol # third\n      credentials: [{ id: c1, method: key }]\n";
            writeFileSync(callers, list);
            const own = TEXT.replace("    alpa-auth:consumers:", "    alpa-auth:consumersFile: callers/intra.yaml\n$&");
            const { ops, text } = bench({ text: own, folder, program: folder });
            const { code, note } = await ops("consumer", "set-limits", "carol", "--concurrent", "3", "--yes");
            assert.equal(code, 0, note);
            assert.deepEqual(changed(list, readFileSync(callers, "utf8")), [[], ["limits: { concurrent: 3 }"]]);
            assert.equal(text(), own);
        } finally {
            rmSync(folder, { recursive: true, force: true });
        }
    });

    it("refuses limits that stand elsewhere and are only named here, or are named elsewhere", () => {
        const shared = TEXT.replace("limits:\n", "limits: &most\n").replace(
            "- name: alice # first\n",
            "- name: alice # first\n          limits: *most\n",
        );
        const ordered = `${shared.replace("          limits: *most\n", "")}        - { name: carol, limits: *most, credentials: [] }\n`;
        assert.throws(
            () => setLimits(ordered, "bob", { concurrent: 1 }),
            /bob: must not be named elsewhere .* as \*most/,
        );
        assert.throws(() => setLimits(ordered, "carol", { concurrent: 1 }), /limits of carol: must be written out/);
    });
});
