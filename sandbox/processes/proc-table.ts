/** What /proc says about running processes: enough to find our own by their environment. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { identify, statFields, type ProcessIdentity } from "./identity";

/** Every process the sandbox starts, and a shell that ran `sandbox env`, carries this: the sandbox's id. */
export const SANDBOX_MARK = "ALPA_AUTH_SANDBOX";
/** Only what `spawnTracked` started, and its children, carry this: the state directory they belong to. */
export const TRACKED_MARK = "ALPA_AUTH_SANDBOX_STATE";

export interface ProcRow extends ProcessIdentity {
    parent: number;
    /** Argument list; kept in memory only, never printed: it may hold secrets. */
    args: string[];
    /** Base name of the running executable. */
    program: string;
    /** Only the two marks above are kept of the environment. */
    marks: { [SANDBOX_MARK]?: string; [TRACKED_MARK]?: string };
}

/** All processes whose environment may be read (those of the same user). */
export function procTable(): Map<number, ProcRow> {
    const table = new Map<number, ProcRow>();
    for (const name of readdirSync("/proc")) {
        const row = /^\d+$/.test(name) ? readRow(Number(name)) : undefined;
        if (row) table.set(row.pid, row);
    }
    return table;
}

function readRow(pid: number): ProcRow | undefined {
    const identity = identify(pid);
    const stat = statFields(pid);
    if (!identity || !stat) return undefined;
    try {
        const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
        const marks: ProcRow["marks"] = {};
        for (const pair of readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")) {
            const at = pair.indexOf("=");
            const key = pair.slice(0, at);
            if (key === SANDBOX_MARK || key === TRACKED_MARK) marks[key] = pair.slice(at + 1);
        }
        return { ...identity, parent: Number(stat[1]), args, program: programOf(pid, args), marks };
    } catch {
        return undefined; // ended meanwhile, or another user's
    }
}

/** The link reads "… (deleted)" when the file was replaced while running. */
export function programOf(pid: number, args: string[]): string {
    try {
        return basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""));
    } catch {
        return basename(args[0] ?? "");
    }
}

/** Processes that `spawnTracked` started for `stateDir`, or their children; this process and its ancestors excepted. */
export function markedProcesses(table: Map<number, ProcRow>, stateDir: string): ProcRow[] {
    const own = new Set<number>();
    for (let pid = process.pid; pid > 1 && !own.has(pid); pid = table.get(pid)?.parent ?? 0) own.add(pid);
    return [...table.values()].filter((row) => row.marks[TRACKED_MARK] === stateDir && !own.has(row.pid));
}
