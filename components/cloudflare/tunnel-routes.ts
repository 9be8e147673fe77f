import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { Meaning } from "../meaning/plain";

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
