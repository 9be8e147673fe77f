// Golden file of the help of every command of `alpa-auth`, for review: it is text of the product. Regenerate: npm run golden
import { strict as assert } from "node:assert";
import type { Command } from "commander";
import { run } from "../../ops/cli";
import { realContext } from "../../ops/context";
import { program } from "../../ops/program";
import { assertReviewed } from "./file";

const HEADER = `Lines are not broken. Of options that an earlier command describes in the same way, only the names are shown. Regenerate: npm run golden\n\n`;

async function help(words: string[]): Promise<string[]> {
    let text = "";
    const context = { ...realContext(), out: (line: string) => (text += `${line}\n`) };
    assert.equal(await run([...words, "--help"], context), 0);
    const paragraphs = text.replace(/\n {10,}/g, " ").replace(/^(\w.*)\n(?=[a-z])/gm, "$1 ");
    return paragraphs.replace(/(?<=\S) {2,}/g, "  ").split("\n");
}

/** Every noun and verb, as typed. */
function commands(command: Command, words: string[] = []): string[][] {
    return [words, ...command.commands.flatMap((sub) => commands(sub, [...words, sub.name()]))];
}

describe("golden ops help", () => {
    it("matches the reviewed file", async () => {
        const said = new Set(["", "Options:", "Arguments:", "Examples:", "Commands:"]);
        const pages = [];
        for (const words of commands(program(realContext()))) {
            const lines = await help(words);
            const news = lines.filter((line) => !said.has(line));
            const also = lines.flatMap((line) => (said.has(line) ? (/^ +(--[\w-]+)/.exec(line)?.[1] ?? []) : []));
            lines.forEach((line) => said.add(line));
            pages.push([...news, ...(also.length > 0 ? [`  also ${also.join(", ")}`] : []), ""].join("\n"));
        }
        assertReviewed("expected/ops-help.txt", HEADER + pages.join("\n"));
    });
});
