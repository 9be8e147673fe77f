import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import {
    type Microk8sHost,
    type Microk8sHostOptions,
    Microk8sEmulator,
    type Microk8sEmulatorOptions,
} from "../../../hosts";
import { MemoryCluster } from "../../../hosts/microk8s/memory-cluster";
import type { Reply } from "../../../hosts/reply";
import { waitFor } from "../../../processes";

export const LAUNCHER = "var/snap/microk8s/common/etc/launcher";
const PROGRAMS: Record<string, string> = { microk8s: "/snap/bin/microk8s", snap: "/usr/local/sbin/snap" };

/** Hosts of one test file, whose programs are called without SSH. */
export class Hosts {
    readonly api = new MemoryCluster();
    readonly emulator: Microk8sEmulator;
    private count = 0;

    constructor(options: Microk8sEmulatorOptions = {}) {
        this.emulator = new Microk8sEmulator({ api: this.api, scale: 0.001, ...options });
        after(() => this.emulator.close());
    }

    async start(name: string, options: Partial<Microk8sHostOptions> = {}): Promise<Microk8sHost> {
        return this.emulator.startHost({ name, address: `127.0.0.${21 + this.count++}`, ...options });
    }

    /** A host with MicroK8s, after its launch configuration was applied. */
    async installed(
        name: string,
        options: Partial<Microk8sHostOptions> & { launch?: string } = {},
    ): Promise<Microk8sHost> {
        const { launch = "version: 0.1.0\n", ...more } = options;
        const host = await this.start(name, { ...more, files: { "etc/microk8s.yaml": launch, ...more.files } });
        await done(host, "snap install microk8s --classic --channel=1.34/stable");
        await applied(host);
        return host;
    }

    async joined(to: Microk8sHost, name: string, flags = ""): Promise<Microk8sHost> {
        const host = await this.installed(name);
        await done(host, `microk8s join ${await address(to)} ${flags}`);
        return host;
    }
}

/** Runs a command line as root, split at spaces. */
export function root(host: Microk8sHost, line: string): Promise<Reply> {
    const [program, ...args] = line.trim().split(/ +/);
    return host.stage.run(PROGRAMS[program], args);
}

/** Runs a command line as root, and fails unless it exits with 0. @returns its output */
export async function done(host: Microk8sHost, line: string): Promise<string> {
    const reply = await root(host, line);
    assert.deepEqual([reply.code, reply.code === 0 ? "" : reply.out + reply.err], [0, ""], line);
    return reply.out.trimEnd();
}

/** Requests an invitation from a host. @returns the argument of `microk8s join`: address, token and fingerprint */
export const address = async (host: Microk8sHost): Promise<string> =>
    (await done(host, "microk8s add-node --format short")).replace("microk8s join ", "");

export const exists = (host: Microk8sHost, file: string): boolean => fs.existsSync(path.join(host.root, file));
export const text = (host: Microk8sHost, file: string): string => fs.readFileSync(path.join(host.root, file), "utf8");

export async function applied(host: Microk8sHost): Promise<void> {
    await waitFor("the launch configuration", () => exists(host, `${LAUNCHER}/install.yaml.applied`), { seconds: 25 });
}

export const names = async (host: Microk8sHost): Promise<string[]> =>
    (await done(host, "microk8s kubectl get nodes -o name")).split("\n");
