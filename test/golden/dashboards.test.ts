// Proves that docs/examples/grafana has the same dashboards as observability/dashboards. Operators import the former,
// and stacks create the latter. Tests in test/unit/observability check their queries.
import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DASHBOARDS, jsonOf } from "../../observability/dashboards";
import { formatted } from "./file";

const FOLDER = join(__dirname, "../../docs/examples/grafana");

describe("golden dashboards", () => {
    for (const [name, build] of Object.entries(DASHBOARDS))
        it(`${name}.json of docs/examples/grafana equals the dashboard of observability/dashboards`, async () => {
            const file = join(FOLDER, `${name}.json`);
            const made = await formatted(`${name}.json`, jsonOf(build));
            if (process.env.UPDATE_GOLDEN) writeFileSync(file, made);
            assert.ok(existsSync(file), `${file} is missing. Run: npm run golden`);
            assert.equal(readFileSync(file, "utf8"), made, "Run npm run golden, and read what changed.");
        });

    it("has no other file in that folder", () =>
        assert.deepEqual(
            readdirSync(FOLDER).sort(),
            Object.keys(DASHBOARDS)
                .map((name) => `${name}.json`)
                .sort(),
        ));
});
