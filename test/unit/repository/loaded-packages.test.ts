import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(__dirname, "../../..");

/** Prints the packages that this project's files load. */
const SCRIPT = `
    const Module = require("node:module");
    const load = Module._load;
    const asked = new Set();
    Module._load = function (name, parent, ...rest) {
        const ours = parent?.filename && !parent.filename.includes("node_modules");
        const named = /^(@[^/]+\\/[^/]+|[^./][^/]*)/.exec(name)?.[0];
        if (ours && named && !Module.isBuiltin(name)) asked.add(named);
        return load.call(this, name, parent, ...rest);
    };
    require("./options");
    require("./config");
    console.log(JSON.stringify([...asked].sort()));`;

describe("the program", () => {
    it("loads at its start only packages that every option needs: each further package slows every preview", async () => {
        const args = ["--require=tsx/cjs", "-e", SCRIPT];
        const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
        assert.deepEqual(JSON.parse(stdout), [
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
        ]);
    });
});
