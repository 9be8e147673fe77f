// Proves that the diagram of docs/contribute/layout.md shows the imports as they are. Whether they should be so, lint says.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawn, layers } from "../layers";

const PAGE = join(__dirname, "../../docs/contribute/layout.md");
const BLOCK = /(?<=^## Import order\n[^#]*?^```mermaid\n)[^`]*(?=^```$)/m;

describe("golden import order", () => {
    it("of docs/contribute/layout.md is that of the code", () => {
        const diagram = drawn(layers());
        if (process.env.UPDATE_GOLDEN)
            writeFileSync(
                PAGE,
                readFileSync(PAGE, "utf8").replace(BLOCK, () => diagram),
            );
        const shown = BLOCK.exec(readFileSync(PAGE, "utf8"))?.[0];
        assert.equal(shown, diagram, "Run npm run golden, and read what changed.");
    });

    it("leaves out what follows from other arrows", () => {
        const arrows = drawn(
            new Map([
                ["a", ["b", "c"]],
                ["b", ["c"]],
                ["c", []],
            ]),
        );
        assert.deepEqual(arrows.match(/\w --> \w/g), ["a --> b", "b --> c"]);
    });
});
