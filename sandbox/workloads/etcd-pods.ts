/**
 * Runs a real etcd for each running pod of one, for gateways that are real. What it stores lies where its claim says, and
 * lasts as long as the claim; a pod without one begins empty. A member whose node is cut off is halted.
 *
 * The image's entry point is not there: a member joins the cluster that its variables name, or goes on with what it has. As with
 * the image, the first member sets up authentication whenever it starts with a password and finds none.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { freePort, pause, type TrackedProcess } from "../processes";
import { folderOf, halt, startProgram, type Ground } from "../real/run";
import { isReady, selects, type Snapshot } from "./cluster";
import { isFirst } from "./etcd-members";
import { variablesOf } from "./pod-environment";
import { ETCD, instance, isRunning, runs } from "./pods";

const CLIENT_PORT = 2379;
/** Until a member that has no majority yet is asked again. */
const RETRY_MILLISECONDS = 500;
/** A byte of zero in base64: from it to itself, etcd takes every key. */
const EVERY = "AA==";

interface Member {
    process: TrackedProcess;
    clientPort: number;
    /** Folder of its data. */
    data: string;
    /** Of etcd's user root; unset: etcd asks for none. */
    password?: string;
    pod: V1Pod;
}

export class EtcdPods {
    /** By uid of the pod. */
    private readonly members = new Map<string, Member>();
    /** Ports of members among themselves, by release and name: they are part of what a member stores. */
    private readonly peerPorts = new Map<string, number>();
    /** Folders of data, by the uid of what they belong to. */
    private readonly kept = new Map<string, string>();
    private last: Snapshot | undefined;
    /** Called when the members that are to lose their data have come back without it. */
    private emptied: (() => void) | undefined;

    constructor(
        private readonly program: string,
        private readonly ground: Ground,
        private readonly reachable: (pod: V1Pod) => boolean,
    ) {}

    async reconcile(now: Snapshot): Promise<void> {
        this.last = now;
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

    /**
     * Has the members come back without their data, at the next look, or deletes all keys while they run.
     * @returns when they are at it
     */
    async lose(how: "data" | "keys"): Promise<void> {
        if (how === "data") return new Promise((resolve) => (this.emptied = resolve));
        for (const { clientPort, password } of this.members.values()) {
            const client = `http://127.0.0.1:${clientPort}`;
            const token = password && (await call(client, "auth/authenticate", { name: "root", password })).token;
            await call(client, "kv/deleterange", { key: EVERY, range_end: EVERY }, token);
        }
    }

    /** Port on 127.0.0.1 of a member behind a Service; undefined for other Services. @throws Error where none is ready */
    behind(service: V1Service, port: number): number | undefined {
        const members = [...this.members.values()].filter(({ pod }) => selects(service, pod));
        const behind = this.last?.pods.some((pod) => runs(pod, ETCD) && selects(service, pod));
        if (!behind || port !== CLIENT_PORT) return undefined;
        const ready = members.find(({ pod }) => this.isListedReady(pod) && this.reachable(pod));
        if (!ready) throw new Error(`${service.metadata!.name}:${port}: connection refused`);
        return ready.clientPort;
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

    private isListedReady({ metadata }: V1Pod): boolean {
        return this.last?.pods.some((pod) => pod.metadata!.uid === metadata!.uid && isReady(pod)) ?? false;
    }

    private async start(pod: V1Pod, now: Snapshot): Promise<void> {
        const { uid, namespace, name } = pod.metadata!;
        const container = pod.spec!.containers.find(({ image }) => ETCD.test(image!))!;
        const {
            ETCD_NAME = name!,
            ETCD_INITIAL_CLUSTER,
            ETCD_INITIAL_CLUSTER_TOKEN,
            ETCD_ROOT_PASSWORD,
        } = variablesOf(pod, container, now);
        const clientPort = await freePort();
        const names = ETCD_INITIAL_CLUSTER?.split(",").map((member) => member.split("=")[0]) ?? [ETCD_NAME];
        const peers = new Map<string, string>();
        for (const member of names) peers.set(member, `http://127.0.0.1:${await this.peerPort(pod, member)}`);
        const client = `http://127.0.0.1:${clientPort}`;
        const peer = peers.get(ETCD_NAME) ?? `http://127.0.0.1:${await this.peerPort(pod, ETCD_NAME)}`;
        const folder = folderOf(this.ground, uid!);
        const data = this.dataOf(pod, now);
        const options = {
            name: ETCD_NAME,
            "data-dir": data,
            ...{ "listen-client-urls": client, "advertise-client-urls": client },
            ...{ "listen-peer-urls": peer, "initial-advertise-peer-urls": peer },
            "initial-cluster": [...peers].map(([member, url]) => `${member}=${url}`).join(","),
            "initial-cluster-token": ETCD_INITIAL_CLUSTER_TOKEN ?? "etcd-cluster",
        };
        const process = await startProgram(this.ground, {
            name: `etcd-of-pods ${namespace}/${name}`,
            command: [this.program, ...Object.entries(options).map(([option, value]) => `--${option}=${value}`)],
            folder,
        });
        this.members.set(uid!, { process, clientPort, data, password: ETCD_ROOT_PASSWORD, pod });
        this.ground.log(`${namespace}/${name}: etcd runs on ${client} (${process.logFile})`);
        if (ETCD_ROOT_PASSWORD !== undefined && isFirst(pod))
            // Not awaited: it needs the majority of the members, which start after this one.
            void this.authenticate(`${namespace}/${name}`, uid!, client, ETCD_ROOT_PASSWORD);
    }

    private async authenticate(title: string, uid: string, client: string, password: string): Promise<void> {
        while (this.members.has(uid)) {
            try {
                if (await enableAuthentication(client, password)) this.ground.log(`${title}: etcd authenticates`);
                return;
            } catch {
                await pause(RETRY_MILLISECONDS);
            }
        }
    }

    private async peerPort(pod: V1Pod, member: string): Promise<number> {
        const key = `${instance(pod)}/${member}`;
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

/** Makes the user root and has etcd ask for it. @returns false where it does already. @throws Error where etcd does not answer */
async function enableAuthentication(client: string, password: string): Promise<boolean> {
    if ((await call(client, "auth/status", {})).enabled === true) return false;
    await call(client, "auth/user/add", { name: "root", password });
    await call(client, "auth/user/grant", { user: "root", role: "root" });
    await call(client, "auth/enable", {});
    return true;
}

/** @param token of a user, where etcd asks for one. @throws Error with etcd's words, but when what is to be made is there */
async function call(client: string, path: string, body: object, token?: string) {
    const answer = await fetch(`${client}/v3/${path}`, {
        method: "POST",
        headers: token === undefined ? {} : { Authorization: token },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(5000),
    });
    const said = (await answer.json()) as { enabled?: boolean; token?: string; message?: string };
    // Of an attempt that was cut off.
    if (!answer.ok && !/already exists/.test(said.message ?? "")) throw new Error(`etcd: ${path}: ${said.message}`);
    return said;
}
