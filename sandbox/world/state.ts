/** Where a sandbox keeps everything, and what it tells other commands about itself. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { PartReport } from "../real/choice";
import { writeSecret } from "../control-plane/secret-file";

/** Root of the clone. */
export const ROOT = resolve(__dirname, "../..");

/** Folder of the clone's sandbox; `ALPA_AUTH_SANDBOX_DIR` names another one. */
export function stateDir(): string {
    return resolve(process.env.ALPA_AUTH_SANDBOX_DIR ?? join(ROOT, ".sandbox"));
}

/** Mark that all processes of one sandbox carry in their environment. */
export function sandboxId(dir: string): string {
    return createHash("sha256").update(dir).digest("hex").slice(0, 12);
}

/** What a running world tells: addresses only, never a secret. */
export interface WorldFacts {
    /** Absent where there is no cluster. */
    kubeconfig?: string;
    /** Absent where there is no account. */
    cloudflare?: CloudflareFacts;
    alpa: string;
    /** Folder of the stack files the sandbox lays its addresses into. */
    stackFiles: string;
    /** Folder to put first on PATH, and the real `pulumi` behind it. */
    bin: string;
    pulumi: string;
    /** Folder of the Pulumi plugin emulators; absent where the official Pulumi is installed. */
    pluginDir?: string;
    /** Which parts are real, and which an emulator emulates. */
    parts: PartReport[];
}

/** Facts of a world with a cluster. */
export interface ClusterFacts extends WorldFacts {
    kubeconfig: string;
    /** Every Alpa service there is; `alpa` is the first. */
    alpas: string[];
    chartRepository: string;
    /** Address of the Prometheus that reads the gateway pods, where there is one. */
    prometheus?: string;
    /** Where the nodes have GPUs, and Alpa is on bare metal on them. */
    gpus?: GpuFacts;
}

/** What it takes to have Alpa in pods of the cluster, and to have it back on bare metal. */
export interface GpuFacts {
    /** Nodes that have GPUs; the first is the head of Ray. */
    nodes: string[];
    /** The image that serves Alpa, and the folder on every node that holds the weights. */
    image: { repository: string; tag: string };
    weights: string;
    bareMetal: BareMetalFacts;
    /** A node apart with a small Alpa of its own, at this `host:port`. */
    rehearsal?: { nodes: string[]; alpa: string; bareMetal: BareMetalFacts };
}

/** Hosts that Alpa runs on, reached by SSH. */
export interface BareMetalFacts {
    /** In the order of the nodes. */
    hosts: { address: string; port: number; user: string; hostKey: string }[];
    /** Service of systemd on each. */
    unit: string;
    /** File with the private key of the user, the same for all. */
    privateKeyFile: string;
}

/** An account at Cloudflare with a zone in it, and the edge in front of it. */
export interface CloudflareFacts {
    /** Base address of the API. */
    api: string;
    account: string;
    teamName: string;
    zone: string;
    /** Where the edge listens: a request picks its hostname with the header Host. */
    edge: string;
}

/** With the host that Alpa's head node is, and the program that it runs. */
export interface HeadNodeFacts extends CloudflareFacts {
    host: {
        address: string;
        port: number;
        user: string;
        hostKey: string;
        /** File with the private key of the user. */
        privateKeyFile: string;
    };
    cloudflared: {
        version: string;
        sha256: string;
        source: string;
    };
}

/** File with the token of the sandbox's own Cloudflare account. */
export function apiTokenFile(dir: string): string {
    return join(dir, "cloudflare-api-token");
}

/** What `status` reports of the stack that was brought up. */
export interface StackFacts {
    stack: string;
    url: string;
    try: Attempt[];
}

/** A shell line that runs from any folder and prints the HTTP status on its last line. */
export interface Attempt {
    title: string;
    command: string;
    expect: number;
}

/** Where the status page of a running sandbox is. */
export interface PageFacts {
    url: string;
}

/** Each is a file `<name>.json` in the folder of the sandbox, from when it is known until the sandbox ends. */
export const FACTS = ["world", "stack", "page"] as const;
type FactsName = (typeof FACTS)[number];

export function readFacts<T>(dir: string, name: FactsName): T | undefined {
    const file = join(dir, `${name}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}

/** Written whole or not at all: `status` may read at any time. */
export function writeFacts(dir: string, name: FactsName, facts: object): void {
    writePrivate(join(dir, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Writes a file that only this user can read, in one step. */
export function writePrivate(file: string, text: string): void {
    mkdirSync(resolve(file, ".."), { recursive: true, mode: 0o700 });
    writeSecret(file, text);
}
