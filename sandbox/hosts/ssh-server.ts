import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type AuthContext, type ParsedKey, Server, type ServerChannel, type Session, utils } from "ssh2";

interface SshOptions {
    address: string;
    /** Port of the SSH server; 0: any free one. */
    port: number;
    /** Private host key in OpenSSH format. */
    hostKey: string;
    users: string[];
    /** Public key for all users, as a line of authorized_keys. */
    authorizedKey: string;
    /** Starts a command line for a user. */
    run(user: string, command: string): ChildProcess;
}

/**
 * Emulates sshd: it accepts only public keys, and runs only commands. Interactive shells, terminals, file transfers and
 * forwarding are rejected.
 */
export async function serveSsh(options: SshOptions): Promise<{ port: number; close: () => Promise<void> }> {
    const allowed = utils.parseKey(options.authorizedKey) as ParsedKey;
    const running = new Set<ChildProcess>();
    const clients = new Set<{ end(): void }>();
    const server = new Server({ hostKeys: [options.hostKey] }, (client) => {
        let user = "";
        clients.add(client);
        // The types of ssh2 lack setNoDelay. Without this option, each small packet is delayed by 40 ms.
        (client as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
        client
            .on("authentication", (context) => {
                if (!mayEnter(context, options.users, allowed)) return context.reject(["publickey"]);
                user = context.username;
                context.accept();
            })
            .on("session", (accept) => {
                serveSession(accept(), (command) => {
                    const child = options.run(user, command);
                    running.add(child);
                    child.once("close", () => running.delete(child));
                    return child;
                });
            })
            .on("error", () => undefined) // a caller that disconnects
            .on("close", () => clients.delete(client));
    });
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(options.port, options.address, resolve);
    });
    return {
        port: (server.address() as AddressInfo).port,
        close: async () => {
            const gone = [...running].map((child) => once(child, "close"));
            for (const child of running) end(child);
            await Promise.all(gone);
            for (const client of clients) client.end();
            await new Promise<void>((resolve) => server.close(() => resolve()));
        },
    };
}

function mayEnter(context: AuthContext, users: string[], allowed: ParsedKey): boolean {
    if (context.method !== "publickey" || !users.includes(context.username)) return false;
    if (context.key.algo !== allowed.type || !context.key.data.equals(allowed.getPublicSSH())) return false;
    // A request without a signature only asks whether the key is accepted.
    if (!context.signature || !context.blob) return true;
    return allowed.verify(context.blob, context.signature, context.hashAlgo) === true;
}

function serveSession(session: Session, run: (command: string) => ChildProcess): void {
    session.on("exec", (accept, _reject, { command }) => attach(accept(), run(command)));
    for (const refused of ["env", "pty", "shell", "sftp", "subsystem", "x11", "auth-agent"] as const)
        session.on(refused as "shell", (_accept, reject) => reject?.());
}

function attach(channel: ServerChannel, child: ChildProcess): void {
    channel.on("close", () => end(child)); // the caller has disconnected
    channel.on("error", () => undefined); // the command may still write output
    if (child.stdin) channel.pipe(child.stdin);
    child.stdin?.on("error", () => undefined); // the command may end before it has read all input
    child.stdout?.pipe(channel, { end: false });
    child.stderr?.pipe(channel.stderr, { end: false });
    child.once("close", (code, signal) => {
        if (signal) channel.exit(signal.replace(/^SIG/, ""));
        else channel.exit(code ?? 1);
        channel.end();
    });
}

function end(child: ChildProcess): void {
    if (child.pid === undefined) return;
    try {
        process.kill(-child.pid, "SIGKILL");
    } catch {
        // The process has ended already.
    }
}
