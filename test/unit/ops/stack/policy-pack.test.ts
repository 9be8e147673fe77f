// Proves that the operators' commands run every update with the clone's policy pack, and require a reason to run
// without the pack. test/engine/stack/pulumi.test.ts proves that the pack stops a run.
import { strict as assert } from "node:assert";
import { UsageError } from "../../../../ops/errors";
import { underPolicy } from "../../../../ops/stack/policy-pack";
import { realContext, ROOT } from "../../../../ops/context";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

function runner(because?: string) {
    const calls: string[][] = [];
    const environments: unknown[] = [];
    const notes: string[] = [];
    const pulumi = underPolicy(
        async (args, options) => {
            calls.push(args);
            environments.push(options?.env);
            return { code: 0, stdout: "", stderr: "" };
        },
        "/clone",
        because,
        (line) => notes.push(line),
    );
    return { pulumi, calls, environments, notes };
}

describe("the policy pack of npm run ops", () => {
    it("runs with each up of any program but that of a revocation alone, and with no other command", async () => {
        const { pulumi, calls, notes } = runner();
        await pulumi(["up", "--yes", "--skip-preview", "--cwd", "/earlier"]);
        await pulumi(["up", "--yes", "--target", "**::alice-consumer"]);
        await pulumi(["destroy", "--yes"]);
        assert.deepEqual(calls, [
            ["up", "--yes", "--skip-preview", "--cwd", "/earlier", "--policy-pack=/clone/policy"],
            ["up", "--yes", "--target", "**::alice-consumer"],
            ["destroy", "--yes"],
        ]);
        assert.deepEqual(notes, []);
    });

    it("compares the program of another commit with the lists of that commit", async () => {
        const { pulumi, environments } = runner();
        await pulumi(["up", "--cwd", "/earlier"]);
        await pulumi(["up", "--yes"]);
        assert.deepEqual(environments, [{ ALPA_AUTH_POLICY_PROGRAM: "/earlier" }, undefined]);
    });

    it("can be left out for a reason, which each run prints", async () => {
        const { pulumi, calls, notes } = runner("rule under repair, see the record");
        await pulumi(["up", "--yes"]);
        assert.deepEqual(calls, [["up", "--yes"]]);
        assert.match(notes.join(), /^warning: pulumi up runs without the policy pack \(.*rule under repair/);
    });

    it("cannot be left out without a reason: that is rejected before anything runs", () => {
        const { pulumi, calls } = runner("yes");
        assert.throws(() => pulumi(["stack", "export"]), UsageError);
        assert.deepEqual(calls, []);
    });

    it("runs with the real commands", async () => {
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-pack-"));
        const path = process.env.PATH;
        try {
            const said = join(folder, "said");
            const program = `require("node:fs").appendFileSync(${JSON.stringify(said)}, process.argv.slice(2).join(" ") + "\\n")`;
            writeFileSync(join(folder, "pulumi"), `#!${process.execPath}\n${program}\n`, { mode: 0o755 });
            process.env.PATH = [folder, path].join(delimiter);
            await realContext().pulumi(["up", "--yes"]);
            assert.equal(readFileSync(said, "utf8"), `up --yes --policy-pack=${ROOT}/policy --non-interactive\n`);
            assert.ok(existsSync(join(ROOT, "policy/PulumiPolicy.yaml")));
        } finally {
            process.env.PATH = path;
            rmSync(folder, { recursive: true, force: true });
        }
    });
});
