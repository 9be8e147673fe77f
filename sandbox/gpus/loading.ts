/**
 * Alpa's model worker from its launch: its port is open at once and answers 400, as nothing is registered yet; the model
 * is there when it has been loaded from the weights, which takes many minutes in reality.
 */
import { startAlpa, type AlpaOptions } from "../alpa/server";
import { pause } from "../processes";
import type { GpuFaults } from "./faults";
import type { Side } from "./ledger";

/** What the program says when its weights cannot be loaded. */
export const NOT_LOADED = "RuntimeError: the weights cannot be loaded (sandbox: a failure on order)";
/** What it says when a part of its mesh is lost. */
export const MESH_LOST = "ray.exceptions.RayActorError: The actor died unexpectedly before finishing this task.";

export interface LaunchOptions {
    side: Side;
    /** Where the program runs: the Ray head. */
    node: string;
    faults: GpuFaults;
    /** How long loading takes, in seconds. */
    loadSeconds: number;
    alpa: Pick<AlpaOptions, "port" | "seconds" | "onRequest">;
}

export interface Launched {
    port: number;
    /** Whether the model is registered. */
    isLoaded(): boolean;
    /** How loading has ended; `closed` when that came first. */
    ended: Promise<"loaded" | "failed" | "closed">;
    /** Connections to it that are open. */
    connections(): Promise<number>;
    close(): Promise<void>;
}

/** @throws Error where the port is held */
export async function launch({ side, node, faults, loadSeconds, alpa: options }: LaunchOptions): Promise<Launched> {
    const weights = faults.take("answers", side, node) ? "other" : "usual";
    const alpa = await startAlpa({ ...options, mode: "no-model", weights });
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
