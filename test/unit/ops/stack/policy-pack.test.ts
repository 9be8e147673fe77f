// Proves that the operators' commands run every update with the clone's policy pack, and require a reason to run
// without the pack. test/engine/stack/pulumi.test.ts proves that the pack stops a run.
import { strict as assert } from "node:assert";
import { run } from "../../../../ops/cli";
import { RULES } from "../../../../policy/rules";
import { UsageError } from "../../../../ops/errors";
import { rulesFor, underPolicy } from "../../../../ops/stack/policy-pack";
import { realContext, ROOT } from "../../../../ops/context";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

function runner(because?: string) {
    const calls: string[][] = [];
    const notes: string[] = [];
    const pulumi = underPolicy(
        async (args) => {
            calls.push(args);
            return { code: 0, stdout: "", stderr: "" };
        },
        "/clone",
        because,
        (line) => notes.push(line),
    );
    return { pulumi, calls, notes };
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

    describe("for the program of another commit", () => {
        let earlier: string;
        const rule = (name: string) => `export const rule = { name: "${name}" };\n`;
        before(() => {
            earlier = mkdtempSync(join(tmpdir(), "alpa-auth-earlier-"));
            mkdirSync(join(earlier, "policy/rules"), { recursive: true });
            writeFileSync(join(earlier, "policy/rules/rendered.ts"), rule("as-rendered"));
        });
        after(() => rmSync(earlier, { recursive: true, force: true }));

        it("has all rules of this clone if the program's own pack has no comparison with what is rendered", async () => {
            const { pulumi, calls } = runner();
            await pulumi(["up", "--cwd", earlier]);
            await pulumi(["preview", "--cwd", earlier]);
            assert.deepEqual(calls, [
                ["up", "--cwd", earlier, "--policy-pack=/clone/policy"],
                ["preview", "--cwd", earlier],
            ]);
            assert.equal(rulesFor(earlier, "/clone"), RULES);
        });

        it("has the comparison with what is rendered from the program's own pack, and all other rules from this clone's", async () => {
            writeFileSync(join(earlier, "policy/rules/types.ts"), rule("known-types"));
            const { pulumi, calls } = runner();
            await pulumi(["up", "--cwd", earlier]);
            await pulumi(["preview", "--cwd", earlier]);
            assert.deepEqual(calls, [
                [
                    ...["up", "--cwd", earlier, "--policy-pack=/clone/policy"],
                    "--policy-pack-config=/clone/policy/another-commit/this-clone.json",
                    `--policy-pack=${earlier}/policy`,
                    "--policy-pack-config=/clone/policy/another-commit/its-own.json",
                ],
                ["preview", "--cwd", earlier, `--policy-pack=${earlier}/policy`],
            ]);
            const disabled = { enforcementLevel: "disabled" };
            const config = (whose: string): unknown =>
                JSON.parse(readFileSync(join(ROOT, "policy/another-commit", `${whose}.json`), "utf8"));
            assert.deepEqual(config("this-clone"), { "as-rendered": disabled, "known-types": disabled });
            assert.deepEqual(config("its-own"), {});
            const [names, all] = [rulesFor(earlier, "/clone"), RULES].map((rules) => rules.map(({ name }) => name));
            assert.deepEqual(
                all.filter((name) => !names.includes(name)),
                ["as-rendered", "known-types"],
            );
        });

        it("can be left out for a reason too", async () => {
            const { pulumi, calls } = runner("rule under repair, see the record");
            await pulumi(["preview", "--cwd", earlier]);
            await pulumi(["up", "--cwd", earlier]);
            assert.deepEqual(calls, [
                ["preview", "--cwd", earlier],
                ["up", "--cwd", earlier],
            ]);
        });
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

    it("left out without a reason ends a command with 2", async () => {
        const { pulumi } = runner("no");
        const said: string[] = [];
        const context = { ...realContext(), pulumi, note: (line: string) => void said.push(line) };
        assert.equal(await run(["stack", "review", "--stack", "intra"], context), 2);
        assert.match(said.join(), /ALPA_AUTH_NO_POLICY_BECAUSE: must give a reason/);
    });
});
