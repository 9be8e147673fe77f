import { spawn, type ChildProcess } from "node:child_process";
import { Failure, UsageError } from "../errors";

export interface PulumiResult {
    code: number;
    stdout: string;
    stderr: string;
}

export interface PulumiOptions {
    /** Standard input. Secrets are passed only here, since all users of a machine can read command lines. */
    input?: string;
    /** Called with each line of both streams. */
    onLine?: (line: string) => void;
    /** Stops Pulumi: with SIGINT, later with a second SIGINT, and finally with SIGKILL. */
    signal?: AbortSignal;
}

/**
 * Seconds between the signals: after the first one Pulumi finishes running operations, after the second it gives up, and
 * then it is killed.
 */
const PATIENCE_SECONDS = [60, 30];

/** Longest time from the first signal to the end of Pulumi, in seconds. */
export const BREAK_OFF_SECONDS = PATIENCE_SECONDS.reduce((sum, seconds) => sum + seconds, 0);

/**
 * Environment of Pulumi and its providers. With it the Cloudflare provider reports which properties differ. Otherwise the
 * JSON of a refresh omits the resource (pulumi-terraform-bridge, pkg/pf/tfbridge/provider_diff.go).
 */
export const PROVIDER_ENV = { PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW: "true" };

export type PulumiRunner = (args: string[], options?: PulumiOptions) => Promise<PulumiResult>;

/**
 * Runs `pulumi` from PATH, without prompts. Ctrl-C reaches Pulumi too, and this process waits until Pulumi has ended, which
 * avoids pending operations.
 */
export function runPulumi(folder: string, patienceSeconds = PATIENCE_SECONDS): PulumiRunner {
    return async (args, { input = "", onLine, signal } = {}) => {
        const child = spawn("pulumi", [...args, "--non-interactive"], {
            cwd: folder,
            env: { ...process.env, ...PROVIDER_ENV },
            stdio: ["pipe", "pipe", "pipe"],
            // With `signal`, this process passes Ctrl-C on. If Pulumi also got it from the terminal, it would give up at once.
            detached: signal !== undefined,
        });
        const wait = () => undefined;
        // Pulumi in its own process group would otherwise outlive this process.
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

/** Stops Pulumi when the signal aborts. @returns a function that stops listening */
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
        // Processes that Pulumi has started may hold its streams open, and this process would wait for these.
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

/**
 * Runs pulumi and returns its output. @throws Failure with its standard error, but never with its standard output, which
 * may be secret
 */
export async function ask(pulumi: PulumiRunner, args: string[], options?: PulumiOptions): Promise<string> {
    const { code, stdout, stderr } = await pulumi(args, options);
    if (code !== 0) throw new Failure(`pulumi ${args.slice(0, 2).join(" ")}: must succeed. It said: ${said(stderr)}`);
    return stdout;
}

/** Pulumi's error message, without prefix and colours. */
export function said(stderr: string): string {
    // eslint-disable-next-line no-control-regex -- colours
    const plain = stderr.replace(/\x1b\[[0-9;]*m/g, "").trim();
    return plain.replace(/^error: /, "") || "nothing";
}
