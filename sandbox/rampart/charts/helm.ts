/**
 * Implements HelmRunner with the helm command line (3.8 or later, for `repo add --password-stdin` and `--values -`). Known
 * difference: Rampart passes the password of a repo on the command line and values in a file; this class passes both on stdin.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import {
    HelmError,
    type HelmRepo,
    type HelmRunner,
    HelmTimeout,
    type Limits,
    type ReleaseRequest,
} from "./helm-runner.js";

interface HelmCliOptions {
    /** Path of the helm program. */
    helmPath: string;
    kubeConfigPath: string;
    /**
     * Parent of helm's home folders. Each start creates its own, so that helm neither reads nor changes the user's
     * configuration.
     */
    stateDir: string;
}

/** Time from SIGTERM until a process is killed, in seconds. */
const KILL_AFTER_SECONDS = 10;
/** Longest uninstall, in seconds: helm's own default for --wait, plus a margin. */
const UNINSTALL_SECONDS = 310;

export class HelmCli implements HelmRunner {
    private readonly env: Record<string, string>;

    constructor(private readonly options: HelmCliOptions) {
        mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
        const home = mkdtempSync(join(options.stateDir, "helm-"));
        const passedOn = ["PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"];
        this.env = {
            ...Object.fromEntries(passedOn.flatMap((key) => (process.env[key] ? [[key, process.env[key]]] : []))),
            HOME: home,
            HELM_CACHE_HOME: join(home, "cache"),
            HELM_CONFIG_HOME: join(home, "config"),
            HELM_DATA_HOME: join(home, "data"),
            KUBECONFIG: options.kubeConfigPath,
        };
    }

    async repoCheck(repo: HelmRepo, limits: Limits): Promise<void> {
        const { flags, password } = repoFlags(repo.options);
        await this.run(["repo", "add", repo.name, repo.url, "--force-update", ...flags], limits, password);
    }

    async showChart(repo: HelmRepo, name: string, version: string | undefined, limits: Limits): Promise<string> {
        const which = version === undefined ? ["--devel"] : ["--version", version];
        return this.run(["show", "chart", `${repo.name}/${name}`, ...which], limits);
    }

    async upgradeInstall(request: ReleaseRequest, signal: AbortSignal): Promise<void> {
        const { release, namespace, chart, timeoutSeconds } = request;
        const where = ["--namespace", namespace, "--version", chart.version];
        const how = ["--wait", "--timeout", `${timeoutSeconds}s`, "--values", "-"];
        const args = ["upgrade", "--install", release, `${chart.repo}/${chart.name}`, ...where, ...how];
        // helm ends after its option --timeout. A helm that hangs is killed 60 s later.
        await this.run(args, { signal, timeoutSeconds: timeoutSeconds + 60 }, stringify(request.values));
    }

    async uninstall(release: string, namespace: string): Promise<void> {
        const limits = { timeoutSeconds: UNINSTALL_SECONDS, signal: new AbortController().signal };
        await this.run(["uninstall", "--namespace", namespace, release, "--wait"], limits);
    }

    private run(args: string[], { timeoutSeconds, signal }: Limits, stdin = ""): Promise<string> {
        return new Promise((resolve, reject) => {
            if (signal.aborted) return reject(signal.reason);
            const child = spawn(this.options.helmPath, args, { env: this.env, stdio: "pipe" });
            let late = false;
            let killer: NodeJS.Timeout | undefined;
            const stop = () => {
                child.kill("SIGTERM");
                killer ??= setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_SECONDS * 1000);
            };
            const timer = setTimeout(() => {
                late = true;
                stop();
            }, timeoutSeconds * 1000);
            signal.addEventListener("abort", stop, { once: true });
            let stdout = "";
            let stderr = "";
            child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
            child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
            child.stdin.on("error", () => {}); // helm may end before it has read its input
            child.stdin.end(stdin);
            const settle = (outcome: () => void) => {
                clearTimeout(timer);
                clearTimeout(killer);
                signal.removeEventListener("abort", stop);
                outcome();
            };
            child.on("error", (error) =>
                settle(() => reject(new Error(`helm: cannot be started (${error.message}). Check helmPath.`))),
            );
            child.on("close", (code) =>
                settle(() => {
                    if (signal.aborted) reject(signal.reason as Error);
                    else if (late) reject(new HelmTimeout(`helm ${args[0]}: did not end in ${timeoutSeconds} s`));
                    else if (code !== 0) reject(new HelmError(code ?? 1, stdout, stderr, ["helm", ...args]));
                    else resolve(stdout);
                }),
            );
        });
    }
}

/** Converts keys of a repo's Secret to flags of helm: `passCredentials: "true"` becomes `--pass-credentials`. */
export function repoFlags(options: Record<string, string>): { flags: string[]; password: string } {
    const flags: string[] = [];
    let password = "";
    for (const [key, value] of Object.entries(options)) {
        const flag = key.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
        if (flag === "password" || flag === "password-stdin") {
            password = value;
            flags.push("--password-stdin");
        } else if (value !== "true") flags.push(`--${flag}`, value);
        else if (flag !== "force-update") flags.push(`--${flag}`);
    }
    return { flags, password };
}
