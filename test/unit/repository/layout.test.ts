// Proves that the layers of product, policy pack, command line and sandbox have no cycles, and that folders have
// limited sizes. Lint checks which layers each layer may import.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cycleIn, folderCycles, importsOf, sourceFiles } from "../../imports";
import { CODE, layers } from "../../layers";

const MOST_FILES = 20;

const ROOT = join(__dirname, "../../..");

describe("layout", () => {
    const files = sourceFiles(...CODE);

    it("has no cycle of imports", () => {
        assert.ok(files.length > 300);
        // A key's checks have the type of the whole config, which the keys make up.
        assert.equal(cycleIn(importsOf(files, { types: false }))?.join(" → "), undefined);
    });

    it("has no cycle of imports between folders", () => assert.equal(cycleIn(layers())?.join(" → "), undefined));

    it("has no cycle of imports between folders of the sandbox", () => {
        const sandbox = sourceFiles("sandbox").filter((file) => !file.startsWith("sandbox/test/"));
        assert.ok(sandbox.length > 200);
        assert.deepEqual(folderCycles(importsOf(sandbox)), []);
    });

    it("has no cycle of imports between options of the config", () =>
        assert.deepEqual(folderCycles(importsOf(sourceFiles("config/options"))), []));

    it(`has no folder with more than ${MOST_FILES} files`, () => {
        const count = new Map<string, number>();
        for (const file of [...files, ...sourceFiles("sandbox")])
            count.set(dirname(file), (count.get(dirname(file)) ?? 0) + 1);
        const larger = [...count].filter(([, n]) => n > MOST_FILES);
        assert.deepEqual(larger, [], "Split it by subject.");
    });

    it("has every file that docs/architecture.md names for a change", () => {
        const rows = readFileSync(join(ROOT, "docs/architecture.md"), "utf8").split("\n");
        const first = rows.findIndex((row) => row.startsWith("| What ")) + 2;
        const table = rows.slice(first, rows.indexOf("", first)).map((row) => row.split("|")[2]);
        assert.equal(table.length, 14);
        for (const cell of table) {
            const named = [...cell.matchAll(/`([^`]+)`/g)].map(([, file]) => file);
            assert.ok(named.length > 0, cell);
            // The path of a file that the reader will add contains a placeholder. Only its folder must exist.
            const missing = named.filter((file) => !existsSync(join(ROOT, file.split("<")[0])));
            assert.deepEqual(missing, [], cell);
        }
    });
});
