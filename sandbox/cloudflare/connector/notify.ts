/**
 * Sends READY=1 to systemd (`Type=notify`, cloudflared cmd/tunnel/cmd.go). NOTIFY_SOCKET is a datagram socket in the file
 * system, which Node.js cannot open. A program of the host sends the message instead: systemd-notify, or perl if that does not
 * exist.
 */
import { spawn } from "node:child_process";

const SEND_WITH_PERL =
    'use Socket; my $p = $ENV{NOTIFY_SOCKET}; $p =~ s/^@/\\0/; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die "$!"; ' +
    'defined send($s, "READY=1\\nMAINPID=$ARGV[0]", 0, pack_sockaddr_un($p)) or die "$!";';

/** Sends the notification; does nothing without NOTIFY_SOCKET. @returns the error; undefined after success */
export async function notifyReady(environment = process.env): Promise<string | undefined> {
    if (!environment.NOTIFY_SOCKET) return undefined;
    const pid = String(process.pid);
    const tried: string[] = [];
    for (const [program, ...args] of [
        ["systemd-notify", "--ready", `--pid=${pid}`],
        ["perl", "-e", SEND_WITH_PERL, pid],
    ]) {
        const problem = await run(program, args, environment);
        if (!problem) return undefined;
        tried.push(`${program}: ${problem}`);
    }
    return tried.join("; ");
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
    return new Promise((resolve) => {
        // The child gets no secrets of this process, for example TUNNEL_TOKEN.
        const own = { PATH: env.PATH, NOTIFY_SOCKET: env.NOTIFY_SOCKET };
        const child = spawn(program, args, { env: own, stdio: ["ignore", "ignore", "pipe"] });
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
        child.once("error", (error) => resolve(error.message));
        child.once("close", (code) => resolve(code === 0 ? undefined : said.trim() || `exit code ${code}`));
    });
}
