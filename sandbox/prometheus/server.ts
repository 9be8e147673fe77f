/**
 * Starts the real Prometheus on PATH, for the sandbox and for tests. It reads targets on loopback, and stores its data in a
 * folder of the sandbox. Supported are Prometheus 2.42 and newer; the package `prometheus` of Debian and Ubuntu is new enough.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort, lastLines, spawnTracked, waitFor } from "../processes";
import { findOnPath } from "../toolchain/path";

/** Longest wait for the start of Prometheus, in seconds. Measured: 1. */
const START_SECONDS = 30;

interface PrometheusOptions {
    /** Folder for configuration and data. If it has data of an earlier run, Prometheus continues with it. */
    folder: string;
    /** Files with rules, by absolute paths. @default none */
    rules?: string[];
    /** URLs that list targets (HTTP service discovery). @default no targets */
    discovery?: { url: string; intervalSeconds: number };
    /** Port on 127.0.0.1. @default any free one */
    port?: number;
    /** State directory for recording its process. */
    stateDir: string;
    /** All environment variables of Prometheus, including PATH. @default those of this process */
    env?: NodeJS.ProcessEnv;
}

export interface Prometheus {
    /** Address without a final slash. */
    url: string;
    close(): Promise<void>;
}

/** Path of Prometheus. @throws Error that says how to install it */
export function prometheusProgram(env = process.env): string {
    const found = findOnPath("prometheus", env);
    if (found === undefined)
        throw new Error(
            "prometheus: not on PATH. Install it (Debian, Ubuntu: apt-get install prometheus), or unpack a release of github.com/prometheus/prometheus and put its folder on PATH.",
        );
    return found;
}

/** Starts Prometheus, which listens on 127.0.0.1 only. @throws Error if it is not on PATH or does not start */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
    const { folder, stateDir, env = process.env } = options;
    const command = prometheusProgram(env);
    const port = await freePort(options.port);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const config = join(folder, "prometheus.yml");
    writeFileSync(config, stringify(configOf(options)));
    const logFile = join(folder, "prometheus.log");
    const args = [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=warn",
    ];
    const server = await spawnTracked({ name: "prometheus", command, args, env, logFile, stateDir });
    const url = `http://127.0.0.1:${port}`;
    let ended = false;
    void server.exited.then(() => (ended = true));
    try {
        await waitFor("Prometheus to be ready", async () => ended || (await isReady(url)), { seconds: START_SECONDS });
        if (ended) throw new Error(`prometheus: ${command} ended while starting`);
    } catch (error) {
        await server.stop();
        throw new Error(`${(error as Error).message} Its log (${logFile}) ends with:\n${lastLines(logFile, 4)}`);
    }
    return { url, close: () => server.stop() };
}

/** The configuration file of Prometheus, as an object. */
function configOf({ rules = [], discovery }: PrometheusOptions): object {
    const interval = `${discovery?.intervalSeconds ?? 15}s`;
    return {
        global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
        ...(rules.length > 0 && { rule_files: rules }),
        ...(discovery && {
            scrape_configs: [
                { job_name: "gateway-pods", http_sd_configs: [{ url: discovery.url, refresh_interval: interval }] },
            ],
        }),
    };
}

async function isReady(url: string): Promise<boolean> {
    return fetch(`${url}/-/ready`).then(
        (answer) => answer.ok,
        () => false,
    );
}
