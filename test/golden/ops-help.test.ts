// Golden file of the help of every command of `alpa-auth`, for review: it is text of the product. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import { run } from "../../ops/cli";
import { realContext } from "../../ops/context";
import { program, verbsOf } from "../../ops/program";
import { assertReviewed } from "./file";

/** The help of a command, without the entries that an earlier command has. An entry is a line and those indented below it. */
async function help(words: string[], known: Set<string>): Promise<string> {
    let text = "";
    const context = { ...realContext(), out: (line: string) => (text += `${line}\n`) };
    assert.equal(await run([...words, "--help"], context), 0);
    const entries = text.split(/\n(?! {4})/).filter((entry) => {
        const spaced = entry.replace(/\s+/g, " ");
        return !known.has(spaced) && known.add(spaced);
    });
    return `$ npm run ops -- ${[...words, "--help"].join(" ")}\n${entries.join("\n")}\n`;
}

describe("golden ops help", () => {
    it("matches the reviewed file", async () => {
        const pages = [];
        const known = new Set([""]);
        const verbs = verbsOf(program(realContext())).map(({ words }) => words);
        for (const words of [[], ...verbs]) pages.push(await help(words, known));
        const rendered = `# Options and other entries that an earlier command has are left out.\n\n${pages.join("\n")}`;
        assertReviewed("expected/ops-help.txt", rendered);
    });
});
