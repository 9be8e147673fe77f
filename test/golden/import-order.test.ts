// Proves that the diagram of docs/architecture.md shows the actual imports. Lint checks which imports are allowed.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drawn, layers } from "../layers";

const PAGE = join(__dirname, "../../docs/architecture.md");
const BLOCK = /(?<=^## Import order\n[^#]*?^```mermaid\n)[^`]*(?=^```$)/m;

describe("golden import order", () => {
    it("of docs/architecture.md matches the code", () => {
        const diagram = drawn(layers());
        if (process.env.UPDATE_GOLDEN)
            writeFileSync(
                PAGE,
                readFileSync(PAGE, "utf8").replace(BLOCK, () => diagram),
            );
        const shown = BLOCK.exec(readFileSync(PAGE, "utf8"))?.[0];
        assert.equal(shown, diagram, "Run npm run golden, and read what changed.");
    });

    it("omits arrows that follow from others", () => {
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
