/** The state directory of a sandbox, and its facts for other commands. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { PartReport } from "../real/choice";
import { writeSecret } from "../control-plane/secret-file";

/** Root of the clone. */
export const ROOT = resolve(__dirname, "../..");

/** Folder of the clone's sandbox, or that in `ALPA_AUTH_SANDBOX_DIR`. */
export function stateDir(): string {
    return resolve(process.env.ALPA_AUTH_SANDBOX_DIR ?? join(ROOT, ".sandbox"));
}

/** Mark in the environment of all processes of one sandbox. */
export function sandboxId(dir: string): string {
    return createHash("sha256").update(dir).digest("hex").slice(0, 12);
}

/** The error of a command that needs a running sandbox. */
export function noSandbox(command: string): Error {
    return new Error(
        `${command}: no sandbox is running in ${stateDir()}. Run: npm run sandbox -- up, or set ALPA_AUTH_SANDBOX_DIR to the folder of the running one.`,
    );
}

/** Facts of a running world: only addresses, never a secret. */
export interface WorldFacts {
    /** Unset without a cluster. */
    kubeconfig?: string;
    /** Unset without an account. */
    cloudflare?: CloudflareFacts;
    alpa: string;
    /** Folder of the sandbox's stack files. */
    stackFiles: string;
    /** Folder to put first on PATH, and the path of the real `pulumi`. */
    bin: string;
    pulumi: string;
    /** Folder of the emulated Pulumi plugins; unset with an installed official Pulumi. */
    pluginDir?: string;
    /**
     * Version of the built Kubernetes provider. Its source is the newest Go module, which is older than the SDK. Unset with
     * the released provider, which has the SDK's version.
     */
    olderProvider?: string;
    /** The parts, real or emulated. */
    parts: PartReport[];
}

/** Facts of a world with a cluster. */
export interface ClusterFacts extends WorldFacts {
    kubeconfig: string;
    /** All Alpa services; `alpa` is the first. */
    alpas: string[];
    chartRepository: string;
    /** Address of the Prometheus that reads the gateway pods, if any. */
    prometheus?: string;
    /** Set for nodes with GPUs and Alpa on bare metal. */
    gpus?: GpuFacts;
}

/** Facts for the conversion of Alpa to pods of the cluster, and back. */
export interface GpuFacts {
    /** Nodes with GPUs; the first is Ray's head. */
    nodes: string[];
    /** The image that serves Alpa, and the folder of the weights on every node. */
    image: { repository: string; tag: string };
    weights: string;
    bareMetal: BareMetalFacts;
    /** A separate node with a small Alpa at this `host:port`. */
    rehearsal?: { nodes: string[]; alpa: string; bareMetal: BareMetalFacts };
}

/** Hosts of Alpa with SSH. */
export interface BareMetalFacts {
    /** In the order of the nodes. */
    hosts: { address: string; port: number; user: string; hostKey: string }[];
    /** systemd service on each host. */
    unit: string;
    /** File with the user's private key, the same for all. */
    privateKeyFile: string;
}

/** A Cloudflare account with a zone, and its edge. */
export interface CloudflareFacts {
    /** Base URL of the API. */
    api: string;
    account: string;
    teamName: string;
    zone: string;
    /** Address of the edge: the Host header of a request selects its hostname. */
    edge: string;
}

/** With the host of Alpa's head node, and the program that it runs. */
export interface HeadNodeFacts extends CloudflareFacts {
    host: {
        address: string;
        port: number;
        user: string;
        hostKey: string;
        /** File with the user's private key. */
        privateKeyFile: string;
    };
    cloudflared: {
        version: string;
        sha256: string;
        source: string;
    };
}

/** File with the token of the sandbox's Cloudflare account. */
export function apiTokenFile(dir: string): string {
    return join(dir, "cloudflare-api-token");
}

/** Facts of the stack for `status`. */
export interface StackFacts {
    stack: string;
    /** Key `exposure` that `up` was asked for. Default: as in the shipped stack file. */
    exposure?: "direct" | "tunnel";
    url: string;
    try: Attempt[];
    /** When Pulumi wrote the state that the requests are derived from, in milliseconds since 1970. Unset if there is none. */
    stateAt?: number;
}

/** A shell command for every folder, which prints the HTTP status on its last line. */
export interface Attempt {
    title: string;
    command: string;
    expect: number;
    /** `<consumer>/<credential>`, only of the request that the credential authenticates. */
    credential?: string;
}

/** Address of the status page of a running sandbox. */
export interface PageFacts {
    url: string;
}

/** Each is a file `<name>.json` in the folder of the sandbox, until its end. */
export const FACTS = ["world", "stack", "page"] as const;
type FactsName = (typeof FACTS)[number];

export function readFacts<T>(dir: string, name: FactsName): T | undefined {
    const file = join(dir, `${name}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}

/** Written atomically: `status` may read at any time. */
export function writeFacts(dir: string, name: FactsName, facts: object): void {
    writePrivate(join(dir, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Writes a file for this user only, atomically. */
export function writePrivate(file: string, text: string): void {
    mkdirSync(resolve(file, ".."), { recursive: true, mode: 0o700 });
    writeSecret(file, text);
}
