// Proves that `consumer set-limits` changes only the limits of one caller in the file that contains it.
import { strict as assert } from "node:assert";
import { diffLines } from "diff";
import { bench, exits } from "../kit";

const TEXT = `# the stack
config:
    alpa-auth:option: intra-a
    alpa-auth:alpa:
        endpoints: [ "10.20.96.188:20001" ]
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

/** Lines that an edit removes and adds, without their indentation. */
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

    it("gives a caller limits, and runs pulumi up", async () => {
        const { text, calls } = await exits(0, set("alice", "--concurrent", "2", "--yes"));
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
            /Own limits of bob: 60 requests per 60 s -> 120 requests per 60 s\. Credentials: unchanged\./,
        );
    });

    it("--clear gives the caller the limits of the stack, or the limits given in the same command", async () => {
        assert.doesNotMatch((await set("bob", "--clear", "--yes")).text(), /limits/);
        const { text } = await set("bob", "--clear", "--concurrent", "4", "--yes");
        assert.match(text(), /- name: bob\n +limits:\n +concurrent: 4\n +credentials/);
    });

    const refused: [what: string, args: string[], says: RegExp][] = [
        [
            "requests without a window, like the schema",
            ["alice", "--requests", "5"],
            /must have requests and perSeconds/,
        ],
        ["a command without a change", ["alice"], /at least one is required\. Say what to change/],
        ["tokens without a window", ["alice", "--tokens", "5"], /must have tokens and perTokenSeconds/],
        ["an unknown caller", ["carol", "--clear"], /carol: is not a consumer of the config/],
        ["a limit of zero", ["alice", "--concurrent", "0"], /must be a whole number of at least 1/],
    ];
    for (const [what, args, says] of refused)
        it(`rejects ${what}, and changes nothing`, async () => {
            const { note, text, calls } = await exits(2, set(...args, "--yes"));
            assert.match(note, says);
            assert.equal(text(), TEXT);
            assert.ok(calls.every(({ args: [verb] }) => verb !== "up"));
        });

    describe("with a class", () => {
        // Each class has a caller, because the config check rejects a class without one.
        const members = ["interactive", "batch"].map(
            (name, i) =>
                `        - { name: member-${i}, class: ${name}, credentials: [ { id: m${i}, method: key } ] }\n`,
        );
        const CLASSED = `${TEXT}${members.join("")}    alpa-auth:classes: { interactive: 4, batch: 4 }\n`.replace(
            '"10.20.96.188:20001"',
            '"10.20.96.188:20001", "10.20.96.189:20001"',
        );
        const put = (text: string, ...args: string[]) => {
            const one = bench({ text });
            return one.ops("consumer", "set-limits", ...args, "--yes").then((said) => ({ ...one, ...said }));
        };

        it("puts a caller into a class", async () => {
            const { text, out } = await exits(0, put(CLASSED, "bob", "--class", "batch"));
            assert.deepEqual(changed(CLASSED, text()), [[], ["class: batch"]]);
            assert.match(out, /^Class of bob: none -> batch\. Credentials: unchanged\.$/m);
        });

        it("changes class and limits together, keeps comments, and removes the caller from the class again", async () => {
            const before = CLASSED.replace("- name: bob\n", "- name: bob\n          class: interactive # agreed on\n");
            const moved = await put(before, "bob", "--class", "batch", "--requests", "600");
            assert.deepEqual(changed(before, moved.text()), [
                ["class: interactive # agreed on", "requests: 60 # agreed on in May"],
                ["class: batch # agreed on", "requests: 600 # agreed on in May"],
            ]);
            const out = await put(before, "bob", "--no-class");
            assert.deepEqual(changed(before, out.text()), [["class: interactive # agreed on"], []]);
            assert.match(out.out, /Class of bob: interactive -> none\./);
        });

        it("can be set by consumer add for a new caller, and not for an existing one", async () => {
            const { ops, text } = bench({ text: CLASSED });
            const limits = ["--requests", "600", "--per-seconds", "3600"];
            const added = await exits(0, ops("consumer", "add", "night-jobs", "--class", "batch", ...limits, "--yes"));
            assert.match(
                text(),
                /- name: night-jobs\n +class: batch\n +limits: \{ ?requests: 600, perSeconds: 3600 ?\}\n/,
            );
            assert.match(added.out, /Class of night-jobs: batch\./);
            const again = await exits(2, ops("consumer", "add", "bob", "--credential", "b2", "--class", "bach"));
            assert.match(again.note, /--class: only valid with a new consumer \(bob exists\)\. Run: .* set-limits bob/);
        });
    });
});
