/**
 * Starts a real Redis or Valkey for shared limits of the gateway. The program is the one in ALPA_AUTH_REDIS, on PATH, or from a
 * package (sandbox/toolchain). Each server has its own folder and stores nothing on disk.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, lastLines, pause, spawnTracked } from "../processes";
import { ensureTools } from "../toolchain/toolchain";

/** Longest wait for the server's first answer, in milliseconds. */
const START_MS = 20_000;

interface RedisOptions {
    /** Port on 127.0.0.1; 0: any free one. */
    port: number;
    /** Lines of the configuration file. By default, they disable writes to disk. */
    lines?: string[];
    /** State directory that records the process. @default the server's own folder */
    stateDir?: string;
}

export interface RedisServer {
    port: number;
    /** Suspends or resumes the server. While it is suspended, connections stay open without answers. */
    hang(hanging: boolean): void;
    /** Kills the server, with all connections and keys. */
    close(): Promise<void>;
}

let program: Promise<string> | undefined;

/** Path of Redis or Valkey. */
function redisProgram(): Promise<string> {
    const named = process.env.ALPA_AUTH_REDIS;
    program ??= named ? Promise.resolve(named) : ensureTools(["redis-server"]).then((tools) => tools["redis-server"]);
    return program;
}

/** Listens on 127.0.0.1 only. */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
    const command = await redisProgram();
    const folder = mkdtempSync(join(tmpdir(), "alpa-auth-redis-"));
    const port = await freePort(options.port || undefined);
    const file = join(folder, "redis.conf");
    const { lines = ['save ""', "appendonly no"] } = options;
    const text = [...lines, "bind 127.0.0.1", `port ${port}`, `dir ${folder}`, ""].join("\n");
    writeFileSync(file, text, { mode: 0o600 });
    const logFile = join(folder, "redis.log");
    const stateDir = options.stateDir ?? folder;
    const server = await spawnTracked({ name: "redis", command, args: [file], logFile, stateDir });
    const hang = (hanging: boolean) => void process.kill(server.pid, hanging ? "SIGSTOP" : "SIGCONT");
    let ended = false;
    void server.exited.then(() => (ended = true));
    const close = async () => {
        if (!ended) process.kill(server.pid, "SIGKILL");
        await server.exited;
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
    };
    const until = Date.now() + START_MS;
    while (!(await answers(port))) {
        if (!ended && Date.now() < until) {
            await pause(20);
            continue;
        }
        const why = lastLines(logFile, 4);
        await close();
        throw new Error(`redis: ${command} does not answer on port ${port}. End of its log: ${why}`);
    }
    return { port, hang, close };
}

function answers(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1");
        socket.once("connect", () => resolve(true));
        socket.once("error", () => resolve(false));
        socket.once("connect", () => socket.destroy());
    });
}
