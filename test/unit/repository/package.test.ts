// Proves that every package runs on the Node.js versions that package.json allows. Otherwise `npm ci` would warn or
// stop.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { join } from "node:path";
import { parse } from "yaml";

const ROOT = join(__dirname, "../../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
interface Semver {
    satisfies: (version: string, range: string) => boolean;
    minVersion: (range: string) => { version: string };
}
/** Package semver, in the version that Pulumi's SDK depends on. */
const semver = createRequire(require.resolve("@pulumi/pulumi"))("semver") as Semver;

/** An import or require of a package. Imports of paths do not match. */
const IMPORT =
    /^(?:import|export|\})[^"\n]*?\bfrom "([@a-z][^"]*)"|\b(?:import|require(?:\.resolve)?)\("([@a-z][^"]*)"\)/gm;

/** Packages that the files below a folder import or require. Tests are left out. */
function importsBelow(folder: string): string[] {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
    return files
        .filter((file) => /\.(ts|cjs|mjs|js)$/.test(file) && !/^(test|node_modules)\//.test(file))
        .flatMap((file) => [...read(join(folder, file)).matchAll(IMPORT)])
        .flatMap(([, ...names]) => names.filter((name) => name !== undefined))
        .filter((name) => !isBuiltin(name))
        .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)![0]);
}

describe("packages", () => {
    const floor = semver.minVersion(JSON.parse(read("package.json")).engines.node).version;
    const locked = Object.entries<{ engines?: { node?: string } }>(JSON.parse(read("package-lock.json")).packages);

    for (const version of [floor, "22.13.0", "24.0.0"])
        it(`all run on Node.js ${version}`, () => {
            const others = locked.flatMap(([where, { engines }]) =>
                engines?.node === undefined || semver.satisfies(version, engines.node) ? [] : [where],
            );
            assert.ok(locked.length > 100);
            assert.deepEqual(others, []);
        });

    for (const [where, folders] of Object.entries({
        "package.json": ["config", "preflight", "stacks", "components", "dns"],
        "ops/package.json": ["ops"],
        "sandbox/package.json": ["sandbox"],
    }))
        it(`are named in ${where} where ${folders.join(", ")} import them, and no others`, () => {
            const { dependencies } = JSON.parse(read(where)) as { dependencies: Record<string, string> };
            const imported = new Set(folders.flatMap(importsBelow));
            assert.ok(imported.size > 5);
            const started = ["typescript"]; // Pulumi loads the program with it.
            const without = (names: Iterable<string>) => [...names].filter((name) => !started.includes(name)).sort();
            assert.deepEqual(without(Object.keys(dependencies)), without(imported));
        });

    it("have one version in every package.json", () => {
        const versions = new Map<string, string>();
        for (const where of ["package.json", "ops/package.json", "sandbox/package.json"]) {
            const { dependencies, devDependencies } = JSON.parse(read(where));
            for (const [name, version] of Object.entries<string>({ ...dependencies, ...devDependencies })) {
                assert.equal(version, versions.get(name) ?? version, `${where}: ${name}`);
                versions.set(name, version);
            }
        }
    });

    it("are all updated by Dependabot", () => {
        const updates = parse(read(".github/dependabot.yml")).updates as {
            directory?: string;
            directories?: string[];
            ignore?: { "dependency-name": string; versions?: string[] }[];
        }[];
        const folders = updates.flatMap(({ directory, directories }) => directories ?? [directory]);
        assert.deepEqual(folders.sort(), ["/", "/", "/client/python", "/site", "/test"]);
        const ignored = updates.flatMap(({ ignore }) => ignore ?? []);
        const [{ versions }] = ignored.filter((one) => one["dependency-name"] === "@pulumi/pulumi");
        const sdk = JSON.parse(read("package.json")).dependencies["@pulumi/pulumi"];
        assert.equal(semver.satisfies(sdk, versions!.join(" ")), false);
    });
});
