// Proves in a real browser that the sandbox's status page shows requests as they arrive, on a phone and on a wide screen, and
// that it escapes callers' names.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStatusPage, type StatusPage } from "../../sandbox/status-page/server";
import { findOnPath } from "../../sandbox/toolchain/path";
import { readFacts, writeFacts } from "../../sandbox/world/state";
import { Browser } from "./browser";

const NAME = "<img src=x onerror=alert(1)>";
const COMMAND = `curl -sS --max-time 60 http://127.0.0.1:30800/alpa/completions -H 'apikey: ${"x".repeat(300)}'`;

for (const [screen, width] of [
    ["a phone", 390],
    ["a wide screen", 1400],
] as const)
    describe(`status page of the sandbox on ${screen}`, () => {
        const dir = mkdtempSync(join(tmpdir(), "alpa-auth-page-"));
        let page: StatusPage;
        let browser: Browser;
        before(async () => {
            page = await startStatusPage(dir, () => readFacts(dir, "stack"));
            browser = await Browser.open(findOnPath("chromium")!, width);
            await browser.go(page.url, `/coming up/.test(document.body.textContent)`);
        });
        after(async () => {
            await browser?.close();
            await page.close();
            rmSync(dir, { recursive: true, force: true });
        });

        it("shows the requests to try when the stack is up", async () => {
            const attempt = { title: "no credential", command: COMMAND, expect: 401 };
            writeFacts(dir, "stack", { stack: "intra", url: "http://127.0.0.1:30800/alpa", try: [attempt] });
            await browser.until(`document.querySelector("#try pre")?.textContent === ${JSON.stringify(COMMAND)}`);
        });

        it("shows requests as they arrive, without a reload", async () => {
            await browser.evaluate(`window.loaded = true`);
            page.add({ place: "gateway", caller: NAME, status: 429 });
            page.add({ place: "gateway", caller: NAME, status: 429 });
            const cells = `[...document.querySelectorAll("#requests tbody td")].map((one) => one.textContent)`;
            await browser.until(`${cells}.length > 0`);
            const [caller, status, count] = await browser.evaluate<string[]>(cells);
            assert.deepEqual([caller, status, count], [NAME, "429", "2"]);
            assert.equal(await browser.evaluate(`window.loaded`), true);
            const shown = await browser.evaluate<string>(`document.querySelector("main").innerText`);
            assert.match(shown, /above a limit/);
        });

        it("fits the width of the screen, and throws no exception", async () => {
            assert.equal(await browser.evaluate(`document.documentElement.scrollWidth`), width);
            assert.deepEqual(browser.exceptions, []);
        });
    });
