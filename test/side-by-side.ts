/**
 * Runs tests or checks in several processes at a time, and combines their results. Engine tests spend a third of their
 * time waiting, so two at once take little longer than one. Each process prints into a file of its own.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const ROOT = join(__dirname, "..");
/** Default folder of the logs. */
export const LOGS = join(ROOT, "test-results");
const MOCHA = join(ROOT, "node_modules/mocha/bin/mocha.js");
/** Ends the test processes when this process ends, also when it is killed. */
const WATCH = join(ROOT, "sandbox/plugins/exit-with-parent.cjs");
/** Number of last lines to show of a failed program, or of a test process that ended without a result. */
const LAST_LINES = 60;

interface Named {
    /** Name of the job in the summary, and of its log file. */
    name: string;
}

/** The work of one process: test files, or one program, whose exit status is the result. */
export type Job =
    | (Named & { files: string[] })
    | (Named & {
          program: string[];
          /** The executable. @default Node.js */
          executable?: string;
          /** Whether a failure of this job ends all other jobs. */
          required?: boolean;
      });

export interface Counts {
    passed: number;
    failed: number;
}

export interface Result extends Counts {
    job: Job;
    /** Text of the failures; empty when there are none. */
    failures: string;
    seconds: number;
    /** File with the job's output, as a path from the root of the clone. */
    log: string;
}

export interface Options {
    /** Number of processes at a time. */
    lanes: number;
    /** Additional variables for each process. */
    env?: NodeJS.ProcessEnv;
    /** Ends the running processes and starts no more. */
    signal?: AbortSignal;
    /** Additional arguments for mocha. */
    args?: string[];
    /**
     * Time limit from the last test to the end of the process, in milliseconds. Open handles would otherwise keep the
     * process running.
     * @default 60000
     */
    endMilliseconds?: number;
    /** Folder of the logs. @default {@link LOGS} */
    logs?: string;
    onStart?: (job: Job) => void;
    onEnd?: (result: Result) => void;
}

/** Runs the jobs in their order, each in the first free lane. @returns results, without those of interrupted jobs */
export async function sideBySide(jobs: Job[], options: Options): Promise<Result[]> {
    const { lanes, onStart, onEnd } = options;
    const failed = new AbortController();
    const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
    const waiting = [...jobs];
    const results: Result[] = [];
    const lane = async () => {
        for (let job = waiting.shift(); job && !signal.aborted; job = waiting.shift()) {
            onStart?.(job);
            const result = await run(job, { ...options, signal });
            if (!result) return;
            results.push(result);
            onEnd?.(result);
            if (result.failed > 0 && "required" in job && job.required) failed.abort();
        }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return results;
}

/** Runs one job. @returns undefined if `signal` interrupted the job */
async function run(job: Job, options: Options & { signal: AbortSignal }): Promise<Result | undefined> {
    const { args = [], signal, endMilliseconds = 60_000, logs = LOGS } = options;
    const began = performance.now();
    mkdirSync(logs, { recursive: true });
    const log = join(logs, `${job.name.replace(/[^\w.-]+/g, "-")}.log`);
    const into = openSync(log, "w");
    // If the machine lacks a program, a file may define no tests. So one job may have no tests, but not all jobs.
    const words = "files" in job ? [MOCHA, "--no-fail-zero", ...args, ...job.files] : job.program;
    const executable = "executable" in job ? job.executable : undefined;
    const child = spawn(executable ?? process.execPath, executable ? words : [`--require=${WATCH}`, ...words], {
        cwd: ROOT,
        env: { ...process.env, ...options.env },
        stdio: ["ignore", into, into, "ipc"],
    });
    closeSync(into);
    const stop = () => child.kill();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    let told: (Counts & { failures: string }) | undefined;
    let late: NodeJS.Timeout | undefined;
    let stayed = false;
    child.on("message", (message) => {
        told = message as Counts & { failures: string };
        late = setTimeout(() => (stayed = child.kill("SIGKILL")), endMilliseconds);
    });
    const how = await ended(child);
    clearTimeout(late);
    signal.removeEventListener("abort", stop);
    if (signal.aborted) return undefined;
    const result = (counts: Counts, failures = ""): Result => {
        const seconds = (performance.now() - began) / 1000;
        return { job, ...counts, failures, seconds, log: relative(ROOT, log) };
    };
    if (!("files" in job)) {
        const good = how === "0";
        return result({ passed: Number(good), failed: Number(!good) }, good ? "" : lastLines(log));
    }
    if (told && stayed) {
        const failures = `${told.failures}\nIts tests ended, but its process did not: a test left a handle open.\n`;
        return result({ passed: told.passed, failed: told.failed + 1 }, failures);
    }
    if (told && (how === "0" || told.failed > 0)) return result(told, told.failures);
    const failures = `The tests ended with ${how} and without a result. The last lines of the log:\n${lastLines(log)}`;
    return result({ passed: told?.passed ?? 0, failed: 1 }, failures);
}

/** @returns its exit code or signal */
function ended(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
        child.once("error", reject);
        // All messages have arrived at event "close". This event never comes if a process that is still running keeps
        // the pipe open.
        child.once("exit", (code, signal) => {
            const end = () => resolve(String(code ?? signal));
            child.once("close", end);
            setTimeout(end, 20_000).unref();
        });
    });
}

function lastLines(log: string): string {
    return `${readFileSync(log, "utf8").trimEnd().split("\n").slice(-LAST_LINES).join("\n")}\n`;
}

export function sumOf(results: Counts[]): Counts {
    return {
        passed: results.reduce((sum, { passed }) => sum + passed, 0),
        failed: results.reduce((sum, { failed }) => sum + failed, 0),
    };
}
