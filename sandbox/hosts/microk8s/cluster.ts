/**
 * A cluster of MicroK8s: its API, and who belongs to it. Members with a control plane keep its data (dqlite): with fewer than
 * three of them one votes and the others are spares, else three vote, two stand by and the rest are spares.
 */
import { ask, type KubeObject, type KubeRest, make, MERGE_PATCH, unmake } from "./rest";
import { nodeObject, type NodeShape } from "../../control-plane/nodes";

export type Role = "voter" | "standby" | "spare";

export interface Member {
    /** Host name of the node. */
    name: string;
    address: string;
    worker: boolean;
}

/** Port of the data store on each member. */
const DQLITE_PORT = 19001;

export class Cluster {
    /** In the order they came. */
    readonly members: Member[] = [];

    constructor(readonly rest: KubeRest) {}

    /** Where the data is, and who votes. */
    store(): { address: string; role: Role; member: Member }[] {
        const masters = this.members.filter((member) => !member.worker);
        const role = (index: number): Role => {
            if (masters.length < 3) return index === 0 ? "voter" : "spare";
            return index < 3 ? "voter" : index < 5 ? "standby" : "spare";
        };
        return masters.map((member, i) => ({ address: `${member.address}:${DQLITE_PORT}`, role: role(i), member }));
    }

    /** Takes a member out; its Node object stays. */
    forget(member: Member | undefined): void {
        const at = this.members.findIndex((one) => one === member);
        if (at >= 0) this.members.splice(at, 1);
    }

    nodes(): Promise<KubeObject[]> {
        return ask<{ items: KubeObject[] }>(this.rest, "GET", "/api/v1/nodes").then(({ items }) => items);
    }

    /** What the kubelet of a member does at its first start: the labels and taints are those of its arguments. */
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
        // A Node of that name which is there already keeps its labels and taints, and gets the address.
        const { addresses } = node.status;
        await this.rest.request("PATCH", `/api/v1/nodes/${member.name}/status`, { status: { addresses } }, MERGE_PATCH);
    }

    /** A kubelet of another version has started. */
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

/** `key=value:Effect` or `key:Effect`. */
export function taintOf(text: string): { key: string; value?: string; effect: string } {
    const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
    return { key: key ?? text, ...(value ? { value } : {}), effect: effect ?? "NoSchedule" };
}
