// Proves that the package can be built, packed, and installed in an empty folder. Proves that ESM and CJS programs can
// use it, that its types are valid in strict mode, and that jose is its only dependency.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { version } from "../../../client/typescript/src/version";
import { startCallersWorld } from "./callers-world";
import { prepared, snippetsOf } from "./snippets";

/** The environment without npm's variables, so that npm settings of the repository do not affect the package. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const run = (file: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) =>
    promisify(execFile)(file, args, { env: environment, ...options });
const ROOT = resolve(__dirname, "../../..");
const PACKAGE = join(ROOT, "client/typescript");
const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** A program of ten lines, without its imports. */
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

describe("package of the TypeScript client", () => {
    let folder: string;
    let stage: Awaited<ReturnType<typeof startCallersWorld>>;

    before(async () => {
        // The path of this folder must have no symbolic link, because npm and tsc would follow the link.
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-package-"));
        const [source, user] = [join(folder, "source"), join(folder, "user")];
        cpSync(PACKAGE, source, { recursive: true, filter: (path) => !/\/(dist|node_modules)$/.test(path) });
        symlinkSync(join(ROOT, "node_modules"), join(source, "node_modules"));
        mkdirSync(user);
        writeFileSync(join(user, "package.json"), '{"private":true}');
        const pack = (what: string) =>
            run("npm", ["pack", what, "--pack-destination", folder, "--silent"], { cwd: user });
        // jose, the only dependency, is packed too, so that the installation needs no registry.
        const [ours, jose] = await Promise.all([pack(source), pack(join(ROOT, "node_modules/jose"))]);
        stage = await startCallersWorld(folder);
        const files = [ours, jose].map(({ stdout }) => join(folder, stdout.trim().split("\n").pop()!));
        await run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", ...files], {
            cwd: user,
        });
    });
    after(async () => {
        await stage?.close();
        rmSync(folder, { recursive: true });
    });

    it("works in a program of ten lines as an ES module and as a CommonJS module, with its types", async () => {
        const user = join(folder, "user");
        const names = ["caller.mts", "caller.cts"];
        for (const name of names)
            writeFileSync(join(user, name), `import { ${NAMES} } from "alpa-auth-client";${SCRIPT}`);
        const options = ["--strict", "--module", "node16", "--target", "es2022", "--lib", "es2022"];
        const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types")];
        await run(join(ROOT, "node_modules/typescript/bin/tsc"), [...options, ...types, ...names], { cwd: user }).catch(
            (error) => assert.fail(error.stdout),
        );
        for (const name of names.slice(0, 2)) {
            const script = name.replace("ts", "js");
            const env = { PATH: process.env.PATH, KEY: stage.world.keys.team };
            const { stdout } = await run(process.execPath, [script, stage.world.urls.alpa], { cwd: user, env });
            assert.equal(stdout, "Paris is one two\nMissingCredentialError 401\n", name);
        }
        assert.match(readFileSync(join(user, "caller.cjs"), "utf8"), /require\("alpa-auth-client"\)/);
    });

    const pages = ["docs/call/README.md", "README.md", "client/typescript/README.md"];
    const snippets = snippetsOf(pages, ["ts", "sh"], /alpa-auth-client"|^curl .*api\.example\.com/m);
    snippets.forEach(({ page, heading, language, text }, i) => {
        it(`runs the ${language} code of ${page} under "${heading}" (${i + 1})`, async () => {
            const user = join(folder, "user");
            const { text: code, env } = await prepared(text, stage.world, user);
            // Node.js can run the TypeScript code blocks, because they have no annotations.
            const [program, file] = language === "ts" ? [process.execPath, "snippet.mjs"] : ["sh", "snippet.sh"];
            writeFileSync(join(user, file), code);
            const options = { cwd: user, env: { PATH: process.env.PATH, ...env } };
            const { stdout, stderr } = await run(program, [file], options);
            assert.match(stdout, language === "ts" ? /^Paris is one two\n$/ : /"object": ?"text_completion"/, stderr);
        });
    });

    it("is documented, like curl, for each authentication method", () => {
        const all = (page: string, language: string) =>
            snippets
                .filter((one) => one.page === page && one.language === language)
                .map(({ text }) => text)
                .join("\n");
        const both = ["ApiKey(", "new Jwt(", "new ServiceToken("];
        const more = ["privateKey", "secret:", 'header: "', "fromEnv(", "fromCredentialsFile("];
        for (const way of [...both, ...more]) assert.ok(all("client/typescript/README.md", "ts").includes(way), way);
        for (const way of ["apikey:", "Bearer", "CF-Access-Client-Id:"])
            assert.ok(all("docs/call/README.md", "sh").includes(way), way);
        assert.ok(all("README.md", "sh").includes("apikey:"));
    });

    it("signs with jose in both builds; each accepts credentials of the other", async () => {
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

    it("contains its two builds with types, and depends only on jose", async () => {
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
        const all = { ...manifest(join(ROOT, "ops")).dependencies, ...root.dependencies, ...root.devDependencies };
        for (const [name, wanted] of Object.entries({ ...dependencies, ...devDependencies }))
            assert.equal(wanted, all[name], name);
        const floor = engines.node.replace(">=", "^");
        assert.ok(root.engines.node.startsWith(floor), `${root.engines.node} begins with ${floor}`);
    });
});
