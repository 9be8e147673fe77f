import * as pulumi from "@pulumi/pulumi";
import type * as ssh2 from "ssh2";
import type { SshHost } from "./ssh-host";

/** A host with its secrets in plain text. */
type PlainSshHost = Omit<SshHost, "privateKey" | "sudoPassword"> & {
    privateKey: string;
    sudoPassword?: string;
};

/** Output and exit status of a command on a host. */
export interface Said {
    code: number;
    stdout: string;
    stderr: string;
}

/** Runs a command on a host, with a text on its standard input. @throws Error if the host cannot be reached */
export type RunOnHost = (host: PlainSshHost, command: string, stdin: string, signal: AbortSignal) => Promise<Said>;

/** Resolves the host's login secrets. */
export async function plainHost(host: SshHost): Promise<PlainSshHost> {
    const secrets = pulumi.all([host.privateKey, host.sudoPassword]);
    const [privateKey, sudoPassword] = await new Promise<[string, string | undefined]>((resolve) =>
        secrets.apply(resolve),
    );
    return { ...host, privateKey, sudoPassword };
}

/**
 * Runs a command over SSH from this process, for checks and actions outside of resources. A host with another host key is
 * rejected.
 */
export const runOnHost: RunOnHost = async (host, command, stdin, signal) => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only when needed: most stacks have no hosts
    const { Client, utils } = require("ssh2") as typeof ssh2;
    const key = utils.parseKey(host.hostKey.trim());
    if (key instanceof Error || Array.isArray(key)) throw new Error("the host key cannot be read");
    const expected = key.getPublicSSH();
    const client = new Client();
    let mismatch = false;
    const options: ssh2.ConnectConfig = {
        host: host.address,
        port: host.port,
        username: host.user,
        privateKey: host.privateKey,
        readyTimeout: 10_000,
        algorithms: { serverHostKey: algorithms(key.type) },
        hostVerifier: (offered: Buffer) => {
            mismatch = !offered.equals(expected);
            return !mismatch;
        },
    };
    return new Promise<Said>((resolve, reject) => {
        const abort = () => fail(new Error("no answer in time"));
        const fail = (error: Error) => {
            signal.removeEventListener("abort", abort);
            client.destroy();
            reject(mismatch ? new Error(MISMATCH) : error);
        };
        if (signal.aborted) return abort();
        signal.addEventListener("abort", abort, { once: true });
        client
            .on("ready", () =>
                client.exec(command, (error, channel) => {
                    if (error) return fail(error);
                    const said: Said = { code: -1, stdout: "", stderr: "" };
                    channel.on("data", (data: Buffer) => (said.stdout += data.toString()));
                    channel.stderr.on("data", (data: Buffer) => (said.stderr += data.toString()));
                    channel.on("exit", (code: number | null) => (said.code = code ?? -1));
                    channel.on("error", fail);
                    channel.on("close", () => {
                        signal.removeEventListener("abort", abort);
                        client.end();
                        resolve(said);
                    });
                    channel.end(stdin);
                }),
            )
            .on("error", fail)
            .on("close", () => fail(new Error("the connection was closed")))
            .connect(options);
    });
};

/** Error about a host whose SSH key is not the one in the config. */
export const MISMATCH = "the SSH key of the host is not the one in the config";

/** Host key algorithms to request. A server has keys of several types, and presents the one that the client requests. */
function algorithms(type: string) {
    const names = type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
    return names as NonNullable<NonNullable<ssh2.ConnectConfig["algorithms"]>["serverHostKey"]>;
}
