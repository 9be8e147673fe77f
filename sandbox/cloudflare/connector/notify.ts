/**
 * Sends READY=1 to systemd (`Type=notify`, cloudflared cmd/tunnel/cmd.go). NOTIFY_SOCKET is a datagram socket in the file
 * system, which Node.js cannot open, so perl sends the message.
 */
import { execFile } from "node:child_process";

const SEND =
    'use Socket; my $p = $ENV{NOTIFY_SOCKET}; $p =~ s/^@/\\0/; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die "$!"; ' +
    'defined send($s, "READY=1\\nMAINPID=$ARGV[0]", 0, pack_sockaddr_un($p)) or die "$!";';

/** Sends the notification; does nothing without NOTIFY_SOCKET. @returns the error; undefined after success */
export function notifyReady(): Promise<string | undefined> {
    const { NOTIFY_SOCKET, PATH } = process.env;
    if (!NOTIFY_SOCKET) return Promise.resolve(undefined);
    // perl gets no secrets of this process, for example TUNNEL_TOKEN.
    const options = { env: { PATH, NOTIFY_SOCKET } };
    return new Promise((resolve) => {
        execFile("perl", ["-e", SEND, String(process.pid)], options, (error) => resolve(error?.message));
    });
}
