import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";

export interface TunnelRoutesArgs {
    account: string;
    tunnelId: pulumi.Input<string>;
    hostnames: string[];
    /** `host:port` of Alpa, or of what is in front of it, as seen from the connectors. */
    endpoint: string;
    /** Regular expressions of the forwarded paths. */
    paths: string[];
    /** Access application whose requests the connector accepts. Unset: the origin authenticates callers itself. */
    access?: {
        teamName: string;
        /** Audience of the Access application: what a request's JWT must be made for. */
        audience: pulumi.Input<string>;
    };
}

/**
 * Paths of Alpa's service, bare and behind prefixes, anchored: Alpa picks what it does by a part of the path, so a prefix does not
 * mind it, and other paths would reach it too. A rule cannot ask for the method.
 */
export function alpaPaths(prefixes: string[]): string[] {
    return ["completions", "logprobs"].map((path) => `^(${prefixes.join("|")})?/${path}$`);
}

/** Answer of the connector to everything else. */
const NOWHERE = "http_status:404";
/** Longest wait for a connection to the origin, in seconds: it is on the same host or in the same network. */
const CONNECT_SECONDS = 5;

/** Rules of the connectors, which they read from Cloudflare without a restart. */
export class TunnelRoutes extends pulumi.ComponentResource {
    constructor(name: string, args: TunnelRoutesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:TunnelRoutes", name, {}, opts);
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
