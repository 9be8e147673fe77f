import { spawn, type ChildProcess } from "node:child_process";
import { Failure, UsageError } from "../errors";

export interface PulumiResult {
    code: number;
    stdout: string;
    stderr: string;
}

export interface PulumiOptions {
    /** Standard input: the only way for a secret, since a command line can be read by everyone on the machine. */
    input?: string;
    /** Told each line of both streams as it comes. */
    onLine?: (line: string) => void;
    /** Breaks it off: as Ctrl-C does, once more after a while, and in the end by force. */
    signal?: AbortSignal;
}

/** Seconds from each way to break it off to the next: it ends what it has begun, gives up, and is killed. */
const PATIENCE_SECONDS = [60, 30];

/** Longest time from breaking it off to its end. */
export const BREAK_OFF_SECONDS = PATIENCE_SECONDS.reduce((sum, seconds) => sum + seconds, 0);

/**
 * For the processes that Pulumi starts. The Cloudflare provider says only then which of its properties differ, and without
 * that the JSON of a refresh leaves the resource out (pulumi-terraform-bridge, pkg/pf/tfbridge/provider_diff.go).
 */
export const PROVIDER_ENV = { PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW: "true" };

export type PulumiRunner = (args: string[], options?: PulumiOptions) => Promise<PulumiResult>;

/**
 * Runs the `pulumi` of PATH, which never asks anything. What it waits for has limits of its own; Ctrl-C reaches it as it
 * reaches us, and we stay until it has ended in order: left alone it would leave pending operations behind.
 */
export function runPulumi(folder: string, patienceSeconds = PATIENCE_SECONDS): PulumiRunner {
    return async (args, { input = "", onLine, signal } = {}) => {
        const child = spawn("pulumi", [...args, "--non-interactive"], {
            cwd: folder,
            env: { ...process.env, ...PROVIDER_ENV },
            stdio: ["pipe", "pipe", "pipe"],
            // With a signal, Ctrl-C is for us to hand on: twice would have it give up at once.
            detached: signal !== undefined,
        });
        const wait = () => undefined;
        // In its own process group, it would outlive this process and run unobserved.
        const leave = () => void child.kill("SIGINT");
        process.on("exit", leave);
        process.on("SIGINT", wait);
        child.stdin.on("error", wait).end(input);
        const unwatch = breakOff(child, signal, patienceSeconds);
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
            process.off("SIGINT", wait).off("exit", leave);
            unwatch();
        }
        return result;
    };
}

/** @returns what ends the watch over the signal */
function breakOff(child: ChildProcess, signal: AbortSignal | undefined, patienceSeconds: number[]): () => void {
    let timer: NodeJS.Timeout | undefined;
    const patience = [...patienceSeconds];
    const press = () => {
        const seconds = patience.shift();
        if (seconds !== undefined) {
            child.kill("SIGINT");
            timer = setTimeout(press, seconds * 1000);
            return;
        }
        // What it has started may have its streams, and would keep us waiting for their end.
        child.on("exit", () => [child.stdout, child.stderr].forEach((stream) => stream?.destroy()));
        child.kill("SIGKILL");
    };
    if (signal?.aborted) press();
    else signal?.addEventListener("abort", press, { once: true });
    return () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", press);
    };
}

/** Runs pulumi for what it prints. @throws Failure with what it said; never with its standard output, which may be secret */
export async function ask(pulumi: PulumiRunner, args: string[], options?: PulumiOptions): Promise<string> {
    const { code, stdout, stderr } = await pulumi(args, options);
    if (code !== 0) throw new Failure(`pulumi ${args.slice(0, 2).join(" ")}: must succeed. It said: ${said(stderr)}`);
    return stdout;
}

/** Pulumi's own words, without its prefix and colours. */
export function said(stderr: string): string {
    // eslint-disable-next-line no-control-regex -- colours
    const plain = stderr.replace(/\x1b\[[0-9;]*m/g, "").trim();
    return plain.replace(/^error: /, "") || "nothing";
}
