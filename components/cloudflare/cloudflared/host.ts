import * as pulumi from "@pulumi/pulumi";
import { installWords, renderScript } from "./scripts";
import { hostCommand } from "../../hosts/host-command";
import { placeOf, type SshHost } from "../../hosts/ssh-host";
import type { Meaning } from "../../meaning/plain";

/** First port of cloudflared's default range for metrics. */
const METRICS_PORT = 20241;

/** Longest time from the start of a connector to its first connection to Cloudflare, in seconds. It usually takes 3 to 5. */
const START_SECONDS = 60;

export interface CloudflaredHostArgs {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    /** Hosts of the connectors. They are changed one after another, in this order. */
    hosts: (SshHost & {
        /** Port on 127.0.0.1 of the first connector's health check; the others use the next ports. @default 20241 */
        metricsPort?: number;
    })[];
    /** Version of cloudflared, for example `2026.8.2`. */
    version: string;
    /** SHA-256 of the program, in hex. A download with another checksum is rejected. */
    sha256: string;
    /** URL of the program. @default the release page of cloudflared, for the host's architecture */
    source?: string;
    /** Token of the tunnel. */
    token: pulumi.Output<string>;
    /** How long a stopping connector waits for its requests in progress, in seconds. cloudflared allows at most 180. */
    graceSeconds: number;
    /**
     * Name of the Zero Trust team. Each host must be able to load the team's Access keys: a connector without them is
     * ready but answers 502.
     */
    teamName: string;
    /** Number of connectors on each host. A single host needs at least 2, so that one serves while another is changed. */
    instances: number;
}

/**
 * Connectors (`cloudflared`) on hosts, as systemd services that are managed over SSH. They are changed one after
 * another: a connector is changed only when Cloudflare can reach the previous connector. With QUIC, an upgrade waits the whole
 * grace period for each connector, even for one without requests. If a run is interrupted, the next run continues.
 */
export class CloudflaredHost extends pulumi.ComponentResource {
    constructor(name: string, args: CloudflaredHostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:CloudflaredHost", name, args.meaning, opts);

        let before: pulumi.Resource[] = [];
        for (const host of args.hosts) {
            const { sudoPassword, metricsPort = METRICS_PORT } = host;
            const times = { graceSeconds: args.graceSeconds, startSeconds: START_SECONDS };
            const script = pulumi
                .all([args.token, sudoPassword])
                .apply(([token, password]) => renderScript({ token, sudoPassword: password }, times, args.teamName));
            const connectors = hostCommand(
                `${name}-${placeOf(host)}`,
                { on: host, create: installWords({ ...args, metricsPort }), delete: ["remove"], script },
                { parent: this, dependsOn: before },
            );
            before = [connectors];
        }
        this.registerOutputs({});
    }
}
