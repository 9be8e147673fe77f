/**
 * The watchdog of Alpa in a head's container: the pod's own script, which the bash of this machine runs. The script is not
 * emulated.
 */
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { lastLines, spawnTracked } from "../../processes";
import { ALPA_PORT, isHead } from "./container";

export interface WatchdogOptions {
    /** State directory. It contains the record of the watchdog's process, and the log of the watchdog. */
    stateDir: string;
    env: NodeJS.ProcessEnv;
}

export interface Watchdog {
    /** Resolves when the watchdog ends, with the last line of its log; undefined if it was stopped. */
    ended: Promise<string | undefined>;
    stop(): Promise<void>;
}

/**
 * Starts the script that the pod's variable ALPA_WATCHDOG contains.
 * @param port local port of Alpa in the pod
 * @returns undefined if the pod has no watchdog
 */
export async function startWatchdog(
    pod: V1Pod,
    port: number,
    { stateDir, env }: WatchdogOptions,
): Promise<Watchdog | undefined> {
    const { namespace, name } = pod.metadata!;
    const script = isHead(pod) ? scriptOf(pod) : undefined;
    if (script === undefined) return undefined;
    const own = `alpa_port=${ALPA_PORT}`;
    if (!script.includes(own))
        throw new Error(`unsupported by the sandbox: a script in ALPA_WATCHDOG without the line ${own}`);
    const logFile = join(stateDir, "logs", `watchdog-${namespace}-${name}.log`);
    const args = ["-c", script.replace(own, `alpa_port=${port}`)];
    const started = await spawnTracked({
        name: `watchdog ${name}`,
        command: "/bin/bash",
        args,
        env,
        logFile,
        stateDir,
    });
    let stopped = false;
    return {
        ended: started.exited.then(() => (stopped ? undefined : lastLines(logFile, 1))),
        stop: async () => {
            stopped = true;
            await started.stop();
        },
    };
}

function scriptOf({ spec }: V1Pod): string | undefined {
    const variables = spec!.containers.flatMap(({ env = [] }) => env);
    return variables.find(({ name }) => name === "ALPA_WATCHDOG")?.value;
}
