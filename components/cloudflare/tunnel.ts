import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { owner } from "../kubernetes/ownership";
import type { Meaning } from "../meaning/plain";

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

export interface TunnelRoutesArgs {
    /** What it is, for the inputs of the component. Unset if a parent's inputs contain it. */
    meaning?: Meaning;
    account: string;
    tunnelId: pulumi.Input<string>;
    hostnames: string[];
    /** `host:port` of the server, or of a gateway in front of it, as seen from the connectors. */
    endpoint: string;
    /** Regular expressions of the forwarded paths. */
    paths: string[];
    /** Access application whose JWT the connector requires. Unset if the origin authenticates callers itself. */
    access?: {
        teamName: string;
        /** Audience of the Access application, which a request's JWT must have. */
        audience: pulumi.Input<string>;
    };
}

/** Answer of the connector to all other requests. */
const NOWHERE = "http_status:404";
/** Longest wait for a connection to the origin, in seconds. The origin is on the same host or in the same network. */
const CONNECT_SECONDS = 5;

/** Forwarding rules of the connectors, which load a change from Cloudflare without a restart. */
export class TunnelRoutes extends pulumi.ComponentResource {
    constructor(name: string, args: TunnelRoutesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:TunnelRoutes", name, args.meaning ?? {}, opts);
        new cloudflare.ZeroTrustTunnelCloudflaredConfig(
            `${name}-config`,
            { accountId: args.account, tunnelId: args.tunnelId, config: renderRoutes(args) },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

type Routes = Omit<TunnelRoutesArgs, "account" | "tunnelId">;

/** Rules of a connector; the first match applies. */
export function renderRoutes({ hostnames, endpoint, paths, access }: Routes) {
    const originRequest = {
        connectTimeout: CONNECT_SECONDS,
        // The connector itself rejects requests that have not passed Access.
        ...(access && { access: { required: true, teamName: access.teamName, audTags: [access.audience] } }),
    };
    const service = `http://${endpoint}`;
    const rules = hostnames.flatMap((hostname) => paths.map((path) => ({ hostname, path, service, originRequest })));
    return { ingresses: [...rules, { service: NOWHERE }] };
}
