/** Ends processes with SIGTERM, then with SIGKILL, and waits until they have ended. */
import { hasProc, isAlive, type ProcessIdentity } from "./identity";
import { markedProcesses, procTable } from "./proc-table";
import { readLedger, removeFromLedger } from "./ledger";
import { waitFor } from "./wait";

export interface StopOptions {
    /**
     * Time for a process to end before it is killed, in seconds.
     * @default 8: kube-apiserver needed up to 5 with open watches
     */
    graceSeconds?: number;
    /** Called with the name of each process that is being stopped. */
    log?: (line: string) => void;
}

/** Longest wait for the end of a killed process, in seconds. A process that is still there hangs in the kernel. */
const KILL_SECONDS = 30;

/** Ends one process and its group (every recorded process leads its own group). */
export async function endProcess(target: ProcessIdentity, name: string, options: StopOptions = {}): Promise<void> {
    const gone = () => !isAlive(target);
    if (gone()) return;
    signal(target, "SIGTERM");
    try {
        await waitFor(`${name} to end`, gone, { seconds: options.graceSeconds ?? 8, everyMilliseconds: 20 });
    } catch {
        signal(target, "SIGKILL");
        await waitFor(`${name} (pid ${target.pid}) to end after SIGKILL`, gone, {
            seconds: KILL_SECONDS,
            everyMilliseconds: 20,
        });
    }
}

/**
 * Ends all recorded processes of `stateDir`, the youngest first, and then the processes that they left behind. The
 * caller is skipped if it is on the list, as the guard is.
 * A repeated call is safe: a new process with the pid of a recorded one is not ended.
 */
export async function stopAll(stateDir: string, options: StopOptions = {}): Promise<void> {
    const failed: string[] = [];
    for (const entry of readLedger(stateDir).reverse()) {
        if (entry.pid === process.pid) continue;
        if (isAlive(entry)) options.log?.(`stopping ${entry.name}`);
        try {
            await endProcess(entry, entry.name, options);
            removeFromLedger(stateDir, entry);
        } catch (error) {
            failed.push((error as Error).message);
        }
    }
    for (const left of leftBehind(stateDir)) await endProcess(left, `remaining process ${left.pid}`, options);
    if (failed.length > 0) throw new Error(failed.join("\n"));
}

/** Recorded processes of `stateDir` that still run. */
export function running(stateDir: string): { name: string; pid: number }[] {
    return readLedger(stateDir)
        .filter(isAlive)
        .map(({ name, pid }) => ({ name, pid }));
}

/**
 * Processes of this state directory that are not recorded: children of a recorded process that has ended, and processes
 * whose parent was killed before it could record them.
 * They have TRACKED_MARK in their environment. The shells of users never have this variable.
 */
function leftBehind(stateDir: string): ProcessIdentity[] {
    return hasProc ? markedProcesses(procTable(), stateDir) : [];
}

function signal(target: ProcessIdentity, name: NodeJS.Signals): void {
    for (const pid of [-target.pid, target.pid]) {
        try {
            process.kill(pid, name);
            return;
        } catch (error) {
            // The error ESRCH for the group means that the process leads no group, because a different program started
            // it. ESRCH for the pid means that the process has just ended.
            if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
    }
}
