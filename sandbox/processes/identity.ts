/**
 * Identity of a process. The system reuses pids, so a process is identified by its pid and its start time. It is ended only if
 * both still match.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

export interface ProcessIdentity {
    pid: number;
    /** Start time in the system's format. It is used only for comparisons. */
    started: string;
}

/** Whether /proc of Linux is readable; other systems use `ps`. */
export const hasProc = existsSync("/proc/self/stat");

/** The identity of a running process; undefined if the process does not exist or is a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
    const started = hasProc ? startedOnLinux(pid) : startedByPs(pid);
    return started === undefined ? undefined : { pid, started };
}

export function isAlive(process: ProcessIdentity): boolean {
    return identify(process.pid)?.started === process.started;
}

/** Fields of /proc/<pid>/stat after the command name, which may contain spaces and brackets (proc(5)). */
export function statFields(pid: number): string[] | undefined {
    try {
        const text = readFileSync(`/proc/${pid}/stat`, "utf8");
        return text.slice(text.lastIndexOf(")") + 2).split(" ");
    } catch {
        return undefined;
    }
}

function startedOnLinux(pid: number): string | undefined {
    const fields = statFields(pid);
    // Field 3 is the state (Z: ended, not yet collected; X: dead), field 22 the start in clock ticks since boot.
    if (!fields || fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${bootId()}/${fields[19]}`;
}

let boot: string | undefined;
/** Id of the current boot: after a reboot, a process can have the same pid and number of ticks. */
function bootId(): string {
    try {
        boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    } catch {
        boot = "unknown";
    }
    return boot;
}

function startedByPs(pid: number): string | undefined {
    try {
        const text = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
        const [stat, ...lstart] = text.split(/\s+/);
        return !stat || stat.startsWith("Z") ? undefined : lstart.join(" ");
    } catch {
        return undefined; // ps exits 1 when there is no such process
    }
}
