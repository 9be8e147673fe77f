// Proves what the programs in the head's pod do when the watchdog ends and when Alpa is busy. A real bash and a real
// Python run them, with a module of this test instead of Ray. On a machine without Python, only the bash programs are
// tested.
import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scriptFile } from "../../../../components/hosts/script";
import { headVariables, LOADED, LOADED_OR_BUSY, watchedCommand } from "../../../../components/opt/opt-head";
import { type Progress, progressConstants } from "../../../../components/opt/watchdog/progress";
import { type Alpa, type AlpaOptions, startAlpa } from "../../../../sandbox/alpa/server";
import { freePort, waitFor } from "../../../../sandbox/processes";
import { findOnPath } from "../../../../sandbox/toolchain/path";

const WATCHDOG = { model: "m", idleSeconds: 60, stuckSeconds: 1200 };
/** Replaces the watchdog's script in `text` by `script`. */
const instead = (text: string, script: string) => {
    const [{ value: own }] = headVariables({ nodes: [], command: "", watchdog: WATCHDOG }).filter(
        ({ name }) => name === "ALPA_WATCHDOG",
    );
    const quoted = own.replaceAll("'", "'\\''");
    assert.ok(text.includes(quoted), "the text does not run the watchdog");
    return text.replace(quoted, () => script);
};

/** Exit code and output of a program. */
interface Ended {
    code: number | null;
    said: string;
}

/** Starts a program of the container. */
function run(
    program: string,
    args: string[],
    env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(program, args, {
        env: { PATH: process.env.PATH, ...env },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (said += String(data)));
    const ended = new Promise<Ended>((resolve) =>
        child.on("exit", (code) => {
            endGroup(child);
            resolve({ code, said });
        }),
    );
    return { child, ended };
}

/** Kills the whole group, like a container that ends with its first process. */
function endGroup(child: ChildProcess): void {
    try {
        process.kill(-child.pid!, "SIGKILL");
    } catch {
        // The process group has already ended.
    }
}

describe("Alpa's command with a watchdog, of shape rampart", () => {
    const shell = (command: string, watchdog: string) =>
        run("/bin/bash", ["-c", instead(watchedCommand({ command, watchdog: WATCHDOG }), watchdog)]);

    it("is unchanged without a watchdog", () => assert.equal(watchedCommand({ command: "it's Alpa" }), "it's Alpa"));

    it("ends when the watchdog ends, and when Alpa does", async () => {
        const stuck = await shell("sleep 60", "echo no progress; exit 1").ended;
        assert.deepEqual(stuck, { code: 1, said: "no progress\n" });
        const { code, said } = await shell("echo 'it'\"'\"'s Alpa'; exit 3", "sleep 60").ended;
        assert.deepEqual([code, said], [1, "it's Alpa\n"]);
    });

    it("lets Alpa end when it gets a signal", async () => {
        // Waits for both outputs, because the signal would end the command before it has set its trap.
        const alpa = "trap 'echo bye; exit' TERM; echo up; while :; do sleep 0.1; done";
        const { child, ended } = shell(alpa, "echo watching; exec sleep 60");
        let said = "";
        for await (const data of child.stdout!.iterator({ destroyOnReturn: false })) {
            said += String(data);
            if (said.includes("up\n") && said.includes("watching\n")) break;
        }
        process.kill(child.pid!, "SIGTERM");
        const { code, said: all } = await ended;
        assert.deepEqual([code, all.endsWith("bye\n")], [143, true], all);
    });
});

const python = findOnPath("python3", process.env);
if (python !== undefined)
    describe("programs of the head's container", () => {
        let dir: string;
        beforeEach(() => {
            dir = mkdtempSync(join(tmpdir(), "head-programs-"));
            writeFileSync(join(dir, "ray.py"), "init = lambda **_: None\nnodes = lambda: [{'Alive': True}]\n");
        });
        afterEach(() => rmSync(dir, { recursive: true }));

        it("end when the watchdog ends, and print last that Alpa makes no progress", async () => {
            const variables = headVariables({ nodes: ["a"], command: "exec sleep 60", watchdog: WATCHDOG });
            const env = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
            env.ALPA_WATCHDOG = "echo the reason >&2; exit 1";
            const { code, said } = await run(python, ["-u", "-c", env.ALPA_WATCH], { ...env, PYTHONPATH: dir }).ended;
            assert.deepEqual([code, said], [1, "the reason\nAlpa makes no progress\n"]);
        });

        it("end when Alpa ends, with a watchdog and without one", async () => {
            for (const watchdog of [WATCHDOG, undefined]) {
                const variables = headVariables({ nodes: ["a"], command: "exit 3", watchdog });
                const env = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
                if (watchdog) env.ALPA_WATCHDOG = "exec sleep 60";
                const { code, said }: Ended = await run(python, ["-u", "-c", env.ALPA_WATCH], {
                    ...env,
                    PYTHONPATH: dir,
                }).ended;
                assert.deepEqual([code, said], [1, "Alpa has ended\n"]);
            }
        });

        it("treat a silent Alpa as busy only where a watchdog runs, and a stopped Alpa as down", async () => {
            const silent = net.createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
            await new Promise((resolve) => silent.once("listening", resolve));
            const { port } = silent.address() as net.AddressInfo;
            const probe = (text: string) => run(python, ["-c", text.replace(":20001/", `:${port}/`)]).ended;
            assert.deepEqual([(await probe(LOADED)).code, (await probe(LOADED_OR_BUSY)).code], [1, 0]);
            await new Promise((resolve) => {
                silent.close(resolve);
            });
            assert.equal((await probe(LOADED_OR_BUSY)).code, 1);
        });
    });

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
