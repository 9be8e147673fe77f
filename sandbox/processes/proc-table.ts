/**
 * Lists running processes from /proc, with two variables of their environment by which the sandbox recognizes them. Linux only.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { identify, statFields, type ProcessIdentity } from "./identity";

/** Variable with the id of the sandbox, in all its processes and in the shells that have evaluated `sandbox env`. */
export const SANDBOX_MARK = "ALPA_AUTH_SANDBOX";
/** Variable with the state directory. Only processes that `spawnTracked` started and their children have it. */
export const TRACKED_MARK = "ALPA_AUTH_SANDBOX_STATE";

export interface ProcRow extends ProcessIdentity {
    parent: number;
    /** Arguments. They stay in memory and are never printed, because they may contain secrets. */
    args: string[];
    /** Base name of the running executable. */
    program: string;
    /** Values of the environment variables SANDBOX_MARK and TRACKED_MARK, if the process has them. */
    marks: { [SANDBOX_MARK]?: string; [TRACKED_MARK]?: string };
}

/** All processes with a readable environment (those of the same user). */
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
        return undefined; // the process has ended, or belongs to another user
    }
}

/** Base name of the running executable. Its link in /proc ends with "(deleted)" if the file was replaced meanwhile. */
export function programOf(pid: number, args: string[]): string {
    try {
        return basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""));
    } catch {
        return basename(args[0] ?? "");
    }
}

/**
 * Processes that `spawnTracked` started for `stateDir`, and their children. This process and its ancestors are not
 * among them.
 */
export function markedProcesses(table: Map<number, ProcRow>, stateDir: string): ProcRow[] {
    const own = new Set<number>();
    for (let pid = process.pid; pid > 1 && !own.has(pid); pid = table.get(pid)?.parent ?? 0) own.add(pid);
    return [...table.values()].filter((row) => row.marks[TRACKED_MARK] === stateDir && !own.has(row.pid));
}
