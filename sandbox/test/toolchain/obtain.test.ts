// Proves how each program is obtained, and in which order. The recipes are fakes; the tests in releases/ prove
// downloads.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Recipe } from "../../toolchain/cache";
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
