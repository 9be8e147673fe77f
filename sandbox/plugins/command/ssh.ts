import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientChannel, utils } from "ssh2";

export interface Connection {
    host: string;
    port: number;
    user: string;
    privateKey: string;
    /** A line of authorized_keys. */
    hostKey: string;
    dialErrorLimit: number;
    /** Time limit of one connection attempt in seconds. */
    perDialTimeout: number;
}

interface Run {
    connection: Connection;
    command: string;
    stdin: string;
}

/** Delay between connection attempts, in milliseconds. That of the released provider grows to 5 s. */
const DELAY_MS = 1000;

export interface Output {
    stdout: string;
    stderr: string;
}

/**
 * Runs a command on another host.
 * @throws Error with the command, its exit status and its whole output, as in the released provider
 */
export async function run(given: Run): Promise<Output> {
    const client = await dial(given.connection);
    try {
        return await execute(client, given);
    } finally {
        client.end();
    }
}

/** Connects, with as many retries as the settings of the connection allow. */
async function dial(connection: Connection): Promise<Client> {
    const options = connectOptions(connection);
    for (let tried = 0; ; tried++) {
        try {
            return await connect(options);
        } catch (error) {
            if (tried >= connection.dialErrorLimit)
                throw new Error(`after ${tried} failed attempts: ${messageOf(error, connection)}`, { cause: error });
            await sleep(DELAY_MS);
        }
    }
}

function connectOptions(connection: Connection) {
    const expected = hostKeyOf(connection.hostKey);
    const own = utils.parseKey(connection.privateKey);
    if (own instanceof Error) throw new Error(`ssh: cannot parse private key (${own.message})`);
    return {
        host: connection.host,
        port: connection.port,
        username: connection.user,
        privateKey: connection.privateKey,
        readyTimeout: connection.perDialTimeout * 1000,
        hostVerifier: (key: Buffer) => key.equals(expected),
    };
}

/** Parses a host key, which has the form of an authorized_keys line. */
function hostKeyOf(text: string): Buffer {
    const key = utils.parseKey(text.trim());
    if (key instanceof Error || Array.isArray(key)) throw new Error("ssh: no key found (connection.hostKey)");
    return key.getPublicSSH();
}

function connect(options: ReturnType<typeof connectOptions>): Promise<Client> {
    return new Promise((resolve, reject) => {
        const client = new Client();
        client
            .once("ready", () => resolve(client))
            .once("error", (error) => {
                client.destroy();
                reject(error);
            })
            .once("connect", () => client.setNoDelay(true))
            .connect(options);
    });
}

/** The message of an error, as Go's SSH client has it where an operator meets it. */
function messageOf(error: unknown, { host, port }: Connection): string {
    const { message, level, code } = error as { message: string; level?: string; code?: string };
    if (/verification failed/.test(message)) return "ssh: handshake failed: ssh: host key mismatch";
    if (level === "client-authentication") return "ssh: handshake failed: ssh: unable to authenticate";
    return `dial tcp ${host}:${port}: ${code === "ECONNREFUSED" ? "connect: connection refused" : message}`;
}

function execute(client: Client, given: Run): Promise<Output> {
    return new Promise((resolve, reject) => {
        client.exec(given.command, (error, channel) => {
            if (error) return reject(error);
            collect(channel, given).then(resolve, reject);
        });
        client.once("error", reject);
        client.once("close", () => reject(new Error(`wait: remote command exited without exit status or exit signal`)));
    });
}

function collect(channel: ClientChannel, { command, stdin }: Run): Promise<Output> {
    return new Promise((resolve, reject) => {
        const [out, err, both]: string[][] = [[], [], []];
        const text = (list: string[]) => (chunk: Buffer) => {
            list.push(chunk.toString());
            both.push(chunk.toString());
        };
        channel.on("data", text(out));
        channel.stderr.on("data", text(err));
        channel.on("close", (code: number | null, signal?: string) => {
            const trimmed = (list: string[]) => list.join("").replace(/\n$/, "");
            if (code === 0) return resolve({ stdout: trimmed(out), stderr: trimmed(err) });
            const how = code === null ? `was killed by signal ${signal}` : `exited with status ${code}`;
            reject(new Error(`Process ${how}: running ${JSON.stringify(command)}:\n${both.join("")}`));
        });
        channel.end(stdin);
    });
}
