/** The calls of the real helm with which Rampart reads charts, and installs and uninstalls components. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Component } from "./graph.js";

interface HelmOptions {
    /** Path of the helm program. */
    helmPath: string;
    kubeConfigPath: string;
    /** Parent of helm's home folder, so that helm neither reads nor changes the user's configuration. */
    stateDir: string;
}

/** Rampart's own time limits: for a component (RAMPART_COMPONENT_INSTALL_TIMEOUT), and for reading a chart. */
const INSTALL_SECONDS = 600;
const READ_SECONDS = 60;
/** Longest uninstall: helm's own default for --wait, plus a margin. */
const UNINSTALL_SECONDS = 310;

/** Thrown if helm ends with an exit code other than 0, or not in time. The message is what helm wrote to stderr. */
export class HelmError extends Error {}

export class Helm {
    private readonly env: NodeJS.ProcessEnv;

    constructor(private readonly options: HelmOptions) {
        mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
        const home = mkdtempSync(join(options.stateDir, "home-"));
        this.env = {
            ...process.env,
            HELM_CACHE_HOME: join(home, "cache"),
            HELM_CONFIG_HOME: join(home, "config"),
            HELM_DATA_HOME: join(home, "data"),
            KUBECONFIG: options.kubeConfigPath,
        };
    }

    /** Text of the chart's Chart.yaml. */
    showChart({ repo, name, version }: Component["chart"], signal: AbortSignal): Promise<string> {
        return this.run(["show", "chart", name, "--repo", repo, "--version", version], READ_SECONDS, signal);
    }

    /** An aborted signal ends helm; the promise settles only after helm has ended. */
    async install({ namespace, chart }: Component, values: object, signal: AbortSignal): Promise<void> {
        const what = ["component", chart.name, "--repo", chart.repo, "--version", chart.version];
        const how = ["--namespace", namespace, "--wait", "--timeout", `${INSTALL_SECONDS}s`, "--values", "-"];
        // helm ends after its option --timeout. A helm that hangs is killed 60 s later.
        await this.run(["upgrade", "--install", ...what, ...how], INSTALL_SECONDS + 60, signal, stringify(values));
    }

    async uninstall(namespace: string): Promise<void> {
        await this.run(["uninstall", "--namespace", namespace, "component", "--wait"], UNINSTALL_SECONDS);
    }

    private async run(args: string[], seconds: number, signal?: AbortSignal, stdin = ""): Promise<string> {
        signal?.throwIfAborted();
        const late = AbortSignal.timeout(seconds * 1000);
        const child = spawn(this.options.helmPath, args, { env: this.env, stdio: "pipe" });
        const stop = () => void child.kill("SIGTERM");
        for (const one of [late, ...(signal ? [signal] : [])]) one.addEventListener("abort", stop);
        let stdout = "";
        let stderr = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
        child.stdin.on("error", () => {}); // helm may end before it has read its input
        child.stdin.end(stdin);
        const code = await new Promise<number | null>((resolve, reject) => {
            child.on("error", reject);
            child.on("close", resolve);
        });
        signal?.removeEventListener("abort", stop);
        signal?.throwIfAborted();
        if (late.aborted) throw new HelmError(`helm ${args[0]}: did not end in ${seconds} s`);
        if (code !== 0) throw new HelmError(stderr.trim());
        return stdout;
    }
}
