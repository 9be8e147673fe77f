// The help of every command of `npm run ops`, to be read in review: it is the product's text. Renew: npm run golden
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import type { Command } from "commander";
import { run } from "../../ops/cli";
import { realContext } from "../../ops/context";
import { program } from "../../ops/program";

async function help(words: string[]): Promise<string> {
    let text = "";
    const context = { ...realContext(), out: (line: string) => (text += `${line}\n`) };
    assert.equal(await run([...words, "--help"], context), 0);
    return `$ npm run ops -- ${[...words, "--help"].join(" ")}\n${text}`;
}

/** Every noun and verb, as typed. */
function commands(command: Command, words: string[] = []): string[][] {
    return [words, ...command.commands.flatMap((sub) => commands(sub, [...words, sub.name()]))];
}

describe("golden ops help", () => {
    it("is what was read in review", async () => {
        const file = path.join(__dirname, "ops-help.txt");
        const pages = [];
        for (const words of commands(program(realContext()))) pages.push(await help(words));
        const rendered = pages.join("\n");
        if (process.env.UPDATE_GOLDEN) writeFileSync(file, rendered);
        assert.ok(existsSync(file), `${file} is missing. Run: npm run golden`);
        assert.equal(rendered, readFileSync(file, "utf8"), "Run npm run golden, and read what changed.");
    });
});
