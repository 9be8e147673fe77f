// Proves that a change of a stack ends properly although the process that reads its messages has ended, as with `| head`.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { STACK_FILE } from "../kit";

const ROOT = join(__dirname, "../../../..");

/** A fake Pulumi of a healthy stack. Its `up` continues to print after the file `closed` exists. */
const PULUMI = `
const { existsSync, writeFileSync } = require("node:fs");
const words = process.argv.slice(2);
if (words[0] === "preview") console.log('{"steps":[]}');
if (words[0] === "stack") console.log('{"deployment":{}}');
if (words[0] === "up") {
    process.on("SIGINT", () => process.exit(255));
    console.log("Updating (intra)");
    const timer = setInterval(() => {
        if (!existsSync("FOLDER/closed")) return;
        clearInterval(timer);
        for (let i = 0; i < 20; i++) console.log("line " + i);
        setTimeout(() => writeFileSync("FOLDER/ended", ""), 200);
    }, 20);
}`;

describe("a change whose messages are no longer read", () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), "alpa-auth-pipe-"))));
    after(() => rmSync(folder, { recursive: true }));

    it("is carried out, and Pulumi is not interrupted", async () => {
        const file = join(folder, "Pulumi.intra.yaml");
        writeFileSync(file, STACK_FILE);
        writeFileSync(join(folder, "pulumi"), `#!${process.execPath}\n${PULUMI.replaceAll("FOLDER", folder)}\n`);
        chmodSync(join(folder, "pulumi"), 0o755);
        const PATH = [folder, process.env.PATH].join(delimiter);
        const env = { ...process.env, PATH, ALPA_AUTH_STACK_FILES: folder };
        const child = spawn(
            process.execPath,
            [join(ROOT, "ops/alpa-auth.js"), "consumer", "add", "bob", "--yes", "--verbose", "--stack", "intra"],
            { env, stdio: ["ignore", "pipe", "pipe"] },
        );
        const ended = once(child, "close");
        let said = "";
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            said += text;
            if (!said.includes("Updating")) return;
            child.stdout.destroy();
            child.stderr.destroy();
            writeFileSync(join(folder, "closed"), "");
        });
        const [code] = (await ended) as [number];
        assert.deepEqual([code, existsSync(join(folder, "ended"))], [0, true], said);
        assert.match(readFileSync(file, "utf8"), /name: bob/);
    });
});
