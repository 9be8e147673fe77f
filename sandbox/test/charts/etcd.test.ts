/** Proves what the stand-in chart etcd writes alike for an installation and an upgrade, by the text of its templates. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const TEMPLATES = join(__dirname, "../../../sandbox/charts/etcd/templates");

describe("Stand-in chart etcd", () => {
    it("writes the same for an upgrade as for an installation, so that members stay as they are", () => {
        for (const name of readdirSync(TEMPLATES)) {
            const text = readFileSync(join(TEMPLATES, name), "utf8");
            assert.doesNotMatch(text, /\.Release\.(Is|Revision)|ETCD_INITIAL_CLUSTER_STATE/, name);
        }
    });
});
