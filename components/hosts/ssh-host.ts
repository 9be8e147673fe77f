import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/**
 * Limits for connecting. The attempts are enough for a host that is booting. A host that is down is reported within a
 * minute.
 */
const DIAL = { dialErrorLimit: 3, perDialTimeout: 10 };

/** A host that is managed over SSH. */
export interface SshHost {
    address: string;
    /** Port of its SSH server. */
    port: number;
    /** root, or a user with sudo. */
    user: string;
    /** Public key of the SSH server, as in known_hosts without the name. A server with another key is rejected. */
    hostKey: string;
    /** Key to log in with, without a passphrase. */
    privateKey: pulumi.Output<string>;
    /** Password of sudo. @default sudo asks for none */
    sudoPassword?: pulumi.Output<string>;
}

/** SSH connection settings of a host. */
export function connection(host: SshHost): command.types.input.remote.ConnectionArgs {
    const { address, port, user, hostKey, privateKey } = host;
    return { host: address, port, user, hostKey, privateKey: pulumi.secret(privateKey), ...DIAL };
}

/** Name of the host in resource names and messages. */
export function placeOf({ address, port }: Pick<SshHost, "address" | "port">): string {
    return port === 22 ? address : `${address}-${port}`;
}
