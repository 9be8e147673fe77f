import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";

export interface TunnelRoutesArgs {
    account: string;
    tunnelId: pulumi.Input<string>;
    hostnames: string[];
    /** `host:port` of Alpa, or of what is in front of it, as seen from the connectors. */
    endpoint: string;
    /** Expressions for the paths that lead there. */
    paths: string[];
    /** Whose requests the connector lets through. Unset: what is behind it asks callers itself. */
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
/** Longest wait for a connection to be taken, in seconds: it is on the same host or in the same network. */
const CONNECT_SECONDS = 5;

/** What the connectors do with a request. They take the rules from Cloudflare, without a restart. */
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

/** Rules of a connector; the first that fits is taken. */
export function renderRoutes({ hostnames, endpoint, paths, access }: Routes) {
    const originRequest = {
        connectTimeout: CONNECT_SECONDS,
        // The connector itself refuses what has not passed Access, whatever led it there.
        ...(access && { access: { required: true, teamName: access.teamName, audTags: [access.audience] } }),
    };
    const service = `http://${endpoint}`;
    const rules = hostnames.flatMap((hostname) => paths.map((path) => ({ hostname, path, service, originRequest })));
    return { ingresses: [...rules, { service: NOWHERE }] };
}
