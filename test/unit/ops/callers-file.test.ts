// Proves that the commands read and edit callers in a callers file (`consumersFile`) as in a stack file. A fake
// Pulumi answers from memory.
import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bench, type BenchOptions, exits } from "./kit";

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
        const { out } = await exits(0, ops("consumer", "add", "bob", "--yes", "--verbose"));
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
        let reviewed = "";
        const { ops, text } = setUp({
            says: ({ args }) => {
                if (args[0] !== "preview") return undefined;
                const [, name] = /consumersFile: (\S+)/.exec(readFileSync(args.at(-1)!, "utf8"))!;
                reviewed = readFileSync(join(folder, name), "utf8");
                return undefined;
            },
        });
        const { out } = await exits(0, ops("consumer", "revoke", "alice", "a2"));
        assert.match(reviewed, /a1/);
        assert.doesNotMatch(reviewed, /a2/);
        assert.deepEqual(readdirSync(join(folder, "callers")), ["intra.yaml"]);
        assert.match(out, /^-.*\{ id: a2, method: key/m);
        assert.match(out, /Credential a2 of alice stops working\. Unchanged: a1/);
        assert.deepEqual([text(), callers()], [OWN, CALLERS]);
    });

    it("restores the file when another run holds the stack's lock", async () => {
        const lock =
            "error: the stack is currently locked by 1 lock(s).\n  created by a@b (pid 1) at 2026-11-25T12:00:00Z";
        const { ops } = setUp({ says: ({ args }) => (args[0] === "up" ? { code: 1, stderr: lock } : undefined) });
        await exits(1, ops("consumer", "add", "bob", "--yes"));
        assert.equal(callers(), CALLERS);
    });

    it("refuses every command without the file: otherwise its callers would seem unknown", async () => {
        rmSync(join(folder, NAME));
        const { note } = await exits(2, setUp().ops("consumer", "list", "--expiring", "30"));
        assert.match(note, /callers\/intra\.yaml: must be a file that can be read \(ENOENT\)/);
    });
});
