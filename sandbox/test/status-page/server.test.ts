/** Proves that the status page shows the sandbox's answers, only at its own address, and accepts no requests of other pages. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStatusPage, type PageData, type StatusPage } from "../../status-page/server";
import { readFacts, writeFacts } from "../../world/state";
import { rawRequest } from "../gateway/raw-client";

const TRY = [{ title: "no credential", command: "curl http://127.0.0.1:1/alpa", expect: 401 }];

describe("status page of the sandbox", () => {
    const dir = mkdtempSync(join(tmpdir(), "alpa-auth-page-"));
    let page: StatusPage;
    before(async () => {
        page = await startStatusPage(dir, () => readFacts(dir, "stack"));
    });
    after(async () => {
        await page.close();
        rmSync(dir, { recursive: true, force: true });
    });

    const data = async () => (await (await fetch(`${page.url}data.json`)).json()) as PageData;

    it("has no stack until `up` has finished, and then its address and the requests to try", async () => {
        assert.equal((await data()).stack, null);
        writeFacts(dir, "stack", { stack: "intra", url: "http://127.0.0.1:1/alpa", try: TRY });
        assert.deepEqual((await data()).stack, { name: "intra", url: "http://127.0.0.1:1/alpa", try: TRY });
    });

    it("counts answers by program, caller and status, and no checks of pulumi up", async () => {
        page.add({ place: "gateway", caller: "lab", status: 200 });
        page.add({ place: "gateway", caller: null, status: 401 });
        page.add({ place: "gateway", caller: "lab", status: 200 });
        page.add({ place: "edge", caller: "lab", status: 200 });
        page.add({ place: "gateway", caller: "lab", status: 400, check: true });
        const rows = (await data()).rows.map(({ place, caller, status, count }) => [place, caller, status, count]);
        assert.deepEqual(rows, [
            ["edge", "lab", 200, 1],
            ["gateway", null, 401, 1],
            ["gateway", "lab", 200, 2],
        ]);
    });

    it("loads nothing from other hosts, and cannot be embedded in another page", async () => {
        for (const [path, type] of [
            ["", "text/html"],
            ["page.js", "text/javascript"],
            ["page.css", "text/css"],
        ]) {
            const answer = await fetch(page.url + path);
            const text = await answer.text();
            assert.ok(answer.headers.get("content-type")!.startsWith(type), path);
            assert.match(
                answer.headers.get("content-security-policy")!,
                /^default-src 'none';.*frame-ancestors 'none'/,
            );
            // With this header a browser does not let other sites load any file of the page.
            assert.equal(answer.headers.get("cross-origin-resource-policy"), "same-origin", path);
            assert.doesNotMatch(text, /(src|href|url)[=(]\s*["']?(https?:)?\/\//, path);
        }
    });

    const port = () => Number(new URL(page.url).port);
    const ask = async (path: string, host: string, method = "GET") =>
        (
            await rawRequest(port(), {
                path,
                method,
                headers: [
                    ["Host", host],
                    ["Connection", "close"],
                ],
            })
        ).status;

    it("answers no foreign host name (DNS rebinding), no other file, and no other method", async () => {
        const own = `127.0.0.1:${port()}`;
        assert.equal(await ask("/data.json", own), 200);
        assert.equal(await ask("/data.json", "pages.example.com"), 403);
        assert.equal(await ask("/../state.ts", own), 404);
        assert.equal(await ask("/server.ts", own), 404);
        assert.equal(await ask("/constructor", own), 404);
        assert.equal(await ask("/", own, "POST"), 405);
    });
});
