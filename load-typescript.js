// Loads TypeScript files, compiled by esbuild without a check of types. General-purpose loaders (ts-node, tsx) take 0.2 to
// 0.4 s longer for each preview, command and test process (measured 2026-11).
"use strict";
const { createHash, randomUUID } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { basename, join, relative, sep } = require("node:path");
const Module = require("node:module");

// Available since Node.js 22.8. The cache depends on the content of each file, so it is never stale.
Module.enableCompileCache?.(join(__dirname, "node_modules/.cache/compiled"));
/** JavaScript of each loaded TypeScript file, with its source map. */
const loaded = new Map();
// Stack traces have the lines of the TypeScript files. The Pulumi SDK also uses this library, instead of Node.js' own support.
require("source-map-support").install({
    environment: "node",
    handleUncaughtExceptions: false,
    retrieveFile: (file) => loaded.get(file) ?? null,
});

Module._extensions[".ts"] = (module, file) => {
    const code = compiled(file);
    loaded.set(file, code);
    module._compile(code, file);
};

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

/** The JavaScript of a TypeScript file: from the cache, which has one entry for each file of this project, or from esbuild. */
function compiled(file) {
    const source = readFileSync(file, "utf8");
    const mark = `//${createHash("sha256").update(VERSION).update(source).digest("hex")}`;
    const path = relative(__dirname, file);
    const entry = join(CACHE, `${path.replaceAll(sep, "+")}.js`);
    try {
        const code = readFileSync(entry, "utf8");
        if (code.endsWith(mark)) return code;
    } catch {
        // The cache has no entry for the file.
    }
    const code = transformed(source, file) + mark;
    if (!path.startsWith("..")) write(entry, code);
    return code;
}

function transformed(source, file) {
    try {
        return require("esbuild").transformSync(source, { ...OPTIONS, sourcefile: basename(file) }).code;
    } catch (error) {
        throw new SyntaxError(`${file}: ${error.message}`);
    }
}

/**
 * Writes an entry of the cache in one step, since other processes read the cache at the same time. If the user may not
 * write to the cache, each process compiles the file again.
 */
function write(entry, code) {
    const draft = `${entry}.${randomUUID()}`;
    try {
        mkdirSync(CACHE, { recursive: true });
        writeFileSync(draft, code);
        renameSync(draft, entry);
    } catch {
        rmSync(draft, { force: true });
    }
}

// The Pulumi SDK loads TypeScript and npm's library to serialize functions into resources, which this project does not do
// (components/kubernetes/dynamic-resource.ts). They take 0.5 s of a core, so they are loaded only when they are used.
const UNUSED = new Set(["@npmcli/arborist", "typescript"]);
const SDK = /node_modules.@pulumi.pulumi./;
const load = Module._load;
Module._load = function (name, parent, isMain) {
    const from = parent?.filename ?? "";
    // ES modules in TypeScript import "./x.js", which is the name of x.ts after compilation.
    if (from.endsWith(".ts")) return load.call(Module, name.replace(/^(\.{1,2}\/.*)\.js$/, "$1"), parent, isMain);
    if (!UNUSED.has(name) || !SDK.test(from) || !isInstalled(name)) return load.call(Module, name, parent, isMain);
    const whenUsed = (_, property) => property === "__esModule" || load.call(Module, name, parent, isMain)[property];
    return new Proxy({}, { get: whenUsed });
};

/**
 * Whether a package is installed. If TypeScript is not installed, its import must fail, because the SDK then uses its own
 * copy.
 */
function isInstalled(name) {
    try {
        return require.resolve(name) !== "";
    } catch {
        return false;
    }
}
