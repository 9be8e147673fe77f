/**
 * Several mocha processes at a time, with one result. Engine tests wait for clocks and for other processes half of their
 * time, so two at once take little more than one. What a process prints is shown in whole suites, and failures come last.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

const ROOT = join(__dirname, "..");
const MOCHA = join(ROOT, "node_modules/mocha/bin/mocha.js");
/** A process of tests ends with this one, also when this one is killed. */
const WATCH = join(ROOT, "sandbox/plugins/exit-with-parent.cjs");

/** What one process runs: files or patterns, for messages the first one is its name. */
export type Job = [string, ...string[]];

export interface Result {
    passed: number;
    failed: number;
    /** What mocha says of the failures; empty when there are none. */
    failures: string;
}

/** How long a job took, for whoever balances them. */
export interface Took {
    job: Job;
    seconds: number;
}

export interface Options {
    /** How many processes at a time. Each is told its number in TEST_LANE. */
    lanes: number;
    /** More variables for each process. */
    env?: NodeJS.ProcessEnv;
    write: (text: string) => void;
    /** Ends the processes that run and starts no more. */
    signal?: AbortSignal;
    /** More arguments for mocha. */
    args?: string[];
    /** How long a process may go on after its last test: what its tests left open would hold it for ever. @default 60000 */
    endMilliseconds?: number;
}

/** Runs the jobs in their order, each in the first lane that is free. @returns all their results as one, and their times */
export async function sideBySide(jobs: Job[], options: Options): Promise<Result & { took: Took[] }> {
    const { lanes, signal } = options;
    const waiting = [...jobs];
    const all = { passed: 0, failed: 0, failures: "", took: [] as Took[] };
    const lane = async (number: number) => {
        for (let job = waiting.shift(); job && !signal?.aborted; job = waiting.shift()) {
            const began = performance.now();
            const { passed, failed, failures } = await run(job, number, options);
            all.took.push({ job, seconds: (performance.now() - began) / 1000 });
            all.passed += passed;
            all.failed += failed;
            all.failures += failures;
        }
    };
    await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
    return all;
}

async function run(job: Job, lane: number, options: Options): Promise<Result> {
    const { write, args = [], signal, endMilliseconds = 60_000 } = options;
    // A file may define its tests only where what they need is there; that some ran is looked at over all files.
    const words = [`--require=${WATCH}`, MOCHA, "--no-fail-zero", ...args, ...job];
    const child = spawn(process.execPath, words, {
        cwd: ROOT,
        env: { ...process.env, ...options.env, TEST_LANE: String(lane) },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const stop = () => child.kill();
    signal?.addEventListener("abort", stop);
    let result: Result | undefined;
    let late: NodeJS.Timeout | undefined;
    let stayed = false;
    child.on("message", (message) => {
        result = message as Result;
        late = setTimeout(() => (stayed = child.kill("SIGKILL")), endMilliseconds);
    });
    const suites = inSuites(write);
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", suites.take);
    const how = await ended(child);
    clearTimeout(late);
    signal?.removeEventListener("abort", stop);
    suites.end();
    if (signal?.aborted) return result ?? { passed: 0, failed: 0, failures: "" };
    if (result && stayed) {
        const failures = `\n  ${job[0]}: its tests ended, and its process did not: something was left open\n`;
        return { ...result, failed: result.failed + 1, failures: result.failures + failures };
    }
    const wrong = result === undefined || (how !== "0" && result.failed === 0);
    if (!wrong) return result!;
    const failures = `\n  ${job[0]}: the tests ended with ${how} and without a result\n`;
    return { passed: result?.passed ?? 0, failed: 1, failures };
}

/** @returns its exit code or signal */
function ended(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
        child.once("error", reject);
        // Its output is complete at "close"; what it left running may hold that open.
        child.once("exit", (code, signal) => {
            const end = () => resolve(String(code ?? signal));
            child.once("close", end);
            setTimeout(end, 20_000).unref();
        });
    });
}

/** Cuts the list of tests that mocha prints where an outermost suite begins, two blanks from the left. */
export function inSuites(write: (text: string) => void): { take: (text: string) => void; end: () => void } {
    let kept = "";
    return {
        take: (text) => {
            kept += text;
            const cut = Math.max(...[...kept.matchAll(/\n(?= {2}\S[^\n]*\n)/g)].map(({ index }) => index + 1), 0);
            if (cut > 0) write(kept.slice(0, cut));
            kept = kept.slice(cut);
        },
        end: () => {
            if (kept !== "") write(kept);
            kept = "";
        },
    };
}
