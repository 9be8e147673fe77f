import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(__dirname, "../../..");

/** Prints the packages that this project's files import: those of the command line, and those of the program. */
const SCRIPT = `
    const Module = require("node:module");
    const load = Module._load;
    let asked = new Set();
    Module._load = function (name, parent, ...rest) {
        const ours = parent?.filename && !parent.filename.includes("node_modules");
        if (ours && /^[^./]/.test(name) && !Module.isBuiltin(name)) asked.add(name);
        return load.call(this, name, parent, ...rest);
    };
    const packagesOf = (...files) => {
        asked = new Set();
        for (const file of Object.keys(require.cache)) if (!file.includes("node_modules")) delete require.cache[file];
        files.forEach((file) => require(file));
        return [...asked].sort();
    };
    console.log(JSON.stringify([packagesOf("./ops/program"), packagesOf("./options", "./config")]));`;

/** Files of the Pulumi SDK that load neither TypeScript nor npm, and no resource: a third of its time. */
const PARTS_OF_SDK = ["errors", "metadata", "output", "runtime/config"].map((part) => `@pulumi/pulumi/${part}`);

describe("at its start", () => {
    let command: string[], program: string[];
    before(async () => {
        const args = ["--require=tsx/cjs", "-e", SCRIPT];
        const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
        [command, program] = JSON.parse(stdout) as [string[], string[]];
    });

    it("a command loads only parts of the Pulumi SDK: all of it would slow every command", () => {
        assert.deepEqual(
            command.filter((name) => name.startsWith("@pulumi/")),
            PARTS_OF_SDK,
        );
    });

    it("the program loads only packages that every option needs: each further package slows every preview", () => {
        assert.deepEqual(
            program.filter((name) => !PARTS_OF_SDK.includes(name)),
            [
                "@pulumi/cloudflare",
                "@pulumi/command",
                "@pulumi/kubernetes",
                "@pulumi/pulumi",
                "@pulumi/random",
                "dns-packet",
                "esbuild",
                "fastest-levenshtein",
                "ip-address",
                "yaml",
                "zod",
            ],
        );
    });
});
