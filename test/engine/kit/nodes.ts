/**
 * A stack of option inter on its own hosts, and its callers. The hosts' scripts and shell are real. SSH, sudo, snap,
 * MicroK8s and nft are emulators. The certificate is a given one, or from cert-manager if ALPA_AUTH_REAL names it.
 */
import { readFileSync } from "node:fs";
import { request as plainRequest, type RequestOptions } from "node:http";
import { request } from "node:https";
import { connect } from "node:tls";
import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import { SAMPLE_COMPLETION } from "../../../components/alpa/sample";
import { parse } from "yaml";
import { certificate } from "../../certificates";
import { eventually, here } from "./cloudflare/exposed-stack";
import type { Hosts } from "./nodes-hosts";
import type { SlowAlpa } from "./slow-alpa";
import { EngineStack, type StackConfig } from "./stack";

/** DNS name that callers use. */
export const HOSTNAME = "llm.example.com";

const consumers = (...ids: string[]) => [{ name: "alice", credentials: ids.map((id) => ({ id, method: "key" })) }];

/** A stack of option inter on these hosts. */
export class NodesStack extends EngineStack {
    private sealed: unknown;
    private source: object = {};
    /** CA that signs the certificate of the gateway, in PEM form. */
    authority = "";

    private constructor(
        name: string,
        private readonly hosts: Hosts,
        private readonly slow: SlowAlpa,
        readonly nodePort: number,
    ) {
        const { world, dir } = here();
        super(name, { dir, facts: world.facts });
    }

    static async create(name: string, hosts: Hosts, slow: SlowAlpa, nodePort: number): Promise<NodesStack> {
        const stack = new NodesStack(name, hosts, slow, nodePort);
        await stack.init();
        stack.sealed = await stack.seal(hosts.alpa.privateKey);
        await stack.chooseCertificate();
        return stack;
    }

    /** Encrypts a text with the stack's passphrase. @returns the value for the stack file */
    private async seal(text: string): Promise<unknown> {
        this.write({ option: "inter", ssh: { user: "ops" } });
        await this.configureSecret("ssh.privateKey", text);
        const { config } = parse(readFileSync(this.file, "utf8")) as {
            config: Record<string, { privateKey: unknown }>;
        };
        return config["alpa-auth:ssh"].privateKey;
    }

    private async chooseCertificate(): Promise<void> {
        const { certManager } = here().world;
        if (certManager !== undefined) {
            this.authority = certManager.authority;
            this.source = { issuer: "internal" };
            return;
        }
        const ca = await certificate([], { ca: true });
        const { certificate: pem, key } = await certificate([HOSTNAME], { by: ca });
        this.authority = ca.certificate;
        this.source = { certificate: pem, key: await this.seal(key) };
    }

    /** Replaces the config. @param nodes names of the hosts in the cluster */
    configure(nodes: string[], { alpa, gateway, ...config }: StackConfig): void {
        const { facts } = here().world;
        const entries = nodes.map((name) => {
            const { address, port, hostKey } = this.hosts.nodes[name];
            return { address: `${address}:${name === "a" ? this.hosts.way.port : port}`, hostKey };
        });
        const { address, port, hostKey } = this.hosts.alpa;
        this.write({
            option: "inter",
            namespace: this.name,
            cluster: { nodes: entries },
            alpa: {
                endpoints: [...facts.alpas, this.slow.address],
                ...(alpa as object | undefined),
            },
            ssh: { user: "ops", privateKey: this.sealed },
            firewall: { hosts: [{ address: `${address}:${port}`, hostKey }] },
            gateway: {
                nodePort: this.nodePort,
                chartRepository: facts.chartRepository,
                sharedCounters: { whenDown: "refuse" },
                ...(gateway as object | undefined),
            },
            waitSeconds: 300,
            ...config,
        });
    }

    /** Config keys of a stack whose callers connect to the nodes by TLS. */
    azure(tlsPort: number, tls: object = {}): StackConfig {
        return {
            consumers: consumers("a", "b"),
            azure: {
                hostname: HOSTNAME,
                addresses: [this.hosts.nodes.b.address],
            },
            tls: { ...this.source, nodePort: tlsPort, ...tls },
        };
    }

    /** Config keys of a stack whose callers use a tunnel. While the HTTP node port is open, callers can use it too. */
    tunnel(...ids: string[]): StackConfig {
        return {
            consumers: consumers(...ids),
            exposure: "tunnel",
            account: here().account.id,
            hostname: HOSTNAME,
            zone: { name: "example.com", plan: "free" },
            tunnel: { image: "cloudflare/cloudflared:2026.8.2" },
            alpa: { tokensPerSecond: 20 },
        };
    }

    outputs(): Promise<{ url: string; credentials: Record<string, string> }> {
        return this.read();
    }
}

/** Where and how a completion is requested: by TLS if `ca` is set, otherwise by HTTP. */
export interface Entry {
    port: number;
    hostname: string;
    ca?: string;
    /** @default address of the load balancer of the nodes */
    address?: string;
}

/** Status of a completion over a connection of its own, or the error. */
export function complete(entry: Entry, key?: string, body = SAMPLE_COMPLETION): Promise<number | string> {
    const { port, hostname, ca, address = "127.0.0.1" } = entry;
    const options: RequestOptions & { ca?: string; servername?: string } = {
        ...{ host: address, port, method: "POST", path: "/alpa/completions", agent: false },
        headers: {
            ...{ Host: hostname, "Content-Type": "application/json", Connection: "close" },
            ...(key === undefined ? {} : { apikey: key }),
        },
        ...(ca === undefined ? {} : { ca, servername: hostname }),
    };
    return new Promise((resolve) => {
        const sent = ca === undefined ? plainRequest(options) : request(options);
        sent.on("response", (answer) => {
            answer.resume().on("end", () => resolve(answer.statusCode!));
            answer.on("error", (error) => resolve(error.message));
        });
        sent.on("error", (error) => resolve(error.message));
        sent.end(body);
    });
}

/** Serial number of the certificate that the gateway serves. */
export function shown({ port, hostname, ca }: Entry): Promise<string> {
    return new Promise((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port, servername: hostname, ca });
        socket.on("secureConnect", () => {
            resolve(socket.getPeerCertificate().serialNumber);
            socket.destroy();
        });
        socket.on("error", reject);
    });
}

export function core(): CoreV1Api {
    return here().world.kubeConfig.makeApiClient(CoreV1Api);
}

export async function gateways(): Promise<V1Pod[]> {
    return (await core().listPodForAllNamespaces({ labelSelector: "app.kubernetes.io/name=apisix" })).items;
}

/** Resolves when all of these pods got SIGTERM. */
export function allLeaving(pods: V1Pod[]): Promise<true> {
    const look = async () => {
        const staying = (await gateways()).filter(({ metadata }) => !metadata!.deletionTimestamp);
        const uids = staying.map(({ metadata }) => metadata!.uid);
        return pods.every(({ metadata }) => !uids.includes(metadata!.uid)) || undefined;
    };
    return eventually("every gateway told to stop", look, 300);
}
