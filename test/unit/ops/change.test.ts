// Proves the common behaviour of every command that changes a stack: it shows the change first, changes nothing without
// consent, reports all problems at once, and never shows a secret. Pulumi is a fake here; the engine test runs the real one.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dayAfter } from "../../../ops/dates";
import { bench, exits, failsHalfWay, type Says, SECRETS, STACK_FILE, TODAY } from "./kit";

const ADD = ["consumer", "add", "bob"];

describe("ops, changing a stack", () => {
    it("shows the difference, its meaning and its review, and changes nothing without --yes", async () => {
        const previewed: string[] = [];
        const { ops, text, calls } = bench({
            says: ({ args }) => {
                if (args[0] === "preview") previewed.push(readFileSync(args.at(-1)!, "utf8"));
                return undefined;
            },
        });
        const { out } = await exits(0, ops(...ADD, "--expires", "2027-01-31"));
        assert.match(out, /^\+ +- name: bob$/m);
        assert.match(out, /Adds first \(key, expires 2027-01-31\) to the new consumer bob\./);
        assert.match(
            out,
            /^Review of stack intra: nothing changes\.[^]*Dry run: nothing was changed\. Run again with --yes/m,
        );
        assert.match(previewed[0], /name: bob/);
        assert.equal(text(), STACK_FILE);
        assert.deepEqual(
            calls.filter(({ args }) => args[0] === "up"),
            [],
        );
    });

    it("with --yes writes the file, runs pulumi up on that stack and file, and names the next steps", async () => {
        const { ops, text, calls, file } = bench();
        const { out, note } = await exits(0, ops(...ADD, "--yes", "--stack", "org/alpa-auth/intra"));
        assert.match(text(), /- name: bob\n {10}credentials:\n {14}- \{ id: first, method: key \}/);
        const [up, yes, plan, ...at] = calls.at(-1)!.args;
        assert.deepEqual([up, yes, at], ["up", "--yes", ["--stack", "org/alpa-auth/intra", "--config-file", file]]);
        assert.ok(
            calls.some(({ args }) => args[0] === "preview" && args.includes(plan.replace("--plan", "--save-plan"))),
        );
        assert.match(note, /^pulumi up, stack org\/alpa-auth\/intra:$/m);
        assert.match(out, /Next: npm run ops -- consumer handout bob --stack org\/alpa-auth\/intra/);
    });

    it("reports every problem of the request, of the edited config and of the state in one error", async () => {
        const { ops, text } = bench({
            says: ({ args }) =>
                args[1] === "export" ? { stdout: '{"deployment":{"pending_operations":[{},{}]}}' } : undefined,
        });
        const before = text();
        const { note } = await exits(
            2,
            ops("consumer", "rotate", "alice", "a1", "--successor", "a2", "--overlap-days", "91", "--yes"),
        );
        assert.match(note, /^3 problems in this command, nothing was changed:/);
        assert.match(note, /--overlap-days: must be at most 90, the stack.s maxOverlapDays \(got 91\)/);
        assert.match(note, /every credential id of alice must be unique \(got a2 twice\)/);
        // Without this flag and without a terminal, Pulumi keeps an interrupted create operation in the state.
        assert.match(
            note,
            /intra: has 2 pending operations of a run in progress, or of an interrupted run\..* pulumi refresh --clear-pending-creates -s intra/,
        );
        assert.equal(text(), before);
    });

    it("rotates with an overlap of a week by default, and warns that the successor does not expire", async () => {
        const { ops } = bench({
            text: STACK_FILE.replace("{ id: a1, method: key }", "{ id: a1, method: key, expires: 2027-06-30 }"),
        });
        const { out } = await exits(0, ops("consumer", "rotate", "alice", "a1", "--successor", "a9"));
        assert.match(out, /The first pulumi up on or after 2026-12-02 \(UTC\) removes a1/);
        assert.match(
            out,
            /a9 does not expire, but a1 would have expired on 2027-06-30\. To set a day: --expires <day>/,
        );
        const given = await ops("consumer", "rotate", "alice", "a1", "--successor", "a9", "--expires", "2027-06-30");
        assert.doesNotMatch(given.out, /does not expire/);
    });

    it("warns that the entry of a caller stays when its last credential is revoked", async () => {
        const { ops } = bench();
        const { out } = await ops("consumer", "revoke", "alice", "a1");
        assert.match(out, /Credential a1 of alice stops working\. Unchanged: a2, old\./);
        const { ops: alone } = bench({ text: STACK_FILE.replace(/\n.*\{ id: (a2|old),.*\}/g, "") });
        const last = await alone("consumer", "revoke", "alice", "a1");
        assert.match(
            last.out,
            /No credential is left, but the entry of alice stays\. To remove it: npm run ops -- consumer remove alice/,
        );
    });

    it("reports a key in plain text next to an encrypted one, and does not show it", async () => {
        const plain = "plain-0123456789abcd";
        const keys = ["{ secure: v1:a-ciphertext-of-it }", plain].map(
            (key, i) => `{ id: k${i}, method: key, key: ${key} }`,
        );
        const { ops } = bench({
            text: STACK_FILE.replace("{ id: a1, method: key }", keys.join("\n              - ")),
            says: ({ args }) => (args[0] === "config" ? { stdout: "{}" } : undefined),
        });
        const { out, note } = await exits(2, ops(...ADD));
        assert.match(note, /consumers\[0\]\.credentials\[1\]\.key: must be stored encrypted/);
        assert.match(note, /^1 problem in the stack config, nothing was changed:/);
        assert.ok(!(out + note).includes(plain));
    });

    it("warns about what the edit changes, and not about every other credential each time", async () => {
        const { note } = await bench().ops(...ADD, "--expires", dayAfter(new Date(TODAY), 2));
        assert.match(note, /warning: consumers: bob\/first expires in (2 days|1 day),/);
        assert.ok(!note.includes("alice"), note);
    });

    it("keeps the edit when pulumi up fails half way, and names the run that completes it", async () => {
        const { ops, text } = bench({ says: failsHalfWay() });
        const { note } = await exits(1, ops(...ADD, "--yes"));
        assert.match(
            note,
            /A part of the edit may be applied, so Pulumi\.intra\.yaml keeps it\. Correct the error and run: pulumi up -s intra$/m,
        );
        assert.match(text(), /bob/);
    });

    for (const verb of ["preview", "up"])
        it(`undoes the edit when pulumi ${verb} fails before anything is applied`, async () => {
            const fails: Says = ({ args }) =>
                args[0] === verb ? { code: 255, stderr: "error: not reachable" } : undefined;
            const { ops, text } = bench({ says: fails });
            const { note } = await exits(1, ops(...ADD, "--yes"));
            assert.match(note, /failed \(exit code 255[^]*Nothing was changed\.$/m);
            assert.doesNotMatch(note, /-s intra/);
            assert.equal(text(), STACK_FILE);
        });

    it("keeps the file's mode, and leaves no temporary file", async () => {
        const { ops, folder } = bench();
        await ops(...ADD, "--yes");
        assert.deepEqual(execFileSync("ls", ["-A", folder]).toString().trim().split("\n"), [
            ".alpa-auth",
            "Pulumi.intra.yaml",
        ]);
    });

    const unknown: [what: string, args: string[], says: Says | undefined, problem: RegExp][] = [
        ["a stack without a file", ["--stack", "other"], undefined, /--stack: other has no stack file/],
        ["a stack name with a path", ["--stack", "../.."], undefined, /--stack: must be the name of a stack/],
        [
            "no stack name",
            [],
            ({ args }) => (args[1] === "--show-name" ? { code: 255 } : undefined),
            /--stack: required/,
        ],
        [
            "a stack that the backend does not have",
            [],
            ({ args }) =>
                args[1] === "export" ? { code: 255, stderr: "error: no stack named 'intra' found\n" } : undefined,
            /--stack: must be a stack of the backend \(no stack named 'intra' found\)/,
        ],
    ];
    for (const [what, args, says, problem] of unknown)
        it(`refuses ${what}`, async () => {
            assert.match((await exits(2, bench({ says }).ops(...ADD, ...args))).note, problem);
        });

    it("validates brought keys without showing them", async () => {
        const sealed = STACK_FILE.replace(
            "{ id: a1, method: key }",
            "{ id: a1, method: key, key: { secure: v1:cipher } }",
        );
        const consumers = [{ name: "alice", credentials: [{ id: "a1", key: SECRETS.key }] }];
        const { ops, calls } = bench({
            text: sealed,
            says: ({ args }) =>
                args[0] === "config"
                    ? { stdout: JSON.stringify({ "alpa-auth:consumers": { value: "", objectValue: consumers } }) }
                    : undefined,
        });
        const { out, note } = await exits(0, ops(...ADD));
        assert.ok(!(out + note).includes(SECRETS.key));
        assert.ok(calls.some(({ args }) => args.join(" ").startsWith("config --json --show-secrets --stack intra")));
    });
});
