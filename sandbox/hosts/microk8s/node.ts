/** MicroK8s on one host: it changes the files of the host and the objects of its cluster. */
import { X509Certificate } from "node:crypto";
import { generate } from "selfsigned";
import { stringify } from "yaml";
import type { NodeShape } from "../../control-plane/nodes";
import { failed, unsupported, type Reply } from "../reply";
import { ADDONS } from "./addons";
import type { Cluster, Member } from "./cluster";
import type { Faults } from "./faults";
import { DATA, type Files, LAUNCH_FILES, LAUNCHER, SNAP } from "./files";
import { applyBefore, DEFAULT_LAUNCH, parseLaunch } from "./launch";
import { Launcher } from "./launcher";
import type { Release } from "../snap/releases";

/** Functions and settings of the emulator that all its hosts share. */
export interface Surroundings {
    /** Creates the new cluster of a host after `snap install` or `microk8s leave`. */
    newCluster(host: { name: string; address: string }): Cluster;
    /** Returns the host with this address; undefined if no host has it. */
    at(address: string): { node: Microk8sNode | undefined } | undefined;
    /** Converts a wait of MicroK8s from seconds into milliseconds of real time. The emulator can shorten all waits. */
    milliseconds(seconds: number): number;
}

export interface Place {
    name: string;
    address: string;
    /** Whether the host has 512 MiB of memory or less. */
    lowMemory: boolean;
    shape: NodeShape;
    files: Files;
    faults: Faults;
    surroundings: Surroundings;
}

export class Microk8sNode {
    /** The cluster of the node. Undefined only during the installation. */
    cluster!: Cluster;
    member!: Member;
    /** False after `microk8s stop`. */
    running = true;
    private readonly launcher = new Launcher(this);
    /** Resolves when the last requested change of an add-on has ended: changes run one after another. */
    private lastAddon: Promise<unknown> = Promise.resolve();

    constructor(
        readonly place: Place,
        public release: Release,
    ) {}

    /** Whether the node is a worker, without a control plane. */
    get isWorker(): boolean {
        return this.place.files.locked("clustered.lock");
    }

    /** @throws Error with the message of the snap's hook, if the installation must fail */
    async install(): Promise<void> {
        const { files, lowMemory } = this.place;
        files.layOut(this.release.revision);
        const found = LAUNCH_FILES.find((name) => files.has(name));
        const text = found ? files.read(found) : DEFAULT_LAUNCH;
        applyBefore(
            files,
            parseLaunch(text, (line) => files.log(line)),
        );
        files.write(`${LAUNCHER}/install.yaml`, text);
        files.lock("ha-cluster", true);
        files.lock("no-apiserver-proxy", true);
        files.lock("low-memory-guard.lock", lowMemory);
        await this.found();
        this.launcher.watch();
    }

    /** Creates a cluster with this node only. */
    async found(): Promise<void> {
        const { name, address, files, surroundings } = this.place;
        this.cluster = surroundings.newCluster(this.place);
        this.member = { name, address, worker: false };
        this.cluster.members.push(this.member);
        await files.renewCertificate(name);
        files.write(`${DATA}/certs/ca.crt`, await authority(this.cluster));
        this.writeStore();
        await this.register();
    }

    /** Creates or updates the Node object, as the kubelet does when it starts. */
    register(): Promise<void> {
        const { shape, files } = this.place;
        return this.cluster.register(this.member, shape, this.release.version, files.arguments("kubelet"));
    }

    /** Writes the files in which the data store lists its members. */
    writeStore(): void {
        const { files, address } = this.place;
        const backend = `${DATA}/var/kubernetes/backend`;
        if (this.member.worker) return files.remove(backend);
        const store = this.storeOf();
        const ID = (i: number) => BigInt(2) ** BigInt(40) + BigInt(i);
        const roles = { voter: 0, standby: 1, spare: 2 };
        files.write(
            `${backend}/cluster.yaml`,
            stringify(store.map((one, i) => ({ Address: one.address, ID: ID(i), Role: roles[one.role] }))),
        );
        const own = store.find(({ member }) => member === this.member);
        files.write(`${backend}/info.yaml`, stringify({ Address: own?.address ?? `${address}:19001` }));
    }

    /** Members of the data store. If the cluster has a single member, this member has an address on loopback. */
    storeOf(): ReturnType<Cluster["store"]> {
        const store = this.cluster.store();
        if (this.cluster.members.length > 1) return store;
        return store.map((one) => ({ ...one, address: "127.0.0.1:19001" }));
    }

    async enable(verb: "enable" | "disable", name: string, args: string[]): Promise<Reply> {
        const run = this.lastAddon.then(() => this.enableNow(verb, name, args));
        this.lastAddon = run.catch(() => undefined);
        return run;
    }

    private async enableNow(verb: "enable" | "disable", given: string, args: string[]): Promise<Reply> {
        const { files, faults } = this.place;
        const name = given.replace(/^core\//, "");
        const addon = ADDONS.find((one) => one.name === name);
        if (!addon)
            return { code: 0, out: `Addon ${given.includes("/") ? given : `core/${name}`} not found\n`, err: "" };
        const infer = given === name ? `Infer repository core for addon ${name}\n` : "";
        if (!addon.emulated) return unsupported(`add-on ${name}`);
        if ((await addon.emulated.isOn(this.cluster, files)) === (verb === "enable"))
            return { code: 0, out: `Addon core/${name} is already ${verb}d\n`, err: infer };
        const fault = faults.take("addon", name);
        if (fault) return failed(`${infer}${fault.message ?? `${name}: the script of the add-on failed`}`, fault.code);
        if (verb === "disable") await addon.emulated.disable(this.cluster, files);
        else await addon.emulated.enable(this.cluster, files, args);
        return {
            code: 0,
            out: `${verb === "enable" ? "Enabling" : "Disabling"} ${name}\n${name} is ${verb}d\n`,
            err: infer,
        };
    }

    /** Stops the programs of the node. The node stays in the cluster until it is removed there. */
    async close(): Promise<void> {
        await this.launcher.close();
    }

    /** Changes to another release. The node restarts, and its Node object gets the new version. */
    async refresh(release: Release): Promise<void> {
        const { files } = this.place;
        files.rename(`${SNAP}/${this.release.revision}`, `${SNAP}/${release.revision}`);
        files.link(DATA, release.revision);
        this.release = release;
        await this.cluster.reported(this.member, release.version);
    }

    /** Undoes a failed installation. */
    async undo(): Promise<void> {
        await this.close();
        this.cluster?.forget(this.member);
        this.place.files.undo(this.release.revision);
    }

    /** Removes the snap with all its data. */
    async uninstall(): Promise<void> {
        await this.close();
        this.place.files.remove(SNAP);
        if (this.cluster.members.length > 1 || this.cluster.members[0] !== this.member) return;
        // If the last node is removed, the cluster ends. The objects of its add-ons are deleted. All other objects stay in
        // the API.
        await Promise.all(ADDONS.map(({ emulated }) => emulated?.end?.(this.cluster)));
        this.cluster.forget(this.member);
        await this.cluster.unregister(this.member.name);
    }
}

/** Returns the CA certificate of the cluster: the CA in the cluster's kubeconfig, or a new CA if the kubeconfig has none. */
async function authority(cluster: Cluster): Promise<string> {
    const data = /certificate-authority-data: (\S+)/.exec(cluster.rest.kubeconfig)?.[1];
    if (data) return new X509Certificate(Buffer.from(data, "base64")).toString();
    const made = await generate([{ name: "commonName", value: "10.152.183.1" }], { keyType: "ec", curve: "P-256" });
    return made.cert;
}
