// Proves that the policy pack knows exactly the components and the dynamic resources of this project.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OWN_TYPES } from "../../../policy/rules/known-types";

const FOLDER = join(__dirname, "../../../components");

/** Type tokens in the constructors of the components, read from their source. */
function tokens(): string[] {
    const sources = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => readFileSync(join(FOLDER, name), "utf8"));
    return sources.flatMap((source) => [
        ...[...source.matchAll(/"(alpa-auth:\w+:\w+)"/g)].map(([, token]) => token),
        ...[...source.matchAll(/super\(\s*"[\w-]+\/[\w-]+-provider",[^;]*?"(\w+)",?\s*\)/g)].map(
            ([, name]) => `pulumi-nodejs:dynamic/alpa-auth:${name}`,
        ),
    ]);
}

describe("the project's types that known-types allows", () => {
    it("are exactly the types of the components", () => {
        const known = [...OWN_TYPES].filter((type) => /^(alpa-auth|pulumi-nodejs):/.test(type));
        assert.deepEqual(known.sort(), [...new Set(tokens())].sort());
    });

    it("include each resource with its own provider", () => {
        const sources = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
            .filter((name) => name.endsWith(".ts"))
            .filter((name) => readFileSync(join(FOLDER, name), "utf8").includes("extends DynamicResource"));
        const dynamic = [...OWN_TYPES].filter((type) => type.startsWith("pulumi-nodejs:"));
        assert.equal(dynamic.length, sources.length);
    });
});
