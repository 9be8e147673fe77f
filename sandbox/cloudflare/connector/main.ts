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
import { parseArguments, type RunArguments, startProblem } from "./arguments";
import { Connector, VERSION } from "./connector";
import { createLog } from "./log";
import { serveMetrics } from "./metrics";
import { notifyReady } from "./notify";
import { parseToken, type TunnelToken } from "./token";

/** Exit code of `cli.Exit(…, -1)` in cloudflared. */
const EXIT_USAGE = 255;

async function main(): Promise<number> {
    let args: ReturnType<typeof parseArguments>;
    let token: TunnelToken | undefined;
    try {
        args = parseArguments(process.argv.slice(2), process.env);
        if (args.command === "run") token = readToken(args);
    } catch (error) {
        process.stderr.write(`Incorrect Usage: ${(error as Error).message}\n`);
        return EXIT_USAGE;
    }
    if (args.command === "run") return run(args, token!);
    process.stdout.write(`cloudflared version ${VERSION} (built sandbox emulator)\n`);
    return 0;
}

async function run(args: RunArguments, token: TunnelToken): Promise<number> {
    const log = createLog(args.level, (text) => process.stderr.write(text));
    delete process.env.TUNNEL_TOKEN;
    const tellSystemd = async () => {
        const problem = await notifyReady();
        if (problem) log("warn", "systemd could not be notified", { error: problem });
    };
    let connector;
    let metrics;
    try {
        const problem = startProblem(args);
        if (problem !== undefined) throw new Error(problem);
        const { edges, retries, caFile } = args;
        const ca = caFile === undefined ? undefined : readFileSync(caFile, "utf8");
        connector = new Connector({ token, edges, ca, retries, log, onReady: () => void tellSystemd() });
        metrics = await serveMetrics(connector.stats, args.metrics);
    } catch (error) {
        log("error", "Couldn't start tunnel", { error: (error as Error).message });
        return 1;
    }
    log("info", `Version ${VERSION} (sandbox emulator). Metrics: ${metrics.address}/metrics`);
    connector.start();

    const signal = await new Promise<string>((resolve) => {
        for (const name of ["SIGTERM", "SIGINT"]) process.once(name, resolve);
    });
    for (const name of ["SIGTERM", "SIGINT"]) process.removeAllListeners(name); // a second signal ends the process at once
    log("info", `Initiating graceful shutdown due to signal ${signal} ...`);
    const finished = await connector.stop(args.graceMilliseconds);
    if (!finished) log("warn", "grace period is over: requests in progress are aborted");
    await metrics.close();
    return 0;
}

/** Reads the token from the flag or variable first, then from the file. */
function readToken({ token, tokenFile }: RunArguments): TunnelToken {
    if (token === undefined && tokenFile === undefined)
        throw new Error(
            '"cloudflared tunnel run" requires a token: --token, --token-file, TUNNEL_TOKEN or TUNNEL_TOKEN_FILE',
        );
    return parseToken(token ?? readFileSync(tokenFile!, "utf8").trim());
}

void main().then((code) => process.exit(code));
