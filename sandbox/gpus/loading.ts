/**
 * Launches Alpa's model worker. The worker's port is open at once, but answers 400 until the model is registered. The model
 * is registered after its weights are loaded. On real hosts, this takes many minutes.
 */
import { startAlpa, type AlpaOptions } from "../alpa/server";
import { pause } from "../processes";
import type { GpuFaults } from "./faults";
import type { Side } from "./ledger";

/** Error of the program if it cannot load its weights. */
export const NOT_LOADED = "RuntimeError: the weights cannot be loaded (sandbox: injected failure)";
/** Error of the program when a part of its device mesh is lost. */
export const MESH_LOST = "ray.exceptions.RayActorError: The actor died unexpectedly before finishing this task.";

interface LaunchOptions {
    side: Side;
    /** Node on which the program runs: the Ray head. */
    node: string;
    faults: GpuFaults;
    /** Time to load the model, in seconds. */
    loadSeconds: number;
    alpa: Pick<AlpaOptions, "port" | "seconds" | "onRequest">;
}

export interface Launched {
    port: number;
    /** Whether the model is registered. */
    isLoaded(): boolean;
    /** Resolves when loading ends. `closed` means that the worker was closed before the model was loaded. */
    ended: Promise<"loaded" | "failed" | "closed">;
    /** Number of open connections. */
    connections(): Promise<number>;
    close(): Promise<void>;
}

/** @throws Error if the port is taken */
export async function launch({ side, node, faults, loadSeconds, alpa: options }: LaunchOptions): Promise<Launched> {
    const alpa = await startAlpa({ ...options, mode: "no-model" });
    const stop = new AbortController();
    let registered = false;
    const load = async () => {
        if (faults.take("hang", side, node)) await aborted(stop.signal);
        else await pause(loadSeconds * 1000, stop.signal);
        if (stop.signal.aborted) return "closed";
        if (faults.take("load", side, node)) return "failed";
        alpa.register();
        registered = true;
        return "loaded";
    };
    return {
        port: alpa.port,
        isLoaded: () => registered,
        ended: load(),
        connections: () => alpa.connections(),
        close: async () => {
            stop.abort();
            await alpa.close();
        },
    };
}

function aborted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
