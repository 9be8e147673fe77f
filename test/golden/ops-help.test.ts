// Golden file of the help of every command of `alpa-auth`, for review: it is text of the product. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import type { Command } from "commander";
import { run } from "../../ops/cli";
import { realContext } from "../../ops/context";
import { program } from "../../ops/program";
import { assertReviewed } from "./file";

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
    it("matches the reviewed file", async () => {
        const pages = [];
        for (const words of commands(program(realContext()))) pages.push(await help(words));
        const rendered = pages.join("\n");
        assertReviewed("expected/ops-help.txt", rendered);
    });
});
