/**
 * Records of conversions. Each of them has its own file, with one line of JSON for each event. The files
 * contain no secrets and belong in git.
 */
import {
    closeSync,
    existsSync,
    fsyncSync,
    mkdirSync,
    openSync,
    readdirSync,
    readFileSync,
    writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../errors";
import type { Answer } from "./service/answers";
import type { Direction, Place, Target } from "./phases";

export interface Versions {
    /** Version of this program. */
    program: string;
    /** Commit of the clone, followed by `+` if files differ from it. Unset outside of a git clone. */
    commit?: string;
    pulumi: string;
    node: string;
}

/** How the conversion ended. `human`: the program cannot end the conversion by itself, so an operator must act. */
export type Outcome = "converted" | "returned" | "human";

export type Event =
    | {
          event: "begin";
          from: Place;
          to: Target;
          budgetSeconds: number;
          versions: Versions;
      }
    | { event: "resume"; reached: Place; asked: Place; versions: Versions }
    | { event: "step"; step: string; direction: Direction; to: Place }
    | {
          event: "step-end";
          step: string;
          direction: Direction;
          to: Place;
          outcome: "done" | "failed";
          /** Duration of this try only: earlier tries of the step are not included. */
          seconds: number;
          /** What failed, or what was verified. */
          said?: string;
      }
    | { event: "answers"; answers: Answer[] }
    /** Step `done` has failed, but callers are served. */
    | { event: "serves"; said: string }
    | { event: "return"; why: string }
    | { event: "end"; outcome: Outcome; place: Place; downSeconds: number; said?: string };

export type Entry = Event & {
    /** For example `2026-11-26T12:00:00.000Z`. */
    time: string;
    /** Id of the conversion: the name of its file. */
    run: string;
    /** `<user>@<host>`. */
    who: string;
};

export interface Conversion {
    file: string;
    entries: Entry[];
}

/** Folder of the records of all stacks. @param folder folder of the stack files */
function folderOf(folder: string): string {
    return join(folder, ".alpa-auth", "convert");
}

/**
 * Returns the file name for a new record. The last file name is that of the conversion in progress, so the new name sorts after
 * all others, even if the clock was ahead when an earlier file was named.
 * @param at start of the conversion
 */
export function newFile(folder: string, stack: string, at: Date): string {
    const last = filesOf(folder, stack).at(-1);
    const next = last === undefined ? 0 : timeIn(last) + 1000;
    const time = new Date(Math.max(at.getTime(), next))
        .toISOString()
        .replace(/[-:]/g, "")
        .replace(/\.\d+Z$/, "Z");
    return join(folderOf(folder), `${stack}-${time}.jsonl`);
}

/** Records of a stack, oldest first. */
export function records(folder: string, stack: string): Conversion[] {
    return filesOf(folder, stack)
        .map((name) => join(folderOf(folder), name))
        .map((file) => ({ file, entries: parse(file) }));
}

/** File names of a stack's records, oldest first. */
function filesOf(folder: string, stack: string): string[] {
    if (!existsSync(folderOf(folder))) return [];
    const own = new RegExp(`^${stack.replace(/\./g, "\\.")}-\\d{8}T\\d{6}Z\\.jsonl$`);
    return readdirSync(folderOf(folder))
        .filter((name) => own.test(name))
        .sort();
}

/** The time in the name of a record, in milliseconds; 0 for another name. */
function timeIn(name: string): number {
    return Date.parse(name.replace(/^.*-(....)(..)(..)T(..)(..)(..)Z\.jsonl$/, "$1-$2-$3T$4:$5:$6Z")) || 0;
}

/**
 * Ignores a line that a crash has cut off, and zeros that a file may end with after a power loss. A line that does not
 * begin with `{` was written by hand, and is an error.
 */
function parse(file: string): Entry[] {
    return readFileSync(file, "utf8")
        .split("\n")
        .map((line) => line.replaceAll("\0", "").trim())
        .flatMap((line, i) => {
            if (line === "") return [];
            try {
                const entry: unknown = JSON.parse(line);
                if (line.startsWith("{")) return [entry as Entry];
            } catch {
                if (line.startsWith("{")) return [];
            }
            throw new UsageError([
                `${basename(file)}: must have one JSON object in each line (line ${i + 1} has none, perhaps because of a merge conflict in git). Correct the line.`,
            ]);
        });
}

/** Adds an event, and returns when it is on disk: after a crash only this file shows which steps began. */
export function append(file: string, entry: Entry): void {
    mkdirSync(dirname(file), { recursive: true });
    const cut = existsSync(file) && !/(^|\n)$/.test(readFileSync(file, "utf8"));
    const handle = openSync(file, "a");
    try {
        writeFileSync(handle, `${cut ? "\n" : ""}${JSON.stringify(entry)}\n`);
        fsyncSync(handle);
    } finally {
        closeSync(handle);
    }
}

/** Whether the conversion has ended. A conversion that needs a human has not ended. */
export function isOver({ entries }: Conversion): boolean {
    const last = entries.at(-1);
    return last === undefined || (last.event === "end" && last.outcome !== "human");
}
