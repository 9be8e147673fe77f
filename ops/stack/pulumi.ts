import { spawn, type ChildProcess } from "node:child_process";
import { oncePerPress } from "../ctrl-c";
import { Failure, UsageError } from "../errors";

export interface PulumiResult {
    code: number;
    stdout: string;
    stderr: string;
}

interface PulumiOptions {
    /** Standard input. Secrets are passed only here, since all users of a machine can read command lines. */
    input?: string;
    /** Called with each line of both streams. */
    onLine?: (line: string) => void;
    /** Variables in addition to those of this process. */
    env?: Record<string, string>;
    /** Stops Pulumi: with SIGINT, later with a second SIGINT, and finally with SIGKILL. */
    signal?: AbortSignal;
}

/**
 * Seconds from the first SIGINT to the second, and from the second SIGINT to SIGKILL. After the first SIGINT, Pulumi
 * finishes its running operations. After the second SIGINT, it gives them up.
 */
const PATIENCE_SECONDS = [60, 30];

/**
 * Environment of Pulumi and its providers. Without this variable, the Cloudflare provider does not report which properties
 * differ, and the JSON of a refresh omits the resource (pulumi-terraform-bridge, pkg/pf/tfbridge/provider_diff.go).
 */
export const PROVIDER_ENV = { PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW: "true" };

/** Signals that end this process: of a supervisor or CI, and of a closed terminal. */
const ENDING = ["SIGTERM", "SIGHUP"] as const;

export type PulumiRunner = (args: string[], options?: PulumiOptions) => Promise<PulumiResult>;

/**
 * Runs the `pulumi` in PATH, without prompts. Ctrl-C, SIGTERM and a closed terminal interrupt Pulumi. This process then
 * waits until Pulumi has ended, because Pulumi would otherwise leave pending operations. If `signal` is given, the code that
 * calls this function must handle Ctrl-C, SIGTERM and SIGHUP.
 * @throws Failure after SIGTERM or SIGHUP, unless a `pulumi up` was running: then the result of the `pulumi up` is returned
 */
export function runPulumi(folder: string, patienceSeconds = PATIENCE_SECONDS): PulumiRunner {
    let endedBy: NodeJS.Signals | undefined;
    return async (args, { input = "", onLine, env, signal } = {}) => {
        if (endedBy !== undefined && signal === undefined) throw endedFailure(args, endedBy);
        const child = spawn("pulumi", [...args, "--non-interactive"], {
            cwd: folder,
            env: { ...process.env, ...PROVIDER_ENV, ...env },
            stdio: ["pipe", "pipe", "pipe"],
            // In its own process group, Pulumi gets no signals of the terminal: a second SIGINT would make it give up, and
            // SIGHUP would kill it.
            detached: true,
        });
        const wait = () => undefined;
        const end = new AbortController();
        const onEnd = (name: NodeJS.Signals) => {
            endedBy = name;
            end.abort();
        };
        const interrupt = () => void child.kill("SIGINT");
        // Pulumi has its own process group, so without this signal it would outlive this process.
        process.on("exit", interrupt);
        const unheed = heedSignals(signal ? wait : oncePerPress(interrupt), signal ? undefined : onEnd);
        child.stdin.on("error", wait).end(input);
        const unwatch = interruptOnAbort(child, signal ?? end.signal, patienceSeconds);
        const result: PulumiResult = { code: 1, stdout: "", stderr: "" };
        for (const stream of ["stdout", "stderr"] as const) {
            let rest = "";
            child[stream].setEncoding("utf8").on("data", (text: string) => {
                result[stream] += text;
                const lines = (rest + text).split("\n");
                rest = lines.pop()!;
                lines.forEach((line) => onLine?.(line));
            });
        }
        try {
            result.code = await new Promise<number>((resolve, reject) => {
                child.on("error", reject).on("close", (code) => resolve(code ?? 1));
            });
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
            throw new UsageError([
                'pulumi: must be on PATH. Install it; for the sandbox, run: eval "$(npm run -s sandbox -- env)"',
            ]);
        } finally {
            process.off("exit", interrupt);
            unheed();
            unwatch();
        }
        if (endedBy !== undefined && signal === undefined && args[0] !== "up") throw endedFailure(args, endedBy);
        return result;
    };
}

/** Silence after which an operator may think that a command hangs, in seconds. */
const SILENCE_SECONDS = 10;

/** Wraps Pulumi: when a run without visible output takes long, it prints that the command waits for Pulumi. */
export function announced(
    pulumi: PulumiRunner,
    note: (line: string) => void,
    silenceSeconds = SILENCE_SECONDS,
): PulumiRunner {
    return async (args, options) => {
        if (options?.onLine) return pulumi(args, options);
        const end = args.findIndex((word) => word.startsWith("-"));
        const command = args.slice(0, end < 0 ? 2 : Math.min(end, 2)).join(" ");
        const timer = setTimeout(() => note(`Waiting for pulumi ${command}.`), silenceSeconds * 1000);
        try {
            return await pulumi(args, options);
        } finally {
            clearTimeout(timer);
        }
    };
}

/** @returns a function that restores the earlier handling of signals */
function heedSignals(onInterrupt: () => void, onEnd?: (name: NodeJS.Signals) => void): () => void {
    process.on("SIGINT", onInterrupt);
    if (onEnd) ENDING.forEach((name) => process.on(name, onEnd));
    return () => {
        process.off("SIGINT", onInterrupt);
        if (onEnd) ENDING.forEach((name) => process.off(name, onEnd));
    };
}

function endedFailure(args: string[], name: NodeJS.Signals): Failure {
    const command = args.slice(0, 2).join(" ");
    return new Failure(`pulumi ${command}: was ended by ${name}. See what was done: npm run ops -- stack history`);
}

/** @returns a function that stops listening to the signal */
function interruptOnAbort(child: ChildProcess, signal: AbortSignal, patienceSeconds: number[]): () => void {
    let timer: NodeJS.Timeout | undefined;
    const patience = [...patienceSeconds];
    const press = () => {
        const seconds = patience.shift();
        if (seconds !== undefined) {
            child.kill("SIGINT");
            timer = setTimeout(press, seconds * 1000);
            return;
        }
        // Processes that Pulumi has started may keep its output open, and this process would wait until it is closed.
        child.on("exit", () => [child.stdout, child.stderr].forEach((stream) => stream?.destroy()));
        child.kill("SIGKILL");
    };
    if (signal.aborted) press();
    else signal.addEventListener("abort", press, { once: true });
    return () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", press);
    };
}

/**
 * Runs pulumi and returns its standard output. @throws Failure that quotes only the standard error, because the standard
 * output may contain secrets
 */
export async function ask(pulumi: PulumiRunner, args: string[], options?: PulumiOptions): Promise<string> {
    const { code, stdout, stderr } = await pulumi(args, options);
    if (code !== 0)
        throw new Failure(`pulumi ${args.slice(0, 2).join(" ")}: failed (exit code ${code}): ${said(stderr)}`);
    return stdout;
}

/**
 * A JSON object that Pulumi has printed.
 * @param what name of the command in the error message
 * @throws Failure that does not quote the text, since it may be secret
 */
export function jsonObject<T extends object>(text: string, what: string): T {
    let value: unknown;
    try {
        value = JSON.parse(text);
    } catch {
        value = undefined;
    }
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as T;
    const got = text.trim() === "" ? "nothing" : "something else";
    throw new Failure(`${what}: printed ${got} instead of a JSON object. Check which pulumi is on PATH.`);
}

/** Pulumi's error message, without prefix and colours. */
export function said(stderr: string): string {
    // eslint-disable-next-line no-control-regex -- colours
    const plain = stderr.replace(/\x1b\[[0-9;]*m/g, "").trim();
    return plain.replace(/^error: /, "") || "nothing";
}
