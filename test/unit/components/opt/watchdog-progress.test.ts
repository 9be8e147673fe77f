// Proves what the watchdog's script considers progress. A real bash runs it against the sandbox's Alpa, which follows
// the code of launch_model_worker.py. This does not prove that a real Alpa delays rejections while it computes.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { scriptFile } from "../../../../components/hosts/script";
import { progressConstants, type Progress } from "../../../../components/opt/watchdog/progress";
import { startAlpa, type Alpa, type AlpaOptions } from "../../../../sandbox/alpa/server";
import { freePort, waitFor } from "../../../../sandbox/processes";

const SCRIPT = scriptFile(join(__dirname, "../../../../components/opt/watchdog"), "progress.sh");

/** Limits for an Alpa that answers. They are long, because the machine may be busy, and the answer ends the check. */
const PATIENT = { idleSeconds: 30 };

describe("The watchdog's check of Alpa", () => {
    let alpa: Alpa | undefined;
    let arrived: number;
    const start = async (options: Partial<AlpaOptions> = {}) => {
        alpa = await startAlpa({ port: 0, onRequest: () => arrived++, ...options });
        return alpa.port;
    };
    beforeEach(() => {
        arrived = 0;
        alpa = undefined;
    });
    afterEach(() => alpa?.close());

    /** Sends a completion and does not wait for its answer. */
    const ask = async (more: object = {}) => {
        const before = arrived;
        const body = JSON.stringify({ model: "default", prompt: "a", max_tokens: 4, ...more });
        void fetch(`http://127.0.0.1:${alpa!.port}/completions`, { method: "POST", body }).catch(() => undefined);
        await waitFor("request: at Alpa", () => arrived > before, { seconds: 10, everyMilliseconds: 5 });
    };
    /**
     * Runs the check.
     * @param which the script's shell function. `complete` only sends a completion, without the check before it
     * @returns "state: why"
     */
    const look = (port: number, limits: Partial<Progress> = {}, which = "watch_alpa") => {
        const constants = progressConstants({ port, model: "default", idleSeconds: 2, stuckSeconds: 60, ...limits });
        const text = `${SCRIPT(constants)}\n${which}\nprintf '%s' "$state: $why"`;
        const child = spawn("/bin/bash", ["-c", text], { stdio: ["ignore", "pipe", "pipe"] });
        return new Promise<string>((resolve) => {
            let said = "";
            for (const stream of [child.stdout, child.stderr])
                stream.on("data", (data: Buffer) => (said += String(data)));
            child.on("close", () => resolve(said));
        });
    };

    it("passes when its completion is answered", async () => {
        const port = await start();
        assert.equal(await look(port, PATIENT), "answers: a completion was answered");
        assert.equal(alpa!.died(), undefined);
    });

    it("reads an answer whose first line arrives in two parts, as on a busy host", async () => {
        const PAUSE_MS = 700; // Longer than the timeout of one read.
        const server = createServer((socket) => {
            let request = "";
            socket
                .on("error", () => undefined)
                .on("data", (part) => {
                    request += String(part);
                    if (!request.endsWith("}")) return; // The JSON body is not complete yet.
                    if (!request.includes("prompt")) return socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
                    socket.write("HTTP/1.1 2");
                    setTimeout(() => socket.end("00 OK\r\n\r\n{}"), PAUSE_MS);
                });
        });
        await once(server.listen(0, "127.0.0.1"), "listening");
        try {
            const { port } = server.address() as AddressInfo;
            assert.equal(await look(port, PATIENT), "answers: a completion was answered");
        } finally {
            server.close();
        }
    });

    it("detects that the batch loop has ended, although Alpa still rejects requests", async () => {
        const port = await start();
        await ask({ n: 2 });
        await waitFor("batch loop: ended", () => alpa!.died(), { seconds: 10 });
        assert.equal(
            await look(port),
            "stuck: a completion waits for an answer, and no batch has run for 2 s: the batch loop has ended",
        );
    });

    it("waits in a queue of long answers, however long that is", async () => {
        const port = await start({ seconds: 2 });
        for (let i = 0; i < 9; i++) await ask();
        const from = Date.now();
        assert.equal(
            await look(port, { idleSeconds: 4, stuckSeconds: 4 }, "complete"),
            "answers: a completion was answered",
        );
        assert.ok(
            Date.now() - from > 5000,
            "its turn came within the limits: the queue was too short to prove anything",
        );
    });

    it("passes at the end of a batch, and adds no completion to the queue then", async () => {
        const port = await start({ seconds: 3, batchWindow: () => Promise.resolve() });
        await ask();
        const before = arrived;
        assert.equal(await look(port), "answers: a batch has ended");
        assert.equal(arrived, before + 1);
    });

    it("detects a batch that does not end", async () => {
        const port = await start({ seconds: 8, batchWindow: () => Promise.resolve() });
        await ask();
        assert.equal(await look(port, { stuckSeconds: 3 }), "stuck: one batch has taken more than 3 s");
    });

    it("does not report an Alpa that loads its model, that is stopped, or that rejects completions", async () => {
        assert.match(await look(await start({ mode: "no-model" })), /^loading: /);
        await alpa!.close();
        const port = await freePort();
        assert.equal(await look(port), `absent: nothing listens on port ${port}`);
        assert.match(
            await look(await start({ mode: "keys-strict" })),
            /^rejected: Alpa rejects a completion: .*"message"/,
        );
    });
});
