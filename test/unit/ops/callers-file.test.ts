// Proves that the commands read and edit callers in a callers file (`consumersFile`) as in a stack file, and that
// `move-to-file` changes no caller. A fake Pulumi answers from memory.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings } from "../../../ops/stack/config-check";
import { readConsumers } from "../../../ops/stack/stack-file";
import { bench, type BenchOptions, exits, STACK_FILE } from "./kit";

const NAME = "callers/intra.yaml";
const OWN = `# the stack
config:
    alpa-auth:option: intra-a
    alpa-auth:alpa:
        endpoints: ["10.20.96.188:20001"]
    alpa-auth:consumersFile: ${NAME}
    alpa-auth:consumers:
        - name: own
          credentials:
              - { id: first, method: key } # in the stack file
`;
const CALLERS = `# all callers but one
consumers:
    # the first
    - name: alice
      credentials:
          - { id: a1, method: key } # in use
          - { id: a2, method: key, expires: "2026-12-01" }
`;

let folder: string;
const callers = () => readFileSync(join(folder, NAME), "utf8");

/** A stack file and a callers' file in the project's folder. */
function setUp({ text = OWN, ...options }: BenchOptions = {}) {
    return bench({ text, folder, program: folder, ...options });
}

describe("ops with callers in a file of their own", () => {
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-ops-callers-"));
        mkdirSync(join(folder, "callers"));
        writeFileSync(join(folder, NAME), CALLERS);
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    it("adds a new caller there, keeps every other line, and runs pulumi up", async () => {
        const { ops, text, calls } = setUp();
        const { out } = await exits(0, ops("consumer", "add", "bob", "--yes"));
        assert.match(out, /^--- callers\/intra\.yaml/m);
        assert.equal(
            callers(),
            `${CALLERS}    - name: bob\n      credentials:\n          - { id: first, method: key }\n`,
        );
        assert.equal(text(), OWN);
        assert.ok(calls.some(({ args }) => args[0] === "up"));
        assert.ok(!existsSync(join(folder, "callers/.alpa-auth")), "git would report it as a change");
    });

    it("rotates a credential in the file that contains it", async () => {
        const { ops, text } = setUp();
        const rotate = (who: string, id: string) =>
            ops("consumer", "rotate", who, id, "--successor", "next", "--overlap-days", "5", "--yes");
        await exits(0, rotate("alice", "a1"));
        assert.match(
            callers(),
            /- \{ id: a1, method: key, expires: "2026-11-30" \} # in use\n.*\n +- \{ id: next, method: key/,
        );
        assert.equal(text(), OWN);
        await exits(0, rotate("own", "first"));
        assert.match(text(), /- \{ id: next, method: key \}/);
    });

    it("shows the effect of a revocation, and changes neither file without --yes", async () => {
        const { ops, text } = setUp();
        const { out } = await exits(0, ops("consumer", "revoke", "alice", "a2"));
        assert.match(out, /^-.*\{ id: a2, method: key/m);
        assert.match(out, /Credential a2 of alice stops working\. Unchanged: a1/);
        assert.deepEqual([text(), callers()], [OWN, CALLERS]);
    });

    it("imports keys into the stack file, the only one with secrets", async () => {
        writeFileSync(join(folder, "keys.json"), JSON.stringify({ allowed_api_keys: ["a-key-of-before-1234"] }));
        const { ops } = setUp();
        const { out } = await exits(0, ops("consumer", "import", join(folder, "keys.json"), "--names", "bob"));
        assert.match(out, /^--- Pulumi\.intra\.yaml/m);
        assert.ok(!out.includes("a-key-of-before"));
    });

    it("recognizes the names of both files", async () => {
        const { ops } = setUp();
        const { note } = await ops("consumer", "rotate", "alise", "a1", "--successor", "x", "--overlap-days", "5");
        assert.match(note, /alise: is not a consumer of the config\. Did you mean alice\?/);
        const { out } = await ops("consumer", "expiring", "--json");
        assert.deepEqual(
            JSON.parse(out).map(({ consumer, credential }: any) => `${consumer}/${credential}`),
            ["alice/a2"],
        );
    });

    it("restores the file when another run holds the stack's lock", async () => {
        const lock =
            "error: the stack is currently locked by 1 lock(s).\n  created by a@b (pid 1) at 2026-11-25T12:00:00Z";
        const { ops } = setUp({ says: ({ args }) => (args[0] === "up" ? { code: 1, stderr: lock } : undefined) });
        await exits(1, ops("consumer", "add", "bob", "--yes"));
        assert.equal(callers(), CALLERS);
    });

    it("refuses to edit a file with uncommitted changes", async () => {
        const git = (...args: string[]) =>
            execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args]);
        const { ops } = setUp();
        git("init", "-q");
        git("add", "-A");
        git("commit", "-qm", "x");
        writeFileSync(join(folder, NAME), `${CALLERS}# an edit\n`);
        const { note } = await exits(2, ops("consumer", "add", "bob", "--yes"));
        assert.match(note, /intra\.yaml: has uncommitted changes that alpa-auth did not make/);
    });

    it("refuses every command without the file: otherwise its callers would seem unknown", async () => {
        rmSync(join(folder, NAME));
        const { note } = await exits(2, setUp().ops("consumer", "expiring"));
        assert.match(note, /callers\/intra\.yaml: must be a file that can be read \(ENOENT\)/);
    });

    describe("consumer move-to-file", () => {
        const NEW = "callers/new.yaml";
        const move = (...more: string[]) => ["consumer", "move-to-file", NEW, ...more];
        const BROUGHT = `${STACK_FILE}        - name: brought\n          credentials:\n              - { id: k, method: key, key: { secure: "v1:abc" } }\n`;
        // The callers as Pulumi shows them with --show-secrets: the third has a key.
        const PLAIN = [{}, {}, { credentials: [{ key: "a-key-of-before-1234" }] }];
        const says: BenchOptions["says"] = ({ args }) =>
            args[0] === "config"
                ? { stdout: JSON.stringify({ "alpa-auth:consumers": { value: "", objectValue: PLAIN } }) }
                : undefined;

        it("shows both files and changes nothing without --yes", async () => {
            const { ops, text } = setUp({ text: STACK_FILE });
            const { out } = await exits(0, ops(...move()));
            assert.match(out, /^\+ {4}alpa-auth:consumersFile: callers\/new\.yaml$/m);
            assert.match(out, /^Moves 2 callers to callers\/new\.yaml/m);
            assert.equal(text(), STACK_FILE);
            assert.ok(!existsSync(join(folder, NEW)));
        });

        it("--json prints one document with both differences", async () => {
            const { out } = await setUp({ text: STACK_FILE }).ops(...move("--json"));
            const { changed, file, diffs, moved } = JSON.parse(out);
            assert.deepEqual([changed, file, diffs.length, moved], [false, NEW, 2, ["alice", "tokens"]]);
        });

        it("does not change the callers or their comments, and runs no pulumi up", async () => {
            const { ops, text, calls } = setUp({ text: STACK_FILE });
            const { out } = await exits(0, ops(...move("--yes")));
            assert.match(out, /Done\. Next: check that nothing changes: pulumi preview/, "no folder is in git");
            const moved = readFileSync(join(folder, NEW), "utf8");
            assert.match(moved, /\{ id: a1, method: key \} # in use/);
            assert.ok(!text().includes("alpa-auth:consumers:"));
            const callersIn = (own: string, file?: string) => {
                const settings = readSettings(own, new Map(), folder, new Date(0), file);
                return settings.option === "intra-a" ? settings.consumers.map(({ brought: _, ...one }) => one) : [];
            };
            assert.deepEqual(callersIn(text(), moved), callersIn(STACK_FILE));
            assert.ok(calls.every(({ args }) => args[0] !== "up"));
            // The files that move-to-file has written do not count as uncommitted changes when the next command runs.
            await exits(0, ops("consumer", "add", "bob"));
        });

        it("keeps a caller with its own key in the stack file", async () => {
            const { ops, text } = setUp({ text: BROUGHT, says });
            const { out } = await exits(0, ops(...move("--yes")));
            assert.match(out, /stay in Pulumi\.intra\.yaml, which contains their encrypted keys: brought/);
            assert.deepEqual(
                readConsumers(text()).map(({ name }) => name),
                ["brought"],
            );
        });

        it("keeps each comment with its caller, and those below the list in the stack file", async () => {
            const [head] = STACK_FILE.split("        - name: alice");
            const entry = (name: string, more = "") =>
                `        # about ${name}\n        - name: ${name}\n          credentials:\n              - { id: x, method: key${more} } # on ${name}\n              # inside ${name}\n`;
            const below = '    # about the namespace\n    alpa-auth:namespace: "foo"\n';
            const list = [entry("a"), entry("b"), entry("brought", ', key: { secure: "v1:abc" }')].join("\n");
            const { ops, text } = setUp({ text: head + list + below, says });
            await exits(0, ops(...move("--yes")));
            const [a, b] = ["a", "b"].map((name) => entry(name).replace(/^ {6}/gm, ""));
            assert.equal(readFileSync(join(folder, NEW), "utf8"), `consumers:\n${a}\n${b}`);
            const brought = entry("brought", ', key: { secure: "v1:abc" }');
            assert.equal(text(), `${head}${brought}${below}    alpa-auth:consumersFile: ${NEW}\n`);
        });

        it("leaves the comments below the list in the stack file when every caller moves", async () => {
            const below = '    # about the namespace\n    alpa-auth:namespace: "foo"\n';
            const { ops, text } = setUp({ text: STACK_FILE + below });
            await exits(0, ops(...move("--yes")));
            const [head] = STACK_FILE.split("    alpa-auth:consumers:");
            assert.equal(text(), `${head}${below}    alpa-auth:consumersFile: ${NEW}\n`);
        });

        it("keeps Windows line breaks, and the comment above the first caller", async () => {
            const commented = STACK_FILE.replace(
                "        - name: alice",
                "        # about alice\n        - name: alice",
            );
            await exits(0, setUp({ text: commented }).ops(...move("--yes")));
            const moved = readFileSync(join(folder, NEW), "utf8");
            assert.match(moved, /# about alice/);
            rmSync(join(folder, NEW));
            const { ops, text } = setUp({ text: commented.replaceAll("\n", "\r\n") });
            await exits(0, ops(...move("--yes")));
            assert.equal(readFileSync(join(folder, NEW), "utf8"), moved.replaceAll("\n", "\r\n"));
            assert.doesNotMatch(text(), /[^\r]\n/);
        });

        for (const [what, text, file, expected] of [
            ["an existing file", STACK_FILE, NAME, /must be a new file \(callers\/intra\.yaml exists\)/],
            [
                "a path outside of the project",
                STACK_FILE,
                "../x.yaml",
                /must be a relative path inside the folder of Pulumi\.yaml/,
            ],
            ["a stack that has a file", OWN, NEW, /consumersFile: is already set \(callers\/intra\.yaml\)/],
        ] as const)
            it(`refuses ${what}`, async () => {
                const { note } = await exits(2, setUp({ text }).ops("consumer", "move-to-file", file, "--yes"));
                assert.match(note, expected);
            });
    });
});
