// Proves how each program is obtained, and in which order. The recipes are fakes; the tests in releases/ prove
// downloads.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cached, type Recipe } from "../../toolchain/cache";
import { ToolchainError } from "../../toolchain/errors";
import { obtain, type Wanted } from "../../toolchain/obtain";
import { DownloadFailed } from "../../toolchain/releases/download";

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
            ...{ name, version: "1.0.0", how, outputs: [name], ingredients: how, freeMiB: 1 },
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
        buildSeconds: { alone: 10 },
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

    it("are built when they cannot be downloaded, and the log says why", async () => {
        assert.deepEqual(await get(wanted("a", fails)), ["built"]);
        assert.ok(lines.includes("a: cannot be downloaded; building it. https://example.org/x: 404"));
    });

    it("are not built when a download is invalid", async () => {
        const tampered = () => Promise.reject(new ToolchainError("a.tar.gz: the checksum is wrong"));
        await assert.rejects(get(wanted("a", tampered), wanted("b", fails)), /a\.tar\.gz: the checksum is wrong/);
        assert.deepEqual(ran.sort(), ["downloading a", "downloading b"]);
    });

    it("are downloaded all at once, while the first is built", async () => {
        const together = barrier(3);
        const c = wanted("c", "building it");
        c.source = recipe("c", "building", together);
        assert.deepEqual(await get(wanted("a", together), wanted("b", together), c), [
            "downloaded",
            "downloaded",
            "built",
        ]);
    });

    it("are built one at a time if they share libraries, in their order", async () => {
        let running = 0;
        const alone = (name: string, release: Wanted["release"]): Wanted => ({
            ...{ release, buildSeconds: { alone: 1, shared: 1 } },
            source: recipe(name, "building", async () => {
                assert.equal(++running, 1);
                await new Promise((resolve) => setImmediate(resolve));
                running--;
            }),
        });
        const failing = (name: string) => alone(name, recipe(name, "downloading", fails));
        await get(failing("a"), failing("b"), alone("c", "building it"));
        assert.deepEqual(
            ran.filter((step) => step.startsWith("building")),
            ["building c", "building a", "building b"],
        );
    });

    it("are built at the same time as a program that shares no libraries with them", async () => {
        const together = barrier(2);
        const slow = (name: string, buildSeconds: Wanted["buildSeconds"]): Wanted => ({
            ...{ release: "building it", buildSeconds },
            source: recipe(name, "building", together),
        });
        assert.deepEqual(await get(slow("a", { alone: 1, shared: 1 }), slow("b", { alone: 1 })), ["built", "built"]);
    });

    it("can be used as soon as they exist, while another is still built", async () => {
        let finish = () => {};
        const finished = new Promise<void>((resolve) => (finish = resolve));
        const slow = wanted("b", "building it");
        slow.source = recipe("b", "building", () => finished);
        const [first, second] = obtain([wanted("a", works), slow], { root, log });
        assert.equal((await first).source, "downloaded");
        finish();
        assert.equal((await second).source, "built");
    });

    it("stay in the cache when something else cannot be built", async () => {
        const broken = wanted("b", "building it");
        broken.source = recipe("b", "building", () => Promise.reject(new ToolchainError("b: Go is needed")));
        await assert.rejects(
            get(
                wanted("a", () => new Promise(setImmediate)),
                broken,
            ),
            /b: Go is needed/,
        );
        assert.deepEqual(await get(wanted("a", works)), ["cache"]);
    });

    for (const how of ["downloading", "building"] as const)
        it(`are taken from the cache without an attempt to download, after ${how}`, async () => {
            await cached(recipe("a", how), { root, log });
            ran = [];
            assert.deepEqual(await get(wanted("a", works)), ["cache"]);
            assert.deepEqual(ran, []);
        });
});
