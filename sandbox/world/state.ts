/** The state directory of a sandbox, and the facts that it writes there for other commands. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { running } from "../processes";
import type { PartReport } from "../real/choice";
import type { Toolchain } from "../toolchain/toolchain";
import { writeSecret } from "../control-plane/secret-file";

/** Root of the clone. */
export const ROOT = resolve(__dirname, "../..");

/** State directory of the sandbox: `ALPA_AUTH_SANDBOX_DIR`, or `.sandbox` in the clone. */
export function stateDir(): string {
    return resolve(process.env.ALPA_AUTH_SANDBOX_DIR ?? join(ROOT, ".sandbox"));
}

/** Id of a sandbox. All its processes have it in their environment. */
export function sandboxId(dir: string): string {
    return createHash("sha256").update(dir).digest("hex").slice(0, 12);
}

/** Facts of a running world: addresses and paths, never a secret. */
export interface WorldFacts {
    /** Path of the administrator's kubeconfig; unset without a cluster. */
    kubeconfig?: string;
    /** Facts of Cloudflare; unset without an account. */
    cloudflare?: CloudflareFacts;
    /** `host:port` of the server of the model: Alpa, or an OpenAI-compatible one. */
    alpa: string;
    /** Folder of the sandbox's stack files. */
    stackFiles: string;
    /** `bin`: folder that must be first on PATH; `pulumi`: path of the real `pulumi`. */
    bin: string;
    pulumi: string;
    /** Folder of the emulated Pulumi plugins; unset if an official Pulumi is installed. */
    pluginDir?: string;
    /**
     * Version of the Kubernetes provider if the sandbox has built it from its newest Go module, which is older than the SDK.
     * Unset for a released provider, which has the version of the SDK.
     */
    olderProvider?: string;
    /** The parts of the world. Each part is either real or an emulator. */
    parts: PartReport[];
}

/** Facts of a world with a cluster. */
export interface ClusterFacts extends WorldFacts {
    kubeconfig: string;
    /** `host:port` of all servers of the model. The field `alpa` contains the first one. */
    alpas: string[];
    chartRepository: string;
    /** Address of the Prometheus that reads the gateway pods; unset if there is none. */
    prometheus?: string;
    /** Set if the nodes have GPUs and Alpa runs on bare metal. */
    gpus?: GpuFacts;
}

/** Facts for the conversion of Alpa to pods of the cluster, and back. */
export interface GpuFacts {
    /** Names of the nodes with GPUs. The first is the Ray head. */
    nodes: string[];
    /** The image that serves Alpa, and the folder of the weights on every node. */
    image: string;
    weights: string;
    bareMetal: BareMetalFacts;
}

/** Hosts of Alpa with SSH. */
interface BareMetalFacts {
    /** SSH addresses, in the order of the nodes. */
    hosts: { address: string; hostKey: string }[];
    /** User to log in as. */
    user: string;
    /** Name of the systemd service that runs Alpa on each host. */
    unit: string;
    /** File with the user's private key. All hosts accept the same key. */
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

/** Facts of Cloudflare, of the host that is Alpa's head node, and of the cloudflared that it runs. */
export interface HeadNodeFacts extends CloudflareFacts {
    host: {
        /** `host:port`. */
        address: string;
        user: string;
        hostKey: string;
        /** File with the user's private key. */
        privateKeyFile: string;
        /** Port of the health check of the first connector; each further connector uses the next port. */
        metricsPort: number;
    };
    cloudflared: {
        version: string;
        sha256: string;
        source: string;
    };
}

/** File with an API token of the sandbox's Cloudflare account. */
export function apiTokenFile(dir: string): string {
    return join(dir, "cloudflare-api-token");
}

/** File with the key that the sandbox's OpenAI-compatible server expects. */
export function serverKeyFile(dir: string): string {
    return join(dir, "openai-server-key");
}

/** File with the headers that carry a credential. @param name `<consumer>/<credential>` */
export function credentialFile(dir: string, name: string): string {
    return join(dir, "credentials", name.replace("/", "."));
}

/** Facts of the stack for `status`. */
export interface StackFacts {
    stack: string;
    /** Value of `--exposure` at `up`. Unset: the value in the shipped stack file. */
    exposure?: "direct" | "tunnel";
    url: string;
    try: Attempt[];
    /**
     * Time at which Pulumi wrote the state from which the requests are derived, in milliseconds since 1970. Unset if there is
     * no state.
     */
    stateAt?: number;
}

/** A request to try. `command` works in every folder, and prints the HTTP status on its last line. */
export interface Attempt {
    title: string;
    command: string;
    expect: number;
    /** `<consumer>/<credential>`. Set only for the request with a valid credential. */
    credential?: string;
}

/** Address of the status page of a running sandbox. */
export interface PageFacts {
    url: string;
}

/** Paths of Pulumi and its plugins. `up` writes them as soon as they exist, while the world starts. */
export type PulumiFacts = Toolchain<"pulumi">;

/** Longest wait for Pulumi, in seconds. From empty caches, a build takes up to 11 minutes on two idle cores. */
export const BUILD_SECONDS = 3600;

/** Name of the process in which the world runs, in the list of processes. */
export const WORLD = "world";

/** Names of the facts. Each is a file `<name>.json` in the state directory while the sandbox runs. */
export const FACTS = ["pulumi", "world", "stack", "page"] as const;
type FactsName = (typeof FACTS)[number];

export function readFacts<T>(dir: string, name: FactsName): T | undefined {
    const file = join(dir, `${name}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : undefined;
}

/**
 * Facts of the running world, for a command that needs it.
 * @throws Error if no sandbox runs. Of a sandbox that was killed, the facts still exist
 */
export function runningWorld(dir: string, command: string): WorldFacts {
    const world = readFacts<WorldFacts>(dir, "world");
    if (world === undefined)
        throw new Error(
            `${command}: no sandbox is running in ${dir}. To start one, run: npm run sandbox -- up. If a sandbox runs in another folder, set ALPA_AUTH_SANDBOX_DIR to that folder.`,
        );
    if (!running(dir).some(({ name }) => name === WORLD))
        throw new Error(`${command}: the sandbox in ${dir} has ended. To start a new one, run: npm run sandbox -- up.`);
    return world;
}

/** Writes facts atomically, because `status` can read them at any time. */
export function writeFacts(dir: string, name: FactsName, facts: object): void {
    writePrivate(join(dir, `${name}.json`), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Writes a file that only this user can read, atomically, and creates its folder. */
export function writePrivate(file: string, text: string): void {
    mkdirSync(resolve(file, ".."), { recursive: true, mode: 0o700 });
    writeSecret(file, text);
}
