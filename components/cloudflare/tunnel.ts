import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { owner } from "../kubernetes/ownership";

export interface TunnelArgs {
    /** Id of the account it belongs to. */
    account: string;
}

/**
 * The tunnel between Cloudflare and the hosts of Alpa. Its connectors open outgoing connections, so no port is open for
 * callers.
 */
export class Tunnel extends pulumi.ComponentResource {
    readonly tunnelId: pulumi.Output<string>;
    /** Target of the hostname's record; it leads somewhere inside Cloudflare only. */
    readonly target: pulumi.Output<string>;
    /** Token with which a connector joins the tunnel; secret. */
    readonly token: pulumi.Output<string>;

    constructor(name: string, { account }: TunnelArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:Tunnel", name, {}, opts);

        const tunnel = new cloudflare.ZeroTrustTunnelCloudflared(
            `${name}-tunnel`,
            // From the start: changing where the rules come from replaces the tunnel, and with it the connectors' token.
            { accountId: account, name: tunnelName(owner()), configSrc: "cloudflare" },
            // Cloudflare rejects a second tunnel of the same name.
            { parent: this, deleteBeforeReplace: true },
        );

        this.tunnelId = tunnel.id;
        this.target = pulumi.interpolate`${tunnel.id}.cfargotunnel.com`;
        const { token } = cloudflare.getZeroTrustTunnelCloudflaredTokenOutput(
            { accountId: account, tunnelId: tunnel.id },
            { parent: this },
        );
        // Of the tunnel, said here too: as long as there is none the SDK (3.248) forgets it, and then no plan of a first run
        // could be carried out, whose dependencies are others. And the result of an invoke is never secret by itself.
        this.token = pulumi.secret(pulumi.all([token, tunnel.id]).apply(([text]) => text));
        this.registerOutputs({ tunnelId: this.tunnelId, target: this.target });
    }
}

/** Name of a stack's tunnel. */
export function tunnelName(owner: string): string {
    return owner.replace("/", "-");
}
