/**
 * A cluster of MicroK8s: its API and its members. Members with a control plane store the cluster's data (dqlite). If there
 * are one or two of these members, the first is a voter and the second a spare. If there are three or more, three are
 * voters, up to two are standbys, and all further members are spares.
 */
import { ask, type KubeObject, type KubeRest, make, MERGE_PATCH, unmake } from "./rest";
import { nodeObject, type NodeShape } from "../../control-plane/nodes";

type Role = "voter" | "standby" | "spare";

export interface Member {
    /** Hostname of the node. */
    name: string;
    address: string;
    worker: boolean;
}

/** Port of the data store on each member. */
const DQLITE_PORT = 19001;

export class Cluster {
    /** Members in the order of their joins. */
    readonly members: Member[] = [];

    constructor(readonly rest: KubeRest) {}

    /** The members that store the data, with their roles. */
    store(): { address: string; role: Role; member: Member }[] {
        const masters = this.members.filter((member) => !member.worker);
        const role = (index: number): Role => {
            if (masters.length < 3) return index === 0 ? "voter" : "spare";
            return index < 3 ? "voter" : index < 5 ? "standby" : "spare";
        };
        return masters.map((member, i) => ({ address: `${member.address}:${DQLITE_PORT}`, role: role(i), member }));
    }

    /** Removes a member from the list; its Node object stays. */
    forget(member: Member | undefined): void {
        const at = this.members.findIndex((one) => one === member);
        if (at >= 0) this.members.splice(at, 1);
    }

    nodes(): Promise<KubeObject[]> {
        return ask<{ items: KubeObject[] }>(this.rest, "GET", "/api/v1/nodes").then(({ items }) => items);
    }

    /**
     * Does what the first start of a member's kubelet does: it creates the Node with the labels and taints of the kubelet's
     * arguments.
     */
    async register(member: Member, shape: NodeShape, version: string, kubelet: Map<string, string>): Promise<void> {
        const node = nodeObject({ ...shape, name: member.name }, version) as KubeObject;
        const own = Object.entries(node.metadata.labels!).filter(([name]) => !name.includes("microk8s"));
        node.metadata.labels = { ...Object.fromEntries(own), ...pairs(kubelet.get("--node-labels")) };
        const taints = (kubelet.get("--register-with-taints") ?? "").split(",").filter(Boolean).map(taintOf);
        if (taints.length > 0) node.spec = { taints };
        node.status.addresses = [
            { type: "InternalIP", address: member.address },
            { type: "Hostname", address: member.name },
        ];
        await make(this.rest, "/api/v1/nodes", node);
        // If a Node of that name exists, it keeps its labels and taints, and gets the new address.
        const { addresses } = node.status;
        await this.rest.request("PATCH", `/api/v1/nodes/${member.name}/status`, { status: { addresses } }, MERGE_PATCH);
    }

    /** Writes the version of a restarted kubelet into its Node. */
    async reported(member: Member, version: string): Promise<void> {
        const status = { nodeInfo: { kubeletVersion: version, kubeProxyVersion: version } };
        await this.rest.request("PATCH", `/api/v1/nodes/${member.name}/status`, { status }, MERGE_PATCH);
    }

    async unregister(name: string): Promise<void> {
        await unmake(this.rest, `/api/v1/nodes/${name}`);
    }
}

function pairs(text = ""): Record<string, string> {
    const all = text.split(",").filter(Boolean);
    return Object.fromEntries(all.map((pair) => [pair.split("=")[0], pair.split("=").slice(1).join("=")]));
}

/** Parses a taint of the form `key=value:Effect` or `key:Effect`. */
export function taintOf(text: string): { key: string; value?: string; effect: string } {
    const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
    return { key: key ?? text, ...(value ? { value } : {}), effect: effect ?? "NoSchedule" };
}
