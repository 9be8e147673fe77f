/**
 * Emulator of `cloudflared` 2026.8.2, the connector of a tunnel: `tunnel run` with the token of a remotely managed tunnel.
 * Facts: the source of cloudflared 2026.8.2 and logs in its issues; each file names the sources of its facts. The emulator
 * connects to the sandbox's edge. It needs the edge's address (TUNNEL_EDGE) and certificate (TUNNEL_CACERT); the real
 * cloudflared has both variables, but hides them.
 *
 * Unsupported: all other commands (access, service, login, …), locally managed tunnels, QUIC, self-update, origins other than
 * plain HTTP; see arguments.ts and ingress.ts.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArguments, parseToken, UsageError } from "./arguments";
import { Connector, VERSION } from "./connector";
import { createLog, type Log } from "./log";
import { serveMetrics } from "./metrics";

/** Exit code of `cli.Exit(…, -1)` in cloudflared. */
const EXIT_USAGE = 255;
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

async function main(words: string[]): Promise<number> {
    const log = createLog((text) => process.stderr.write(text));
    if (words[0] === "--version") {
        process.stdout.write(`cloudflared version ${VERSION} (built sandbox emulator)\n`);
        return 0;
    }
    try {
        const args = parseArguments(words, process.env);
        if (!args.token && !args.tokenFile) throw new UsageError('"cloudflared tunnel run" requires a token');
        const token = parseToken(args.token ?? readFileSync(args.tokenFile!, "utf8").trim());
        delete process.env.TUNNEL_TOKEN;
        const ca = args.caFile && readFileSync(args.caFile, "utf8");
        const connector = new Connector({ token, edges: args.edges, ca, log, onReady: () => notifyReady(log) });
        const metrics = await serveMetrics(connector.stats, args.metrics);
        log("INF", `Version ${VERSION} (sandbox emulator). Metrics: ${metrics.address}/metrics`);
        connector.start();
        const signal = await new Promise<string>((resolve) => SIGNALS.forEach((name) => process.once(name, resolve)));
        for (const name of SIGNALS) process.removeAllListeners(name); // a second signal ends the process at once
        log("INF", `Initiating graceful shutdown due to signal ${signal} ...`);
        const finished = await connector.stop(args.graceMilliseconds);
        if (!finished) log("WRN", "grace period is over: requests in progress are aborted");
        await metrics.close();
        return 0;
    } catch (error) {
        log("ERR", (error as Error).message);
        return error instanceof UsageError ? EXIT_USAGE : 1;
    }
}

/** Tells systemd that the service is ready (`Type=notify`, cmd/tunnel/cmd.go), as the sandbox's hosts expect it. */
function notifyReady(log: Log): void {
    const { NOTIFY_SOCKET, PATH } = process.env;
    if (!NOTIFY_SOCKET) return;
    execFile("systemd-notify", ["--ready", `--pid=${process.pid}`], { env: { PATH, NOTIFY_SOCKET } }, (error) => {
        if (error) log("WRN", `systemd could not be notified error="${error.message}"`);
    });
}

void main(process.argv.slice(2)).then((code) => process.exit(code));
