/** The commands `microk8s join`, `leave` and `remove-node`. */
import { failed, unsupported, type Reply, said } from "../reply";
import { DATA } from "./files";
import type { Microk8sNode } from "./node";
import { find, type KubeObject } from "./rest";
import { useToken } from "./tokens";

/** Port of the cluster agent. */
export const AGENT_PORT = "25000";
/** Shortest accepted fingerprint, in hex digits. */
const FINGERPRINT_LENGTH = 12;
const WORKER_LABELS = "microk8s.io/cluster=true,node.kubernetes.io/microk8s-worker=microk8s-worker";
const OPTIONS = ["--worker", "--controlplane", "--skip-verify", "--disable-low-memory-guard"];

/** MicroK8s prints its messages on standard output, even those of failures. */
const printed = (text: string, code: number): Reply => ({ code, out: `${text}\n`, err: "" });

/**
 * `microk8s join`: moves the node from its own cluster to another cluster. Like the real command, it does not check whether
 * the node is already a member, and then lists the node twice. The kubelet arguments of the other node replace the node's
 * own arguments.
 */
export async function join(node: Microk8sNode, args: string[]): Promise<Reply> {
    const asked = invitation(args);
    if ("out" in asked) return asked;
    const { ip, token } = asked;
    const { files, faults, address, surroundings } = node.place;
    const worker = args.includes("--worker");
    if (args.includes("--disable-low-memory-guard")) files.lock("low-memory-guard.lock", false);
    if (files.locked("low-memory-guard.lock") && !worker)
        return printed("This node does not have enough RAM to host the Kubernetes control plane services", 1);
    const other = surroundings.at(ip)?.node;
    if (!other || !other.running || other.isWorker)
        return failed(`ConnectionRefusedError: [Errno 111] Connection refused (${ip}:${AGENT_PORT})`);
    const contacting = `Contacting cluster at ${ip}`;
    const distrust = args.includes("--skip-verify") ? undefined : distrusts(other, asked);
    if (distrust !== undefined) return printed(`${contacting}\nJoining cluster failed. ${distrust}`, 4);
    const fault = faults.take("join");
    if (fault) return failed(fault.message ?? "Connection failed. timed out (500).", fault.code ?? 6);
    if (!useToken(other.place.files, token))
        return printed(`${contacting}\nConnection failed. invalid token (500).`, 6);
    if (other.place.address === address) {
        const why = `Connection failed. The joining node has the same IP (${ip}) as the node we contact. (500).`;
        return printed(`${contacting}\n${why}`, 6);
    }
    await becomePart(node, other, worker);
    const cut = faults.take("join-half-way");
    if (cut) return failed(cut.message ?? "Waiting for this node to finish joining the cluster. .. ..", cut.code);
    await node.register();
    return said(
        worker
            ? `${contacting}\n\nThe node has joined the cluster and will appear in the nodes list in a few seconds.`
            : contacting,
    );
}

interface Invitation {
    ip: string;
    token: string;
    fingerprint: string | undefined;
}

/** Parses the arguments of `microk8s join`, as `microk8s add-node` prints them; returns an error if they are invalid. */
function invitation(args: string[]): Invitation | Reply {
    const odd = args.find((arg) => arg.startsWith("-") && !OPTIONS.includes(arg));
    if (odd) return unsupported(`microk8s join ${odd}`);
    const [url, ...more] = args.filter((arg) => !arg.startsWith("-"));
    if (!url || more.length > 0) return failed("Error: Missing argument 'CONNECTION'.", 2);
    const [endpoint, token = "", fingerprint] = url.split("/");
    const [ip, port, ...rest] = endpoint.split(":");
    if (rest.length > 0 || port !== AGENT_PORT) return unsupported(`joining ${endpoint}: only <IPv4>:${AGENT_PORT}`);
    return { ip, token, fingerprint };
}

/**
 * Returns an error if the fingerprint in the invitation does not match the other node. Without a fingerprint there is no
 * check.
 */
function distrusts(other: Microk8sNode, { ip, fingerprint }: Invitation): string | undefined {
    if (fingerprint === undefined) return undefined;
    if (fingerprint.length < FINGERPRINT_LENGTH) return "Fingerprint too short.";
    const isOthers = other.place.files.fingerprint().startsWith(fingerprint);
    return isOthers ? undefined : `Could not verify the identity of ${ip}.`;
}

async function becomePart(node: Microk8sNode, other: Microk8sNode, worker: boolean): Promise<void> {
    const { files, address, name } = node.place;
    // If the node is the only member of its old cluster, the old cluster ends. A larger cluster still lists the node as a
    // member.
    const before = node.cluster;
    if (before.members.length === 1 && before !== other.cluster) {
        before.forget(node.member);
        await before.unregister(name);
    }
    node.cluster = other.cluster;
    node.member = { name, address, worker };
    node.cluster.members.push(node.member);
    files.setArguments("kubelet", nothing(files.arguments("kubelet")));
    files.setArguments("kubelet", Object.fromEntries(other.place.files.arguments("kubelet")));
    files.lock("no-cert-reissue", true);
    if (worker) {
        files.setArguments("kubelet", {
            "--node-labels": WORKER_LABELS,
            "--client-ca-file": "${SNAP_DATA}/certs/ca.remote.crt",
        });
        files.write(`${DATA}/certs/ca.remote.crt`, other.place.files.read(`${DATA}/certs/ca.crt`));
        for (const lock of ["clustered.lock", "no-k8s-dqlite"]) files.lock(lock, true);
        files.lock("no-apiserver-proxy", false);
    } else {
        const mode = other.place.files.arguments("kube-apiserver").get("--authorization-mode") ?? "AlwaysAllow";
        files.setArguments("kube-apiserver", { "--authorization-mode": mode });
        files.write(`${DATA}/certs/ca.crt`, other.place.files.read(`${DATA}/certs/ca.crt`));
        await files.renewCertificate(name);
    }
    node.writeStore();
    other.writeStore();
}

const nothing = (all: Map<string, string>) => Object.fromEntries([...all.keys()].map((name) => [name, null]));

/** `microk8s leave`: gives the node a new cluster of its own. Its Node object stays in the old cluster until `remove-node`. */
export async function leave(node: Microk8sNode): Promise<Reply> {
    const { files, faults } = node.place;
    const { cluster, member } = node;
    const fault = faults.take("leave");
    if (fault) return failed(fault.message ?? "Contacting node failed.", fault.code ?? 2);
    if (!member.worker) {
        const store = cluster.store();
        const voters = store.filter(({ role }) => role === "voter");
        if (store.length > 1 && voters.length === 1 && voters[0].member === member)
            return printed(
                "This node currently holds the only copy of the Kubernetes database so it cannot leave the cluster.",
                3,
            );
    }
    cluster.forget(member);
    files.resetArguments(["kubelet", "kube-proxy"]);
    for (const lock of ["clustered.lock", "no-k8s-dqlite", "no-cert-reissue"]) files.lock(lock, false);
    files.lock("no-apiserver-proxy", true);
    files.remove(`${DATA}/certs/ca.remote.crt`);
    await node.found();
    return said("Generating new cluster certificates.\nWaiting for node to start.");
}

/** `microk8s remove-node`, which runs on a node that stays in the cluster. */
export async function removeNode(node: Microk8sNode, args: string[]): Promise<Reply> {
    const force = args.includes("--force");
    const [given, ...more] = args.filter((arg) => arg !== "--force");
    if (!given || given.startsWith("-") || more.length > 0) return failed("Error: Missing argument 'NODE'.", 2);
    const fault = node.place.faults.take("remove-node");
    if (fault) return failed(fault.message ?? "Contacting node failed.", fault.code ?? 2);
    const { cluster } = node;
    const name = (await cluster.nodes()).find((one) => internalAddress(one) === given)?.metadata.name ?? given;
    const object = await find(cluster.rest, `/api/v1/nodes/${name}`);
    const isStore = (member: { name: string; address: string }) => member.name === name || member.address === given;
    if (!object) {
        const text = [`Node ${name} does not exist in Kubernetes.`];
        if (force) text.push(`Attempting to remove ${name} from dqlite.`);
        // As in MicroK8s, the member is found only by its address: the data store has no names.
        const stale = force && cluster.members.find((member) => !member.worker && member.address === given);
        if (stale) {
            cluster.forget(stale);
            text.push("Removing node entry found in dqlite.");
        }
        return printed(text.join("\n"), 1);
    }
    if (name === node.place.name) return unsupported("removing the node on which remove-node runs");
    const stored = cluster.store().find(({ member }) => isStore(member));
    if (stored && !force)
        return printed(
            `Removal failed. Node ${name} is registered with dqlite. Please, run first 'microk8s leave' on the departing node. \n` +
                "If the node is not available anymore and will never attempt to join the cluster in the future use the " +
                "'--force' flag \nto unregister the node while removing it.",
            1,
        );
    cluster.forget(cluster.members.find(isStore));
    await cluster.unregister(name);
    node.writeStore();
    return said();
}

const internalAddress = ({ status }: KubeObject): string | undefined =>
    (status?.addresses as { type: string; address: string }[] | undefined)?.find(({ type }) => type === "InternalIP")
        ?.address;
