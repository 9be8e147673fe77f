import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { renderCommands, renderScript } from "./scripts";
import { connection, placeOf, type SshHost } from "../../hosts/ssh-host";

/** First port of cloudflared's own range for its metrics. */
const METRICS_PORT = 20241;

/** Longest time from the start of a connector to its first connection to Cloudflare, in seconds; 3 to 5 are usual. */
const START_SECONDS = 60;

export interface CloudflaredHostArgs {
    /** Where connectors run. They are changed one after another, in this order. */
    hosts: (SshHost & {
        /** Port on 127.0.0.1 of the first connector's health check; the others use the next ports. @default 20241 */
        metricsPort?: number;
    })[];
    /** Version of cloudflared, as in `2026.8.2`. */
    version: string;
    /** SHA-256 of the program, in hex; a download with another one is rejected. */
    sha256: string;
    /** Whole address of the program. @default the release page of its project, for the host's architecture */
    source?: string;
    /** Token of the tunnel. */
    token: pulumi.Output<string>;
    /** How long a connector that stops waits for running answers, in seconds: at most 180, or it does not start. */
    graceSeconds: number;
    /** The Zero Trust team, whose keys of Access each host must reach: a connector without them is ready and answers 502. */
    teamName: string;
    /** Connectors on each host. With one host at least 2: one serves while the other is changed. */
    instances: number;
}

/**
 * Connectors (`cloudflared`) on hosts that are reached by SSH, as services of systemd. One is changed at a time, and the
 * next one only after Cloudflare can reach it: an upgrade takes the grace period for each, also of a connector without a request (QUIC). A run that was cut off
 * half-way is finished by the next one.
 */
export class CloudflaredHost extends pulumi.ComponentResource {
    constructor(name: string, args: CloudflaredHostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:CloudflaredHost", name, {}, opts);

        const owner = `${pulumi.getProject()}/${pulumi.getStack()}`;
        let before: pulumi.Resource[] = [];
        for (const host of args.hosts) {
            const { sudoPassword, metricsPort = METRICS_PORT } = host;
            const place = placeOf(host);
            const times = { graceSeconds: args.graceSeconds, startSeconds: START_SECONDS };
            const script = pulumi
                .all([args.token, sudoPassword])
                .apply(([token, password]) => renderScript({ token, sudoPassword: password }, times, args.teamName));
            const connectors = new command.remote.Command(
                `${name}-${place}`,
                {
                    connection: connection(host),
                    ...renderCommands(place, owner, { ...args, metricsPort }),
                    stdin: pulumi.secret(script),
                    logging: command.remote.Logging.None,
                    // SSH servers do not accept environment variables from clients, and the output of the last run is
                    // not used.
                    addPreviousOutputInEnv: false,
                },
                { parent: this, dependsOn: before, additionalSecretOutputs: ["stdin", "stdout", "stderr"] },
            );
            before = [connectors];
        }
        this.registerOutputs({});
    }
}
