// Loads TypeScript files, compiled by esbuild without a check of types. Loaders for every use (ts-node, tsx) take 0.2 to 0.4 s
// longer for each preview, command and test process (measured 2026-11).
"use strict";
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { basename, join, relative, sep } = require("node:path");
const Module = require("node:module");

// Available since Node.js 22.8. The cache depends on the content of each file, so it is never stale.
Module.enableCompileCache?.(join(__dirname, "node_modules/.cache/compiled"));
// Stack traces have the lines of the TypeScript files. The Pulumi SDK also uses this library, instead of Node.js' own support.
require("source-map-support").install({ environment: "node", hookRequire: true });

Module._extensions[".ts"] = (module, file) => module._compile(compiled(file), file);

const CACHE = join(__dirname, "node_modules/.cache/typescript");
const OPTIONS = {
    loader: "ts",
    format: "cjs",
    target: "node20",
    sourcemap: "inline",
    sourcesContent: false,
    logLevel: "error",
};
const VERSION = JSON.stringify([require("esbuild/package.json").version, OPTIONS]);

/** The JavaScript of a TypeScript file: from the cache, which has one entry for each file, or from esbuild. */
function compiled(file) {
    const source = readFileSync(file, "utf8");
    const mark = `//${createHash("sha256").update(VERSION).update(source).digest("hex")}`;
    const entry = join(CACHE, `${relative(__dirname, file).replaceAll(sep, "+")}.js`);
    try {
        const code = readFileSync(entry, "utf8");
        if (code.endsWith(mark)) return code;
    } catch {
        // The file is new.
    }
    const { code } = require("esbuild").transformSync(source, { ...OPTIONS, sourcefile: basename(file) });
    try {
        mkdirSync(CACHE, { recursive: true });
        writeFileSync(`${entry}.${process.pid}`, code + mark);
        renameSync(`${entry}.${process.pid}`, entry);
    } catch {
        // A folder that cannot be written, for example of another user: without a cache.
    }
    return code;
}

// The Pulumi SDK loads TypeScript and npm's library to serialize functions into resources, which this project does not do
// (components/kubernetes/dynamic-resource.ts). They take 0.5 s of a core, so they are loaded only when they are used.
const UNUSED = new Set(["@npmcli/arborist", "typescript"]);
const SDK = /node_modules.@pulumi.pulumi./;
const load = Module._load;
Module._load = function (name, parent, isMain) {
    const from = parent?.filename ?? "";
    // ES modules in TypeScript import "./x.js", the name after a compilation.
    if (from.endsWith(".ts")) return load.call(Module, name.replace(/^(\.{1,2}\/.*)\.js$/, "$1"), parent, isMain);
    if (!UNUSED.has(name) || !SDK.test(from)) return load.call(Module, name, parent, isMain);
    const whenUsed = (_, property) => property === "__esModule" || load.call(Module, name, parent, isMain)[property];
    return new Proxy({}, { get: whenUsed });
};
