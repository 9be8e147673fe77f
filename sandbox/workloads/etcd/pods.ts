/**
 * Runs a real etcd for each running pod of etcd, because real gateways need one. The data folder of a member belongs to the
 * pod's PersistentVolumeClaim, and is deleted with the claim. A pod without a claim starts empty. If the node of a member is
 * cut off, its process is suspended.
 *
 * A member has the flags of its container, but the ports in them are replaced by free ports of this machine.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { freePort, type TrackedProcess } from "../../processes";
import { folderOf, halt, startProgram, type Ground } from "../../real/run";
import type { Snapshot } from "../cluster";
import { etcdFlags, memberNames } from "./flags";
import { ETCD, isRunning, runs } from "../pods/images";

const CLIENT_PORT = 2379;

interface Member {
    process: TrackedProcess;
    clientPort: number;
    /** The member's data folder. */
    data: string;
    pod: V1Pod;
}

export class EtcdPods {
    /** Running members, by uid of the pod. */
    private readonly members = new Map<string, Member>();
    /** Peer ports of members, by `namespace/name`. They stay the same because a member stores them in its data. */
    private readonly peerPorts = new Map<string, number>();
    /** Data folders, by uid of the PersistentVolumeClaim. For a pod without a claim, by uid of the pod. */
    private readonly kept = new Map<string, string>();
    /**
     * Resolves the promise of a requested loss of data, after the members have restarted without data. Unset if no loss
     * is requested.
     */
    private emptied: (() => void) | undefined;

    constructor(
        private readonly program: string,
        private readonly ground: Ground,
        private readonly reachable: (pod: V1Pod) => boolean,
    ) {}

    async reconcile(now: Snapshot): Promise<void> {
        const pods = now.pods.filter((pod) => runs(pod, ETCD) && isRunning(pod));
        for (const [uid, { process }] of this.members)
            if (!pods.some((pod) => pod.metadata!.uid === uid)) {
                this.members.delete(uid);
                halt(process, false);
                await process.stop();
            }
        const owners = new Set([...now.claims, ...now.pods].map(({ metadata }) => metadata!.uid!));
        for (const [owner, folder] of this.kept)
            if (!owners.has(owner)) {
                this.kept.delete(owner);
                rmSync(folder, { recursive: true, force: true });
            }
        const { emptied } = this;
        if (emptied) await this.empty();
        for (const pod of pods) {
            const known = this.members.get(pod.metadata!.uid!);
            if (known) Object.assign(known, { pod });
            else await this.start(pod, now);
        }
        for (const { process, pod } of this.members.values()) halt(process, !this.reachable(pod));
        if (emptied) {
            this.emptied = undefined;
            emptied();
        }
    }

    /** Makes the members restart without their data. @returns a promise that resolves when that has happened */
    lose(): Promise<void> {
        return new Promise((resolve) => (this.emptied = resolve));
    }

    /** Port on 127.0.0.1 that emulates the client port of the member in a pod; undefined for another port or pod. */
    podPort(namespace: string, name: string, port: number): number | undefined {
        const found = [...this.members.values()].find(
            ({ pod: { metadata } }) => metadata!.namespace === namespace && metadata!.name === name,
        );
        return port === CLIENT_PORT ? found?.clientPort : undefined;
    }

    async close(): Promise<void> {
        for (const { process } of this.members.values()) halt(process, false);
        await Promise.all([...this.members.values()].map(({ process }) => process.stop()));
    }

    private async empty(): Promise<void> {
        for (const [uid, { process, data }] of this.members) {
            halt(process, false);
            await process.stop({ graceSeconds: 0 });
            rmSync(data, { recursive: true, force: true });
            this.members.delete(uid);
        }
    }

    private async start(pod: V1Pod, now: Snapshot): Promise<void> {
        const { uid, namespace, name } = pod.metadata!;
        const flags = etcdFlags(pod, now);
        const own = flags.name ?? name!;
        const clientPort = await freePort();
        const peers = new Map<string, string>();
        for (const member of memberNames(pod))
            peers.set(member, `http://127.0.0.1:${await this.peerPort(pod, member)}`);
        const client = `http://127.0.0.1:${clientPort}`;
        const peer = `http://127.0.0.1:${await this.peerPort(pod, own)}`;
        const folder = folderOf(this.ground, uid!);
        const data = this.dataOf(pod, now);
        const options = {
            ...flags,
            name: own,
            "data-dir": data,
            ...{ "listen-client-urls": client, "advertise-client-urls": client },
            ...{ "listen-peer-urls": peer, "initial-advertise-peer-urls": peer },
            "listen-metrics-urls": `http://127.0.0.1:${await freePort()}`,
            "initial-cluster": [...peers].map(([member, url]) => `${member}=${url}`).join(","),
        };
        const process = await startProgram(this.ground, {
            name: `etcd-of-pods ${namespace}/${name}`,
            command: [this.program, ...Object.entries(options).map(([option, value]) => `--${option}=${value}`)],
            folder,
        });
        this.members.set(uid!, { process, clientPort, data, pod });
        this.ground.log(`${namespace}/${name}: etcd runs on ${client} (${process.logFile})`);
    }

    private async peerPort(pod: V1Pod, member: string): Promise<number> {
        const key = `${pod.metadata!.namespace}/${member}`;
        const port = this.peerPorts.get(key) ?? (await freePort());
        this.peerPorts.set(key, port);
        return port;
    }

    private dataOf(pod: V1Pod, now: Snapshot): string {
        const names = (pod.spec!.volumes ?? []).map((volume) => volume.persistentVolumeClaim?.claimName);
        const claim = now.claims.find(
            ({ metadata }) => metadata!.namespace === pod.metadata!.namespace && names.includes(metadata!.name),
        );
        const owner = (claim ?? pod).metadata!.uid!;
        const folder = join(folderOf(this.ground, owner), "etcd");
        this.kept.set(owner, folder);
        return folder;
    }
}
