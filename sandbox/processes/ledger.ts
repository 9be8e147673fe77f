/** The file with the list of a sandbox's processes, by which a later command can end them. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessIdentity } from "./identity";

export interface Entry extends ProcessIdentity {
    name: string;
    /** Path of the program; never its arguments, which may contain secrets. */
    command: string;
    /** Set only in the entry of the guard process. */
    role?: "guard";
}

export function ledgerPath(stateDir: string): string {
    return join(stateDir, "processes.json");
}

/**
 * Reads the list, oldest process first. A missing file is an empty list. A damaged file is an error, because running
 * processes could be on its list.
 */
export function readLedger(stateDir: string): Entry[] {
    const path = ledgerPath(stateDir);
    let text: string;
    try {
        text = readFileSync(path, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
    }
    try {
        return JSON.parse(text) as Entry[];
    } catch {
        throw new Error(
            `${path}: must be a JSON list of processes, but is not JSON. End the sandbox's remaining processes by hand (pgrep -f ${stateDir} lists them), then delete the file.`,
        );
    }
}

/** Writes the list to a temporary file, which is then renamed, so that readers never get a part of the list. */
export function writeLedger(stateDir: string, entries: Entry[]): void {
    const path = ledgerPath(stateDir);
    if (entries.length === 0) return rmSync(path, { force: true });
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const aside = `${path}.${process.pid}`;
    writeFileSync(aside, JSON.stringify(entries, null, 2) + "\n", { mode: 0o600 });
    renameSync(aside, path);
}

export function addToLedger(stateDir: string, entry: Entry): void {
    writeLedger(stateDir, [...readLedger(stateDir), entry]);
}

export function removeFromLedger(stateDir: string, gone: ProcessIdentity): void {
    const left = readLedger(stateDir).filter((e) => e.pid !== gone.pid || e.started !== gone.started);
    writeLedger(stateDir, left);
}
