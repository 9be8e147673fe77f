// Proves in a headless Chromium that each page of the built site shows its title, text and diagrams at the width of a
// phone. Proves that the search finds a task. The layout is not tested.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { findOnPath } from "../../sandbox/toolchain/path";
import { ROOT } from "../side-by-side";
import { Browser } from "./browser";

const DIST = join(ROOT, "site/dist");
const PHONE_WIDTH = 390;
const TYPES: Record<string, string> = {
    ...{ ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json" },
    ...{ ".svg": "image/svg+xml", ".woff2": "font/woff2", ".png": "image/png" },
};

const groups = JSON.parse(readFileSync(join(ROOT, "site/pages.json"), "utf8")) as { pages: string[] }[];
const decisions = readdirSync(join(ROOT, "docs/decisions")).filter((name) => /^\d/.test(name));
const PAGES = [...groups.flatMap(({ pages }) => pages), ...decisions.map((name) => `decisions/${name}`)];

const address = (page: string) => `/${page.replace(/(^|\/)README\.md$/, "$1").replace(/\.md$/, "")}`;

/** Serves the built site as a static file host does: /a is the file a, a.html or a/index.html. */
function serve(): Promise<Server> {
    const server = createServer((request, response) => {
        const path = normalize(decodeURIComponent(new URL(request.url!, "http://localhost").pathname));
        const file = [path, `${path}.html`, join(path, "index.html")]
            .map((name) => join(DIST, name))
            .find((name) => existsSync(name) && statSync(name).isFile());
        response.writeHead(file === undefined ? 404 : 200, {
            "Content-Type": TYPES[extname(file ?? "")] ?? "text/plain",
        });
        response.end(file === undefined ? "" : readFileSync(file));
    });
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("site", () => {
    let server: Server;
    let browser: Browser;
    let origin: string;

    before(async () => {
        await promisify(execFile)("npm", ["run", "docs:build"], { cwd: ROOT, maxBuffer: 1 << 26 });
        server = await serve();
        origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        browser = await Browser.open(findOnPath("chromium")!, PHONE_WIDTH);
    });
    after(async () => {
        await browser?.close();
        server?.close();
    });

    for (const page of PAGES)
        it(`shows ${page} at the width of a phone`, async () => {
            const text = readFileSync(join(ROOT, "docs", page), "utf8");
            const diagrams = text.match(/^```mermaid$/gm)?.length ?? 0;
            await browser.go(
                `${origin}${address(page)}`,
                `document.querySelectorAll(".mermaid svg").length === ${diagrams} && document.querySelector(".vp-doc h1") &&
                    [...document.images].every((image) => image.complete)`,
            );
            const shown = await browser.evaluate<{ title: string; broken: number; width: number }>(`({
                title: document.querySelector(".vp-doc h1").textContent.replace(/[\\u200b#]/g, "").trim(),
                broken: [...document.images].filter((image) => image.naturalWidth === 0).length,
                width: document.documentElement.scrollWidth,
            })`);
            const title = /^# (.*)$/m.exec(text)![1].replaceAll("`", "");
            assert.deepEqual(shown, { title, broken: 0, width: PHONE_WIDTH });
            assert.deepEqual(browser.exceptions.splice(0), []);
        });

    it("finds the page on rotating a key", async () => {
        await browser.go(`${origin}/`, `document.querySelector("#local-search button")`);
        await browser.evaluate(`document.querySelector("#local-search button").click()`);
        await browser.until(`document.querySelector("input#localsearch-input")`);
        await browser.evaluate(`document.querySelector("input#localsearch-input").focus()`);
        await browser.type("rotate a key");
        await browser.until(`/Rotate a credential/.test(document.querySelector(".results")?.textContent ?? "")`);
    });
});
