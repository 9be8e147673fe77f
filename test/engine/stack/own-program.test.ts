// Proves that the package of the library works in a program of another team: the example of the docs, in an empty folder
// elsewhere, adds two callers to an APISIX that exists. npm, the engine and the API server are real.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../side-by-side";
import { call, succeeded, TestStack, useWorld } from "../kit";

const run = promisify(execFile);
const STACK = "own-program";

describe("a program of another team", function () {
    this.timeout(900_000);
    useWorld();
    let stack: TestStack;
    let folder: string;

    const pulumi = (...args: string[]) => stack.run(["-C", folder, ...args, "--stack", STACK]);

    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "own-program-"));
        stack = await TestStack.create("gateway", { consumers: [] });
        succeeded(await stack.up());
        cpSync(join(ROOT, "docs/examples/own-program"), folder, { recursive: true });
        await run("npm", ["run", "pack", "--", "--pack-destination", folder], { cwd: ROOT });
        await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"], {
            cwd: folder,
        });
        succeeded(await stack.run(["-C", folder, "stack", "init", STACK]));
        const settings = { namespace: "gateway", gateway: "gateway", gatewayNamespace: "gateway-gateway-apisix" };
        for (const [key, value] of Object.entries(settings)) succeeded(await pulumi("config", "set", key, value));
    });
    after(async () => {
        rmSync(folder, { recursive: true, force: true });
        await stack.destroy();
    });

    it("adds two callers with the installed package, and changes nothing in a second run", async () => {
        succeeded(await pulumi("up", "--yes", "--skip-preview"));
        const { stdout } = succeeded(await pulumi("stack", "output", "keys", "--json", "--show-secrets"));
        const keys = JSON.parse(stdout) as Record<string, string>;
        const { url } = await stack.outputs();
        const body = { model: "default", prompt: "Paris is", max_tokens: 4 };
        const { status } = await call(url, { path: "/completions", key: keys["nlp/2026a"], body });
        assert.equal(status, 200);
        succeeded(await pulumi("preview", "--expect-no-changes"));
    });

    it("takes them away again", async () => {
        succeeded(await pulumi("destroy", "--yes", "--skip-preview"));
        const { stdout } = succeeded(await stack.run(["-C", folder, "stack", "ls", "--json"]));
        assert.match(stdout, /own-program/);
    });
});
