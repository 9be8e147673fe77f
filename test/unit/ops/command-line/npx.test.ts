// Proves that a clone has the command `alpa-auth` without network, since npm finds it by `bin` of package.json, and that no
// declared command is missing.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realContext } from "../../../../ops/context";
import { program, verbsOf } from "../../../../ops/program";
import { version } from "../../../../package.json";

const ROOT = join(__dirname, "../../../..");

describe("npx alpa-auth", () => {
    let cache: string;
    before(() => (cache = mkdtempSync(join(tmpdir(), "alpa-auth-npx-"))));
    after(() => rmSync(cache, { recursive: true }));

    it("prints the version of package.json, with an empty npm cache and no registry", () => {
        const env = { ...process.env, npm_config_cache: cache };
        const args = ["--offline", "--no-install", "alpa-auth", "--version"];
        assert.equal(execFileSync("npx", args, { cwd: ROOT, env, encoding: "utf8" }), `${version}\n`);
    });
});

describe("commands of alpa-auth", () => {
    it("are as many as files in ops/ that declare a command", () => {
        const files = readdirSync(join(ROOT, "ops"), { recursive: true, encoding: "utf8" }).filter(
            (file) =>
                file.endsWith(".ts") && readFileSync(join(ROOT, "ops", file), "utf8").includes("export const command:"),
        );
        assert.equal(verbsOf(program(realContext())).length, files.length);
    });
});
