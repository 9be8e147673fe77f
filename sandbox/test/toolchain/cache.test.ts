// Proves when a program is taken from the cache, downloaded or built, with recipes that write one small file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cached, type CacheOptions, entryFolder, type Recipe } from "../../toolchain/cache";
import { ToolchainError } from "../../toolchain/errors";
import { obtain, type Wanted } from "../../toolchain/obtain";
import { DownloadFailed } from "../../toolchain/releases/download";

/** A recipe that counts its builds. */
function fakeRecipe(change: Partial<Recipe> = {}): Recipe & { built: number } {
    const recipe = {
        built: 0,
        name: "fake",
        version: "1.2.3",
        outputs: ["fake"],
        ingredients: { flour: 1 },
        async build(_work: string, out: string) {
            recipe.built++;
            await new Promise((resolve) => setImmediate(resolve));
            fs.writeFileSync(path.join(out, "fake"), "#!/bin/sh\necho fake\n");
            return { go: "1.0" };
        },
        ...change,
    };
    return recipe;
}

/** Process id of a process that has ended. */
const deadPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

describe("tool cache", () => {
    let root: string;
    let lines: string[];
    let options: CacheOptions;

    beforeEach(() => {
        root = fs.mkdtempSync(path.join(os.tmpdir(), "cache-"));
        lines = [];
        options = { root, log: (line) => lines.push(line) };
    });
    afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

    const binary = (recipe: Recipe) => path.join(entryFolder(root, recipe), "bin", "fake");
    const leftovers = () => fs.readdirSync(path.join(root, "fake")).filter((name) => /partial|lock/.test(name));

    it("builds a tool once and finds it afterwards", async () => {
        const recipe = fakeRecipe();
        assert.equal((await cached(recipe, options)).source, "built");
        lines = [];
        assert.equal((await cached(recipe, options)).source, "cache");
        assert.equal(recipe.built, 1);
        assert.deepEqual(lines, [], "a cached tool needs no message");
        assert.equal(spawnSync(binary(recipe), { encoding: "utf8" }).stdout, "fake\n");
        assert.deepEqual(leftovers(), []);
    });

    const damages: [what: string, damage: (recipe: Recipe) => void, said: RegExp][] = [
        [
            "with one flipped byte",
            (recipe) => {
                const bytes = fs.readFileSync(binary(recipe));
                bytes[3] ^= 1;
                fs.writeFileSync(binary(recipe), bytes);
            },
            /does not match its checksum/,
        ],
        [
            "with half a manifest",
            (recipe) => fs.truncateSync(path.join(entryFolder(root, recipe), "manifest.json"), 10),
            /manifest cannot be read/,
        ],
    ];
    for (const [what, damage, said] of damages) {
        it(`builds a tool ${what} again, and says why`, async () => {
            const recipe = fakeRecipe();
            await cached(recipe, options);
            damage(recipe);
            lines = [];
            assert.equal((await cached(recipe, options)).source, "built");
            assert.match(lines[0], said);
            assert.equal(recipe.built, 2);
            assert.equal((await cached(recipe, options)).source, "cache");
        });
    }

    it("builds once when two processes need a tool at the same time, and names the process that builds", async () => {
        const recipe = fakeRecipe();
        const entries = await Promise.all([cached(recipe, options), cached(recipe, options)]);
        assert.equal(recipe.built, 1);
        assert.deepEqual(entries.map((entry) => entry.source).sort(), ["built", "cache"]);
        assert.ok(lines.some((line) => line.includes(`waiting for process ${process.pid}`)));
    });

    describe("lock", () => {
        const lockFile = (recipe: Recipe) => {
            const file = `${entryFolder(root, recipe)}.lock`;
            fs.mkdirSync(path.dirname(file), { recursive: true });
            return file;
        };

        it("is taken over from a process that has ended", async () => {
            const recipe = fakeRecipe();
            const pid = deadPid();
            fs.writeFileSync(lockFile(recipe), `${pid}\n`);
            assert.equal((await cached(recipe, options)).source, "built");
            assert.match(lines[0], new RegExp(`taking over the lock of process ${pid}, which has ended`));
            assert.deepEqual(leftovers(), []);
        });
    });
});

/** Returns a function whose promises all resolve when the function has been called `count` times. */
function barrier(count: number): () => Promise<void> {
    let open = () => {};
    const all = new Promise<void>((resolve) => (open = resolve));
    let calls = 0;
    return () => {
        if (++calls === count) open();
        return all;
    };
}

describe("programs that are not installed", () => {
    let root: string;
    let lines: string[];
    /** Started recipes, in order. */
    let ran: string[];
    const log = (line: string) => void lines.push(line);

    beforeEach(() => {
        root = fs.mkdtempSync(path.join(os.tmpdir(), "obtain-"));
        lines = [];
        ran = [];
    });
    afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

    function recipe(name: string, how: "building" | "downloading", step: () => Promise<void> = async () => {}): Recipe {
        return {
            ...{ name, version: "1.0.0", how, outputs: [name], ingredients: how },
            async build(_, out) {
                ran.push(`${how} ${name}`);
                await step();
                fs.writeFileSync(path.join(out, name), how);
                return {};
            },
        };
    }
    const wanted = (name: string, release: string | (() => Promise<void>)): Wanted => ({
        source: recipe(name, "building"),
        release: typeof release === "string" ? release : recipe(name, "downloading", release),
        sharesLibraries: false,
    });
    const works = async () => {};
    const fails = () => Promise.reject(new DownloadFailed("https://example.org/x: 404"));
    const get = async (...list: Wanted[]) =>
        (await Promise.all(obtain(list, { root, log }))).map(({ source }) => source);

    it("are downloaded if there is a release, and otherwise built", async () => {
        assert.deepEqual(await get(wanted("a", works), wanted("b", "building it, because no program is released")), [
            ...["downloaded", "built"],
        ]);
        assert.deepEqual(ran.sort(), ["building b", "downloading a"]);
        assert.ok(lines.includes("b: building it, because no program is released"));
    });

    it("are not built when a download is invalid", async () => {
        const tampered = () => Promise.reject(new ToolchainError("a.tar.gz: the checksum is wrong"));
        await assert.rejects(get(wanted("a", tampered), wanted("b", fails)), /a\.tar\.gz: the checksum is wrong/);
        assert.deepEqual(ran.sort(), ["downloading a", "downloading b"]);
    });

    it("are built one at a time if they share libraries, next to those that do not, in their order", async () => {
        const together = barrier(2);
        let running = 0;
        const alone = (name: string, step: () => Promise<void>): Wanted => ({
            ...{ release: "building it", sharesLibraries: true },
            source: recipe(name, "building", async () => {
                assert.equal(++running, 1);
                await step();
                running--;
            }),
        });
        const other = wanted("c", "building it");
        other.source = recipe("c", "building", together);
        await get(alone("a", together), alone("b", works), other);
        assert.deepEqual(
            ran.filter((step) => !step.endsWith("c")),
            ["building a", "building b"],
        );
    });
});
