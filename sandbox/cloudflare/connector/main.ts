/**
 * Emulator of `cloudflared` 2026.8.2, the connector of a tunnel: `tunnel run` with the token of a remotely managed tunnel.
 * Facts: the source of cloudflared 2026.8.2 and logs in its issues; each file names the sources of its facts. The emulator
 * connects to the sandbox's edge. It needs the edge's address (`--edge` or TUNNEL_EDGE) and certificate (`--cacert` or
 * TUNNEL_CACERT); the real cloudflared has both flags, but hides them.
 *
 * Unsupported: all other commands (access, service, login, …), locally managed tunnels, QUIC, self-update, origins other than
 * plain HTTP; see arguments.ts and ingress.ts.
 */
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { type Arguments, parseArguments, type RunArguments, startProblem, UsageError } from "./arguments";
import { Connector, VERSION } from "./connector";
import { createLog, type Log } from "./log";
import { serveMetrics } from "./metrics";
import { notifyReady } from "./notify";
import { InvalidToken, parseToken, type TunnelToken } from "./token";

/** Exit code of `cli.Exit(…, -1)` in cloudflared. */
const EXIT_USAGE = 255;

async function main(): Promise<number> {
    let args: Arguments;
    try {
        args = parseArguments(process.argv.slice(2), process.env);
    } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        process.stderr.write(`Incorrect Usage: ${error.message}\n`);
        return EXIT_USAGE;
    }
    if (args.command === "version") {
        process.stdout.write(`cloudflared version ${VERSION} (built sandbox emulator)\n`);
        return 0;
    }
    return args.command === "ready" ? ready(args.metrics) : run(args);
}

async function run(args: RunArguments): Promise<number> {
    const log = createLog(args.level, (text) => process.stderr.write(text));
    let token: TunnelToken;
    try {
        token = readToken(args);
    } catch (error) {
        process.stderr.write(`${(error as Error).message}\nSee 'cloudflared tunnel run --help'.\n`);
        return EXIT_USAGE;
    }
    delete process.env.TUNNEL_TOKEN;
    const problem = startProblem(args);
    if (problem !== undefined) {
        log("error", "Couldn't start tunnel", { error: problem });
        process.stderr.write(`${problem}\n`);
        return 1;
    }
    log("info", "Starting tunnel", { tunnelID: token.tunnelId });
    log("info", `Version ${VERSION} (sandbox emulator)`);

    let ca: string | undefined;
    try {
        ca = args.caFile === undefined ? undefined : readFileSync(args.caFile, "utf8");
    } catch (error) {
        log("error", "Couldn't start tunnel", { error: (error as Error).message });
        return 1;
    }
    const connector = new Connector({
        token,
        edges: args.edges,
        ca,
        retries: args.retries,
        log,
        onReady: () => void tellSystemd(log),
    });
    let metrics;
    try {
        metrics = await serveMetrics(connector.stats, args.metrics);
    } catch (error) {
        log("error", "Error opening metrics server listener", { error: (error as Error).message });
        return 1;
    }
    log("info", `Starting metrics server on ${metrics.address}/metrics`);
    connector.start();

    const signal = await new Promise<string>((resolve) => {
        process.once("SIGTERM", () => resolve("terminated"));
        process.once("SIGINT", () => resolve("interrupt"));
    });
    for (const name of ["SIGTERM", "SIGINT"]) process.removeAllListeners(name); // a second signal ends the process at once
    log("info", `Initiating graceful shutdown due to signal ${signal} ...`);
    const finished = await connector.stop(args.graceMilliseconds);
    if (!finished) log("warn", "grace period is over: requests in progress are aborted");
    await metrics.close();
    log("info", "Metrics server stopped");
    return 0;
}

/** Reads the token from the flag or variable first, then from the file, whose text is trimmed. */
function readToken(args: RunArguments): TunnelToken {
    if (args.token) return parseToken(args.token);
    if (!args.tokenFile) {
        throw new Error(
            '"cloudflared tunnel run" requires a token: --token, --token-file, TUNNEL_TOKEN or TUNNEL_TOKEN_FILE',
        );
    }
    let text: string;
    try {
        text = readFileSync(args.tokenFile, "utf8").trim();
    } catch (error) {
        throw new Error(`Failed to read token file: ${(error as Error).message}`);
    }
    if (text === "") throw new InvalidToken();
    return parseToken(text);
}

async function tellSystemd(log: Log): Promise<void> {
    const problem = await notifyReady();
    if (problem) log("warn", "systemd could not be notified", { error: problem });
}

/** `cloudflared tunnel --metrics ADDR ready`, for probes. @returns exit code: 0 if /ready answers 200 */
function ready(metrics: string | undefined): Promise<number> {
    if (!metrics) {
        process.stderr.write("--metrics has to be provided\n");
        return Promise.resolve(EXIT_USAGE);
    }
    return new Promise((resolve) => {
        const request = get(`http://${metrics}/ready`, (answer) => {
            answer.resume();
            if (answer.statusCode !== 200) {
                process.stderr.write(`http://${metrics}/ready endpoint returned status code ${answer.statusCode}\n`);
            }
            resolve(answer.statusCode === 200 ? 0 : 1);
        });
        request.on("error", (error) => {
            process.stderr.write(`${error.message}\n`);
            resolve(1);
        });
    });
}

void main().then((code) => process.exit(code));
