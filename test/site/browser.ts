/** A headless Chromium, driven over pipes with its DevTools protocol (Chromium 112 or newer). */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

type Params = Record<string, unknown>;
interface Message {
    id?: number;
    method?: string;
    params?: Params;
    result?: Params;
    error?: { message: string };
}

/** Longest wait for a page or an element, in milliseconds. The machine may be busy with other work. */
const PATIENCE_MS = 120_000;

export class Browser {
    /** Exceptions thrown by pages. */
    readonly exceptions: string[] = [];
    private readonly folder = mkdtempSync(join(tmpdir(), "alpa-auth-browser-"));
    private readonly process: ChildProcess;
    private readonly waiting = new Map<number, { resolve: (result: Params) => void; reject: (error: Error) => void }>();
    private last = 0;
    private session: string | undefined;

    private constructor(executable: string) {
        const args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ];
        this.process = spawn(
            executable,
            [...args, "--remote-debugging-pipe", `--user-data-dir=${this.folder}`, "about:blank"],
            { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
        );
        let text = "";
        (this.process.stdio[4] as Readable).setEncoding("utf8").on("data", (chunk: string) => {
            const messages = `${text}${chunk}`.split("\0");
            text = messages.pop()!;
            for (const message of messages) this.received(JSON.parse(message) as Message);
        });
        this.process.on("exit", () => this.fail(new Error("Chromium has ended")));
    }

    /** @param width of the window, in pixels */
    static async open(executable: string, width: number): Promise<Browser> {
        const browser = new Browser(executable);
        const { targetInfos } = await browser.send("Target.getTargets");
        const { targetId } = (targetInfos as { type: string; targetId: string }[]).find(({ type }) => type === "page")!;
        const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
        browser.session = sessionId as string;
        await browser.send("Page.enable");
        await browser.send("Runtime.enable");
        await browser.send("Emulation.setDeviceMetricsOverride", {
            ...{ width, height: 800, deviceScaleFactor: 1, mobile: true },
        });
        return browser;
    }

    async close(): Promise<void> {
        const ended = new Promise((resolve) => this.process.once("exit", resolve));
        this.session = undefined;
        // Unlike a signal, this command also ends Chromium's other processes, which write into the folder.
        void this.send("Browser.close").catch(() => undefined);
        await ended;
        rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    }

    /** Opens a page and waits until an expression is true in it. */
    async go(url: string, until: string): Promise<void> {
        await this.send("Page.navigate", { url });
        await this.until(
            `location.href.startsWith(${JSON.stringify(url)}) && document.readyState === "complete" && (${until})`,
        );
    }

    /** Waits until an expression is true in the page. */
    async until(expression: string): Promise<void> {
        const wait = `new Promise((resolve) => {
            const look = () => (${expression}) ? resolve(true) : setTimeout(look, 50);
            look();
        })`;
        const late = new Error(`not true within ${PATIENCE_MS / 1000} s: ${expression}`);
        let timer: NodeJS.Timeout | undefined;
        const limit = new Promise((_, reject) => (timer = setTimeout(() => reject(late), PATIENCE_MS)));
        // When the page navigates, the wait fails. Then wait again, in the new page.
        const waited = (): Promise<unknown> =>
            this.evaluate(wait).catch((error: Error) => {
                if (/navigated|destroyed|context/i.test(error.message)) return waited();
                throw error;
            });
        await Promise.race([waited(), limit]).finally(() => clearTimeout(timer));
    }

    /** Value of an expression in the page, as JSON. */
    async evaluate<T>(expression: string): Promise<T> {
        const params = { expression, awaitPromise: true, returnByValue: true };
        const { result, exceptionDetails } = await this.send("Runtime.evaluate", params);
        if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
        return (result as { value: T }).value;
    }

    /** Types a text into the element that has the focus. */
    async type(text: string): Promise<void> {
        await this.send("Input.insertText", { text });
    }

    /**
     * A screenshot of the window or of one element, as PNG in base64. The element may be larger than the window.
     * @param selector of the element.
     * @default the window
     * @param scale pixels of the picture for each pixel of the page
     */
    async picture(selector?: string, scale = 1): Promise<string> {
        if (selector === undefined) return (await this.send("Page.captureScreenshot")).data as string;
        const clip = await this.evaluate<Params>(`(() => {
            const { x, y, width, height } = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
            // A part of a pixel would be a grey line.
            return { x: x + scrollX, y: y + scrollY, width, height: Math.floor(height * ${scale}) / ${scale} };
        })()`);
        const params = { captureBeyondViewport: true, clip: { ...clip, scale } };
        return (await this.send("Page.captureScreenshot", params)).data as string;
    }

    private send(method: string, params: Params = {}): Promise<Params> {
        const id = ++this.last;
        const message = { id, method, params, ...(this.session === undefined ? {} : { sessionId: this.session }) };
        (this.process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
        return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    }

    private received({ id, method, params, result, error }: Message): void {
        if (method === "Runtime.exceptionThrown") this.exceptions.push(JSON.stringify(params));
        const one = id === undefined ? undefined : this.waiting.get(id);
        if (one === undefined) return;
        this.waiting.delete(id!);
        if (error === undefined) one.resolve(result ?? {});
        else one.reject(new Error(error.message));
    }

    private fail(error: Error): void {
        for (const { reject } of this.waiting.values()) reject(error);
        this.waiting.clear();
    }
}
