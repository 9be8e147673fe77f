import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** A host that is booting answers within these attempts; one that is down is reported within a minute. */
const DIAL = { dialErrorLimit: 3, perDialTimeout: 10 };

/** A host that is reached by SSH. */
export interface SshHost {
    address: string;
    /** Port of its SSH server. */
    port: number;
    /** root, or a user that may become root by sudo. */
    user: string;
    /** Public key of its SSH server, as a line of known_hosts without the name. Another one is refused. */
    hostKey: string;
    /** Key to log in with, without a passphrase. */
    privateKey: pulumi.Output<string>;
    /** Password of sudo. @default sudo asks for none */
    sudoPassword?: pulumi.Output<string>;
}

/** How commands get to the host. */
export function connection(host: SshHost): command.types.input.remote.ConnectionArgs {
    const { address, port, user, hostKey, privateKey } = host;
    return { host: address, port, user, hostKey, privateKey: pulumi.secret(privateKey), ...DIAL };
}

/** Name of the host in names of resources and in messages. */
export function placeOf({ address, port }: Pick<SshHost, "address" | "port">): string {
    return port === 22 ? address : `${address}-${port}`;
}
