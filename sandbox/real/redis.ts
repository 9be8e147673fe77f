/** Starts a real Valkey or Redis for a pod, with the arguments of its container. */
import type { RedisServer } from "../redis/server";
import { freePort, lastLines, waitFor } from "../processes";
import type { Found } from "./parts";
import { accepts, halt, startProgram, type Ground } from "./run";

/** Longest wait for its port, in seconds. Seen: 0.1. */
const START_SECONDS = 20;

export interface RealRedisOptions {
    found: Found;
    /** `namespace/name` of the pod. */
    title: string;
    /** Options of the container, without the program. */
    args: string[];
    folder: string;
}

export async function startRealRedis(ground: Ground, options: RealRedisOptions): Promise<RedisServer> {
    const port = await freePort();
    const listen = ["--bind", "127.0.0.1", "--port", String(port), "--dir", options.folder];
    const process = await startProgram(ground, {
        name: `redis ${options.title}`,
        command: [options.found.paths.program, ...options.args, ...listen],
        folder: options.folder,
    });
    const last = () => `Its last lines (${process.logFile}):\n${lastLines(process.logFile)}`;
    await waitFor(`redis ${options.title} to listen`, () => accepts(port), { seconds: START_SECONDS, hint: last });
    let hanging = false;
    return {
        port,
        get hanging() {
            return hanging;
        },
        set hanging(wanted) {
            hanging = wanted;
            halt(process, wanted);
        },
        close: async () => {
            halt(process, false);
            await process.stop({ graceSeconds: 0 });
        },
    };
}
