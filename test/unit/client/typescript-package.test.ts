// Proves that the package can be built, packed, installed in a clean folder and used, from ESM and from CJS, with its types
// in strict mode; and that it needs nothing but jose.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { version } from "../../../client/typescript/src/version";
import { KEY, startService, type Service } from "./kit";

/** Without what npm tells the programs it runs: of the root's settings nothing reaches the package. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const run = (file: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) =>
    promisify(execFile)(file, args, { env: environment, ...options });
const ROOT = resolve(__dirname, "../../..");
const PACKAGE = join(ROOT, "client/typescript");
const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** Ten lines, but for how they import. */
const SCRIPT = `
async function main() {
    const client = new Client({ url: process.argv[2], auth: new ApiKey(process.env.KEY ?? "") });
    const answer = await client.completions("Paris is", { maxTokens: 8 });
    console.log(answer.choices[0]?.text);
    await new Client({ url: process.argv[2] }).completions("Paris is").catch((error: unknown) => {
        if (error instanceof MissingCredentialError) console.log(error.name, error.status);
    });
}
void main();
`;
const NAMES = "ApiKey, Client, MissingCredentialError";

describe("package of the TypeScript client", function () {
    this.timeout(60_000);
    let folder: string;
    let service: Service;

    before(async () => {
        // By its real name: npm and tsc see another path than the one of a link.
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-package-"));
        const [source, user] = [join(folder, "source"), join(folder, "user")];
        cpSync(PACKAGE, source, { recursive: true, filter: (path) => !/\/(dist|node_modules)$/.test(path) });
        symlinkSync(join(ROOT, "node_modules"), join(source, "node_modules"));
        mkdirSync(user);
        writeFileSync(join(user, "package.json"), '{"private":true}');
        const pack = (what: string) =>
            run("npm", ["pack", what, "--pack-destination", folder, "--silent"], { cwd: user });
        // jose is packed too: a test must not need a registry.
        const [ours, jose] = await Promise.all([
            pack(source),
            pack(join(ROOT, "node_modules/jose")),
            (service = await startService()),
        ]);
        const files = [ours, jose].map(({ stdout }) => join(folder, stdout.trim().split("\n").pop()!));
        await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", ...files], {
            cwd: user,
        });
    });
    after(async () => {
        await service.close();
        rmSync(folder, { recursive: true });
    });

    it("is used by ten lines as an ES module and as a CommonJS module, with its types", async () => {
        const user = join(folder, "user");
        const names = ["caller.mts", "caller.cts"];
        for (const name of names)
            writeFileSync(join(user, name), `import { ${NAMES} } from "alpa-auth-client";${SCRIPT}`);
        const options = ["--strict", "--module", "node16", "--target", "es2022", "--lib", "es2022"];
        const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types")];
        await run(join(ROOT, "node_modules/.bin/tsc"), [...options, ...types, ...names], { cwd: user }).catch((error) =>
            assert.fail(error.stdout),
        );
        for (const name of names) {
            const script = name.replace("ts", "js");
            const env = { PATH: process.env.PATH, KEY };
            const { stdout } = await run(process.execPath, [script, service.url], { cwd: user, env });
            assert.equal(stdout, "Paris is one two\nMissingCredentialError 401\n", name);
        }
        assert.match(readFileSync(join(user, "caller.cjs"), "utf8"), /require\("alpa-auth-client"\)/);
    });

    it("signs with jose from both, and takes a credential of the one in a client of the other", async () => {
        const text = `
            const cjs = require("alpa-auth-client");
            import("alpa-auth-client").then(async (esm) => {
                const made = [new cjs.Jwt({ key: "k", secret: "s" }), new esm.Jwt({ key: "k", secret: "s" })];
                for (const one of made) console.log((await one.headers()).Authorization.split(".").length);
                new cjs.Client({ url: "https://a.example", auth: made[1] });
                new esm.Client({ url: "https://a.example", auth: made[0] });
            });`;
        writeFileSync(join(folder, "user/both.cjs"), text);
        const { stdout, stderr } = await run(process.execPath, ["both.cjs"], { cwd: join(folder, "user") });
        assert.deepEqual([stdout, stderr], ["3\n3\n", ""]);
    });

    it("holds its two builds with types, and needs jose alone", async () => {
        const installed = join(folder, "user/node_modules/alpa-auth-client");
        const { dependencies, version: stated } = manifest(installed);
        assert.deepEqual(Object.keys(dependencies), ["jose"]);
        assert.equal(stated, version);
        const { stdout } = await run("find", [".", "-type", "f"], { cwd: installed });
        const files = stdout.trim().split("\n").sort();
        assert.ok(files.includes("./dist/esm/index.d.ts") && files.includes("./dist/cjs/index.d.ts"));
        assert.deepEqual(
            files.filter((file) => !/^\.\/(dist\/|package\.json$|README\.md$)/.test(file)),
            [],
        );
        const imports = new Set<string>();
        for (const file of files.filter((one) => one.endsWith(".js")))
            for (const [, , name] of readFileSync(join(installed, file), "utf8").matchAll(
                /(from |import\(|require\()"([^."][^"]*)"/g,
            ))
                imports.add(name.replace("node:", ""));
        assert.deepEqual(
            [...imports].filter((name) => !builtinModules.includes(name)),
            ["jose"],
        );
    });

    it("is built with the same versions as the rest of the repository", () => {
        const { dependencies, devDependencies, engines } = manifest(PACKAGE);
        const root = manifest(ROOT);
        const all = { ...root.dependencies, ...root.devDependencies };
        for (const [name, wanted] of Object.entries({ ...dependencies, ...devDependencies }))
            assert.equal(wanted, all[name], name);
        assert.deepEqual(engines, root.engines);
    });
});
