// Tests load-typescript.js, with which Pulumi, the commands and the tests load this project.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(__dirname, "../../..");

describe("load-typescript.js", () => {
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-load-"));
        cpSync(join(ROOT, "load-typescript.js"), join(folder, "load-typescript.js"));
        symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
    const run = async (script: string) => {
        const args = ["--require", "./load-typescript.js", "-e", script];
        const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
        return stdout.trim();
    };

    it("loads a changed file from the file itself, not from the cache", async () => {
        write("a.ts", "export const value: number = 1;");
        assert.equal(await run('console.log(require("./a").value)'), "1");
        write("a.ts", "export const value: number = 2;");
        assert.equal(await run('console.log(require("./a").value)'), "2");
    });

    it("keeps the lines of the TypeScript file in a stack trace", async () => {
        write("a.ts", "interface Removed {\n    by: string;\n}\n\nexport const f = (of?: Removed) => of!.by;");
        assert.match(await run('try { require("./a").f() } catch (e) { console.log(e.stack) }'), /a\.ts:5:/);
    });

    it("names the file and the line of a syntax error", async () => {
        write("a.ts", "export const a = 1;\nexport const = 2;");
        const said = await run('try { require("./a") } catch (e) { console.log(e.message) }');
        assert.ok(said.startsWith(join(folder, "a.ts")), said);
        assert.match(said, /a\.ts:2:/);
    });

    it('finds "./x.ts" when a file imports "./x.js", as published ES modules do', async () => {
        write("a.ts", 'export { value } from "./b.js";');
        write("b.ts", "export const value = 1;");
        assert.equal(await run('console.log(require("./a").value)'), "1");
    });

    it("loads the Pulumi SDK without TypeScript and npm's library, which the SDK can still use", async () => {
        const loaded = "Object.keys(require.cache).filter((f) => /node_modules.(typescript|@npmcli)/.test(f)).length";
        const serialized = 'require("@pulumi/pulumi").runtime.serializeFunction(() => 1)';
        assert.equal(await run(`require("@pulumi/pulumi"); console.log(${loaded})`), "0");
        assert.match(await run(`${serialized}.then((f) => console.log(f.text))`), /return \(\) => 1/);
    });
});
