// Proves that no package asks for another Node.js than package.json does: `npm ci` would warn, or stop.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "yaml";

const ROOT = join(__dirname, "../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
interface Semver {
    satisfies: (version: string, range: string) => boolean;
    minVersion: (range: string) => { version: string };
}
/** The one that Pulumi's SDK brings along. */
const semver = createRequire(require.resolve("@pulumi/pulumi"))("semver") as Semver;

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

    it("are all looked after by Dependabot", () => {
        const updates = parse(read(".github/dependabot.yml")).updates as {
            directory?: string;
            directories?: string[];
            ignore?: { "dependency-name": string; versions?: string[] }[];
        }[];
        const folders = updates.flatMap(({ directory, directories }) => directories ?? [directory]);
        assert.deepEqual(folders.sort(), ["/", "/", "/client/python", "/client/typescript", "/test"]);
        const ignored = updates.flatMap(({ ignore }) => ignore ?? []);
        const [{ versions }] = ignored.filter((one) => one["dependency-name"] === "@pulumi/pulumi");
        const sdk = JSON.parse(read("package.json")).dependencies["@pulumi/pulumi"];
        assert.equal(semver.satisfies(sdk, versions!.join(" ")), false);
    });

    it("are tried by CI on the oldest Node.js that package.json admits, and on newer ones", () => {
        const { matrix } = parse(read(".github/workflows/ci.yml")).jobs.check.strategy;
        assert.deepEqual(
            matrix.node.map((version: string) => version.split(".")[0]),
            ["20", "22", "24"],
        );
        assert.ok(floor.startsWith(`${matrix.node[0]}.`));
    });
});
