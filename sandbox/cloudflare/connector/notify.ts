/** Tells systemd that the service is ready (`Type=notify`, cloudflared cmd/tunnel/cmd.go), as the sandbox's hosts expect it. */
import { execFile } from "node:child_process";

/** Sends the notification; does nothing without NOTIFY_SOCKET. @returns the error; undefined after success */
export function notifyReady(): Promise<string | undefined> {
    const { NOTIFY_SOCKET, PATH } = process.env;
    if (!NOTIFY_SOCKET) return Promise.resolve(undefined);
    // The program gets no secrets of this process, for example TUNNEL_TOKEN.
    const options = { env: { PATH, NOTIFY_SOCKET } };
    return new Promise((resolve) => {
        const args = ["--ready", `--pid=${process.pid}`];
        execFile("systemd-notify", args, options, (error) => resolve(error?.message));
    });
}
