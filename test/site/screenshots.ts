// `npm run docs:screenshots` takes the screenshots of docs/images. Requires `npm ci --prefix site`, chromium on PATH
// and the tool cache of the sandbox. Starts a sandbox, and shows the output of the real commands. With `-- --redraw`,
// starts no sandbox and draws the existing text files next to the pictures again.
// test/unit/repository/screenshots.test.ts checks that these texts are still what the code prints.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { findOnPath } from "../../sandbox/toolchain/path";
import { ROOT } from "../side-by-side";
import { Browser } from "./browser";
import { changed, IMAGES, LIMITS, PREVIEWS, REMOVED, SHOWN_FOLDER, textFile, type PictureName } from "./pictured";

const run = promisify(execFile);
/** Pixels of the picture for each pixel of the page. With 1.5, a picture is sharp on most screens and below 200 kB. */
const SCALE = 1.5;

/** Shown lines of a preview: the component that changes, and the first object below it. */
const PREVIEW_LINES = 38;

const STYLE = `
    body { margin: 0; background: #fff; color: #1f2328; font: 15px/1.5 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; }
    #picture { box-sizing: border-box; width: 880px; padding: 16px; }
    .comment { border: 1px solid #d1d9e0; border-radius: 6px; }
    .head { padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; color: #59636e; }
    .head b { color: #1f2328; }
    .text { padding: 4px 16px 12px; }
    h2 { font-size: 22px; border-bottom: 1px solid #d1d9e0; padding-bottom: 6px; margin: 12px 0; }
    h3 { font-size: 18px; margin: 16px 0 8px; }
    ul { padding-left: 28px; margin: 4px 0; }
    code { background: #818b981f; border-radius: 6px; padding: 2px 6px; font: 13px monospace; }
    .terminal { background: #0d1117; color: #e6edf3; border-radius: 8px; padding: 16px; }
    .terminal pre { margin: 0; font: 13px/1.45 "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
    .command { color: #7ee787; }`;

const page = (body: string) =>
    `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>${STYLE}</style><div id="picture">${body}</div>`;

const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

/** A pull request comment. */
function commentPage(markdown: string): string {
    return `${page(`<div class="comment"><div class="head"><b>github-actions</b> bot commented</div><div class="text"></div></div>`)}
        <script src="${pathToFileURL(join(ROOT, "site/node_modules/marked/lib/marked.umd.js")).href}"></script>
        <script>
            document.querySelector(".text").innerHTML = marked.parse(${JSON.stringify(markdown).replace(/</g, "\\u003c")});
            document.body.dataset.done = "yes";
        </script>`;
}

/** A terminal with a command and its output. */
function terminalPage(command: string, output: string): string {
    const text = `<span class="command">$ ${escaped(command)}</span>\n${escaped(output)}`;
    return page(`<div class="terminal"><pre>${text}</pre></div><script>document.body.dataset.done = "yes"</script>`);
}

/**
 * Shortens `sandbox up` to the started programs, the summary of `pulumi up` and the first requests. Hides local paths.
 */
function shortened(output: string, folder: string): string {
    // Removes the line that appears only on machines that cannot download the provider.
    const usual = output.replace(/^ *Pulumi provider kubernetes +built from source.*\n/m, "");
    const [start, rest] = usual.replaceAll(folder, SHOWN_FOLDER).split(/^(?=== pulumi up)/m);
    const [up] = rest.split("\n");
    const summary = /^Resources:\n(?: .*\n)+\nDuration: .*\n/m.exec(rest)![0];
    const [, none, , key] = rest.slice(rest.indexOf("== try it")).trim().split("\n\n");
    return `${start.slice(start.indexOf("== tools"))}${up}\n…\n${summary}\n== try it\n\n${none}\n…\n\n${key}\n…\n`;
}

/** Draws a picture from its text. */
async function take(browser: Browser, folder: string, name: PictureName, html: string): Promise<void> {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, html);
    await browser.go(pathToFileURL(file).href, `document.body.dataset.done === "yes"`);
    writeFileSync(join(IMAGES, `${name}.png`), Buffer.from(await browser.picture("#picture", SCALE), "base64"));
}

/** The output of `sandbox up`, and the review of a change of its stack file. */
async function outputs(folder: string): Promise<Record<PictureName, string>> {
    const env = { ...process.env, ALPA_AUTH_SANDBOX_DIR: folder, NO_COLOR: "1" };
    const npm = async (...args: string[]) =>
        (await run("npm", ["run", "-s", ...args], { cwd: ROOT, env, maxBuffer: 1 << 26 })).stdout;
    try {
        const up = await npm("sandbox", "--", "up", "--detach");
        const set = (await npm("sandbox", "--", "env")).trim();
        const inSandbox = async (line: string) =>
            (await run("sh", ["-c", `${set}\n${line}`], { cwd: ROOT, env, maxBuffer: 1 << 26 })).stdout;
        const ops = (args: string) => inSandbox(`node ops/alpa-auth.js ${args}`);
        await ops(`consumer add ${REMOVED} --stack intra --yes`);
        const { requests, perSeconds } = LIMITS;
        await ops(
            `consumer set-limits mbzuai-nlp --requests ${requests} --per-seconds ${perSeconds} --stack intra --yes`,
        );
        const file = join(folder, "stack-files/Pulumi.intra.yaml");
        const text = readFileSync(file, "utf8");
        const found = { sandbox: shortened(up, folder) } as Record<PictureName, string>;
        for (const [name, change] of Object.entries(PREVIEWS)) {
            writeFileSync(file, change(text));
            const preview = await inSandbox("pulumi preview -s intra --diff --non-interactive");
            found[name as keyof typeof PREVIEWS] = `${preview.split("\n").slice(0, PREVIEW_LINES).join("\n")}\n…\n`;
        }
        writeFileSync(file, changed(text));
        found["review-comment"] = await ops("stack review --stack intra --format markdown --fail-on none");
        return found;
    } finally {
        await npm("sandbox", "--", "down");
    }
}

async function main(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-screenshots-"));
    const browser = await Browser.open(findOnPath("chromium")!, 920);
    try {
        mkdirSync(IMAGES, { recursive: true });
        if (!process.argv.includes("--redraw")) {
            const texts = await outputs(join(folder, ".sandbox"));
            for (const [name, text] of Object.entries(texts)) writeFileSync(textFile(name as PictureName), text);
        }
        const textOf = (name: PictureName) => readFileSync(textFile(name), "utf8");
        await take(browser, folder, "review-comment", commentPage(textOf("review-comment")));
        await take(browser, folder, "sandbox", terminalPage("npm run sandbox -- up", textOf("sandbox")));
        for (const name of Object.keys(PREVIEWS) as (keyof typeof PREVIEWS)[])
            await take(browser, folder, name, terminalPage("pulumi preview -s intra --diff", textOf(name)));
    } finally {
        await browser.close();
        rmSync(folder, { recursive: true, force: true });
    }
}

void main();
