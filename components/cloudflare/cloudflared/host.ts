import * as pulumi from "@pulumi/pulumi";
import { hostCommand } from "../../hosts/host-command";
import { scriptFile, scriptAsRoot } from "../../hosts/script";
import { placeOf, type SshHost } from "../../hosts/ssh-host";
import type { Meaning } from "../../meaning/plain";

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

/** Name of this project's files and services on a host. */
const UNIT = "alpa-auth-cloudflared";
/** First port of cloudflared's default range for metrics. */
const METRICS_PORT = 20241;
/** Longest time from the start of a connector to its first connection to Cloudflare, in seconds. It usually takes 3 to 5. */
const START_SECONDS = 60;
/** Additional seconds after the grace period until systemd kills a connector that has not ended. */
const STOP_MARGIN_SECONDS = 20;

/**
 * Connectors (`cloudflared`) on hosts, as systemd services that are managed over SSH. They are changed one after
 * another: a connector is changed only when Cloudflare can reach the previous connector. With QUIC, an upgrade waits the whole
 * grace period for each connector, even for one without requests. If a run is interrupted, the next run continues.
 */
export class CloudflaredHost extends pulumi.ComponentResource {
    constructor(name: string, args: CloudflaredHostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:CloudflaredHost", name, args.meaning, opts);
        const { version, sha256, instances, source = "-", hosts } = args;
        let before: pulumi.Resource[] = [];
        for (const host of hosts) {
            const script = pulumi
                .all([args.token, host.sudoPassword])
                .apply(([token, sudoPassword]) => connectorScript({ ...args, token, sudoPassword }));
            // Previews show these words.
            const create = ["install", version, sha256, `${instances}`, `${host.metricsPort ?? METRICS_PORT}`, source];
            const connectors = hostCommand(
                `${name}-${placeOf(host)}`,
                { on: host, create, delete: ["remove"], script },
                { parent: this, dependsOn: before },
            );
            before = [connectors];
        }
        this.registerOutputs({});
    }
}

const AS_ROOT = scriptFile(__dirname, "connectors.sh")({ UNIT });

interface ScriptArgs {
    token: string;
    sudoPassword?: string;
    teamName: string;
    graceSeconds: number;
    startSeconds?: number;
}

/** Shell script for a host, with secrets. Its arguments select installing or removing. */
export function connectorScript({ startSeconds = START_SECONDS, ...args }: ScriptArgs): string {
    const variables = {
        token: args.token,
        unit_text: renderUnit(args.graceSeconds, startSeconds),
        start_seconds: `${startSeconds}`,
        keys_url: `https://${args.teamName}.cloudflareaccess.com/cdn-cgi/access/certs`,
    };
    return scriptAsRoot(AS_ROOT, variables, args.sudoPassword);
}

/**
 * Template unit of the connectors of one host. The token is a systemd credential: only the service's user can read it, and
 * it is in no command line. Operators may set flags as variables (TUNNEL_TRANSPORT_PROTOCOL, …) in /etc/default.
 */
export function renderUnit(graceSeconds: number, startSeconds: number): string {
    return `[Unit]
Description=alpa-auth connector %i (cloudflared)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
EnvironmentFile=/etc/${UNIT}/%i.env
EnvironmentFile=-/etc/default/${UNIT}
LoadCredential=token:/etc/${UNIT}/token
ExecStart=/opt/${UNIT}/%i/cloudflared --no-autoupdate tunnel --metrics \${METRICS} --grace-period ${graceSeconds}s run --token-file \${CREDENTIALS_DIRECTORY}/token
Restart=on-failure
RestartSec=5s
TimeoutStartSec=${startSeconds}
TimeoutStopSec=${graceSeconds + STOP_MARGIN_SECONDS}
DynamicUser=yes
LimitNOFILE=65536
CapabilityBoundingSet=
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK

[Install]
WantedBy=multi-user.target`;
}
