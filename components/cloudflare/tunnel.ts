import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { owner } from "../kubernetes/ownership";

export interface TunnelArgs {
    /** Id of the Cloudflare account. */
    account: string;
}

/**
 * The tunnel between Cloudflare and the hosts of Alpa. Its connectors open outgoing connections, so the hosts need no open
 * port for callers.
 */
export class Tunnel extends pulumi.ComponentResource {
    readonly tunnelId: pulumi.Output<string>;
    /** Target of the host name's record, which only resolves inside Cloudflare. */
    readonly target: pulumi.Output<string>;
    /** Token with which a connector joins the tunnel; secret. */
    readonly token: pulumi.Output<string>;

    constructor(name: string, { account }: TunnelArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:Tunnel", name, {}, opts);

        const tunnel = new cloudflare.ZeroTrustTunnelCloudflared(
            `${name}-tunnel`,
            // `configSrc` is set from the start: a later change of it would replace the tunnel and the connectors' token.
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
        // While the tunnel does not exist yet, the SDK (3.248) drops the token's dependency on the tunnel. all() restores the
        // dependency: otherwise the dependencies of a first run would differ from its plan, and the run would fail. The
        // token is marked as secret, because the SDK does not mark results of invokes.
        this.token = pulumi.secret(pulumi.all([token, tunnel.id]).apply(([text]) => text));
        this.registerOutputs({ tunnelId: this.tunnelId, target: this.target });
    }
}

/** Name of a stack's tunnel. */
export function tunnelName(owner: string): string {
    return owner.replace("/", "-");
}
