/** Ending processes: asked first (TERM), then made to (KILL), and always waited for. */
import { hasProc, isAlive, type ProcessIdentity } from "./identity";
import { markedProcesses, procTable } from "./proc-table";
import { readLedger, removeFromLedger, writeLedger } from "./ledger";
import { waitFor } from "./wait";

export interface StopOptions {
    /**
     * How long a process may take over its own way out, in seconds, before it is killed.
     * @default 8: kube-apiserver was seen to need up to 5 with watches open
     */
    graceSeconds?: number;
    /** Told each name as it is being stopped. */
    log?: (line: string) => void;
}

/** Seconds a killed process has to disappear; longer means it hangs in the kernel. */
const KILL_SECONDS = 30;

/** Ends one process and its group (every process of ours leads a group of its own). */
export async function endProcess(target: ProcessIdentity, name: string, options: StopOptions = {}): Promise<void> {
    const gone = () => !isAlive(target);
    if (gone()) return;
    signal(target, "SIGTERM");
    try {
        await waitFor(`stop ${name}`, gone, { seconds: options.graceSeconds ?? 8, everyMilliseconds: 20 });
    } catch {
        signal(target, "SIGKILL");
        await waitFor(`kill ${name} (pid ${target.pid})`, gone, { seconds: KILL_SECONDS, everyMilliseconds: 20 });
    }
}

/**
 * Ends all processes recorded in `stateDir`, the youngest first, and their orphans. Safe to call at any time and twice:
 * a pid that now belongs to another process is left alone. A caller that is itself on the list (the guard) is skipped.
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
    for (const left of leftBehind(stateDir)) await endProcess(left, `left-over process ${left.pid}`, options);
    if (failed.length > 0) throw new Error(failed.join("\n"));
}

/** What is recorded in `stateDir` and still runs; forgets the rest. */
export function running(stateDir: string): { name: string; pid: number }[] {
    const alive = readLedger(stateDir).filter(isAlive);
    if (readLedger(stateDir).length !== alive.length) writeLedger(stateDir, alive);
    return alive.map(({ name, pid }) => ({ name, pid }));
}

/**
 * Children that outlived a tracked process, and a process whose parent was killed before it could be recorded.
 * Only what `spawnTracked` itself marked with this state directory: a user's shell never carries that mark.
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
            // ESRCH for the group: it leads none (started elsewhere); for the pid: it has just ended.
            if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
    }
}
