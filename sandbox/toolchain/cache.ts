import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ToolchainError } from "./errors";
import { takeLock } from "./lock";
import { type Log, shown } from "./log";

/** Called with the current step of a build. */
export type Progress = (detail: string) => void;

/** Describes how to create one cache entry. */
export interface Recipe {
    /** Name of the entry's folder in the cache, and of the entry in messages. */
    name: string;
    version: string;
    /** Executables that the build must create. */
    outputs: string[];
    /** Other files that the build must create in the same folder. @default none */
    otherFiles?: string[];
    /** Verb for messages. @default "building" */
    how?: "building" | "downloading";
    /** Everything on which the result depends. It is part of the cache key, so a change creates a new entry. */
    ingredients: unknown;
    /** Expected duration as text, for the progress. */
    usually?: string;
    /** Builds into `out`. `work` is an empty folder that is deleted afterwards. @returns entries for the manifest */
    build(work: string, out: string, progress: Progress): Promise<Record<string, string>>;
}

export interface CacheOptions {
    root: string;
    log: Log;
}

export interface CacheEntry {
    folder: string;
    version: string;
    source: "cache" | "built" | "downloaded";
}

interface Manifest {
    name: string;
    version: string;
    recipe: string;
    facts: Record<string, string>;
    files: Record<string, { sha256: string }>;
}

const MANIFEST = "manifest.json";

/** Folder of all cached tools. It is outside of the clone, so that all clones of a user share the tools. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
    const base = env.ALPA_AUTH_CACHE || path.join(env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "alpa-auth");
    return path.join(path.resolve(base), "tools");
}

function fingerprint(recipe: Recipe): string {
    const { name, version, outputs, ingredients } = recipe;
    return createHash("sha256").update(JSON.stringify({ name, version, outputs, ingredients })).digest("hex");
}

const filesOf = ({ outputs, otherFiles = [] }: Recipe) => [...outputs, ...otherFiles];

/** Folder of a recipe's result in the cache. */
export function entryFolder(root: string, recipe: Recipe): string {
    return path.join(root, recipe.name, `${recipe.version}-${fingerprint(recipe).slice(0, 12)}`);
}

/** Finds a recipe's result in the cache, and verifies its checksums. */
export async function findCached(recipe: Recipe, root: string): Promise<CacheEntry | undefined> {
    const folder = entryFolder(root, recipe);
    if ((await problemWith(folder, recipe)) !== undefined) return undefined;
    return { folder, version: recipe.version, source: "cache" };
}

/** Finds a recipe's result in the cache, or creates it, and verifies its checksums. */
export async function cached(recipe: Recipe, options: CacheOptions): Promise<CacheEntry> {
    const folder = entryFolder(options.root, recipe);
    const done = (source: CacheEntry["source"]) => ({ folder, version: recipe.version, source });
    if ((await problemWith(folder, recipe)) === undefined) return done("cache");

    const what = `${recipe.name} v${recipe.version}`;
    const release = await takeLock(`${folder}.lock`, { what, log: options.log });
    try {
        // Checked again: another process may have built the entry while it held the lock.
        const problem = await problemWith(folder, recipe);
        if (problem === undefined) return done("cache");
        if (fs.existsSync(folder)) {
            options.log(
                `${what}: the cached copy cannot be used, because ${problem}; ${recipe.how ?? "building"} it again`,
            );
            fs.rmSync(folder, { recursive: true, force: true });
        }
        removeUnfinished(folder, () => options.log(`${what}: an earlier run was interrupted; starting again`));
        await buildInto(folder, recipe, options.log);
        return done(recipe.how === "downloading" ? "downloaded" : "built");
    } finally {
        release();
    }
}

/** Why a cache entry is invalid; undefined if all files match the manifest. */
async function problemWith(folder: string, recipe: Recipe): Promise<string | undefined> {
    let manifest: Manifest;
    try {
        manifest = JSON.parse(fs.readFileSync(path.join(folder, MANIFEST), "utf8")) as Manifest;
    } catch {
        return "its manifest cannot be read";
    }
    if (manifest.recipe !== fingerprint(recipe)) return "it is the result of a different recipe";
    for (const output of filesOf(recipe)) {
        const file = path.join(folder, "bin", output);
        if (!fs.existsSync(file)) return `${output} is missing`;
        if ((await sha256(file)) !== manifest.files?.[output]?.sha256) return `${output} does not match its checksum`;
    }
    return undefined;
}

async function sha256(file: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
    return hash.digest("hex");
}

async function buildInto(folder: string, recipe: Recipe, log: Log): Promise<void> {
    const usually = recipe.usually ? ` (${recipe.usually})` : "";
    const label = `${recipe.how ?? "building"} ${recipe.outputs.join(", ")} v${recipe.version}${usually}`;
    const partial = `${folder}.partial-${process.pid}`;
    const out = path.join(partial, "bin");
    const work = path.join(partial, "work");
    fs.mkdirSync(out, { recursive: true });
    fs.mkdirSync(work);
    let detail = "";
    try {
        const build = () => recipe.build(work, out, (next) => (detail = next));
        const facts = await shown(log, label, () => detail, build);
        fs.rmSync(work, { recursive: true, force: true });
        const files: Manifest["files"] = {};
        for (const output of filesOf(recipe)) {
            const file = path.join(out, output);
            if (!fs.existsSync(file))
                throw new ToolchainError(
                    `${recipe.name}: ${recipe.how ?? "building"} this tool did not create ${output}.`,
                );
            if (recipe.outputs.includes(output)) fs.chmodSync(file, 0o755);
            files[output] = { sha256: await sha256(file) };
        }
        const manifest: Manifest = {
            name: recipe.name,
            version: recipe.version,
            recipe: fingerprint(recipe),
            facts,
            files,
        };
        // The manifest is written last, so a folder without a manifest is unfinished.
        fs.writeFileSync(path.join(partial, MANIFEST), JSON.stringify(manifest, null, 2) + "\n");
        fs.renameSync(partial, folder);
    } catch (error) {
        fs.rmSync(partial, { recursive: true, force: true });
        throw error;
    }
}

/** Deletes the folders that interrupted builds of this entry have left. Only the holder of the lock builds. */
function removeUnfinished(folder: string, say: () => void): void {
    const parent = path.dirname(folder);
    for (const name of fs.readdirSync(parent)) {
        if (!name.startsWith(`${path.basename(folder)}.partial-`)) continue;
        say();
        fs.rmSync(path.join(parent, name), { recursive: true, force: true });
    }
}
