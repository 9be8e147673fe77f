/** MicroK8s 1.34 on one host: the subcommands of `microk8s` that the project's scripts use. The rest is refused by name. */
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { cpuNodes, nodeObject } from "../../control-plane/nodes";
import type { ProgramCall } from "../emulated-program";
import { failed, said, unsupported, type Reply } from "../reply";
import { ADDONS, enable, endAddons } from "./addons";
import type { Faults } from "./faults";
import { kubectl } from "./kubectl";
import { type KubeObject, type KubeRest, make, unmake } from "./rest";

const SNAP = "var/snap/microk8s";
const LAUNCH = `${SNAP}/common/.microk8s.yaml`;
const ARGUMENTS = `${SNAP}/current/args/kube-apiserver`;
const CERTIFICATE = `${SNAP}/current/certs/server.crt`;
/** Port of the cluster agent. */
const AGENT_PORT = "25000";
const VERSION = "v1.34.1";

/** A cluster: its API, and the nodes that store its data. */
export interface Cluster {
    rest: KubeRest;
    members: Microk8sNode[];
}

export interface Place {
    name: string;
    address: string;
    /** Folder of the host. */
    root: string;
    faults: Faults;
    newCluster(): Cluster;
    /** The MicroK8s at an address. */
    at(address: string): Microk8sNode | undefined;
}

export class Microk8sNode {
    cluster!: Cluster;
    /** Tokens of joins, with their ends in milliseconds. */
    private readonly tokens = new Map<string, number>();

    constructor(private readonly place: Place) {}

    /** @throws Error with the message of the snap's hook */
    async install(): Promise<void> {
        const launch = this.launch();
        const fault = this.place.faults.take("install");
        if (fault) throw new Error(fault.message ?? "exit status 1");
        const mode = (launch.extraKubeAPIServerArgs ?? {})["--authorization-mode"] ?? "AlwaysAllow";
        this.write(ARGUMENTS, `--authorization-mode=${mode}\n`);
        this.write(`${SNAP}/common/etc/launcher/install.yaml.applied`, "");
        await this.found();
    }

    /** Reads the launch configuration. The sandbox supports the fields that the project sets. */
    private launch(): Record<string, Record<string, string>> {
        const file = path.join(this.place.root, LAUNCH);
        if (!fs.existsSync(file)) return {};
        const { version, ...launch } = parse(fs.readFileSync(file, "utf8"));
        const known = ["extraKubeAPIServerArgs", "extraKubeletArgs", "extraCNIEnv"];
        const odd = Object.keys(launch).find((name) => !known.includes(name));
        if (version !== "0.1.0" || odd !== undefined)
            throw new Error(
                `unsupported by the sandbox: field ${odd ?? `version ${version}`} of a launch configuration`,
            );
        return launch;
    }

    async microk8s({ args, privileged, signal }: ProgramCall): Promise<Reply> {
        if (!privileged) return failed("Insufficient permissions to access MicroK8s.");
        const [verb, ...words] = args;
        const line = words.join(" ");
        if (verb === "kubectl") return kubectl(this.cluster.rest, words, signal);
        if (verb === "status" && /^--wait-ready --timeout \d+$/.test(line)) return said("microk8s is running");
        if (verb === "config" && line === "") return said(this.cluster.rest.kubeconfig);
        if (verb === "leave" && line === "") return this.leave();
        if (verb === "join" && words.length === 1) return this.join(words[0]);
        const added = /^(?:--token (\S+) )?--token-ttl (\d+) --format token-check$/.exec(line);
        if (verb === "add-node" && added) return this.addNode(Number(added[2]), added[1]);
        const [, removed] = /^(\S+) --force$/.exec(line) ?? [];
        if (verb === "remove-node" && removed) return this.removeNode(removed);
        if (verb === "enable" && Object.hasOwn(ADDONS, line)) {
            await enable(this.cluster.rest, line);
            return said(`${line} is enabled`);
        }
        return unsupported(`microk8s ${args.join(" ")}`);
    }

    /** Removes the snap with its data. The Node stays in the cluster, unless it is the last one. */
    async uninstall(): Promise<void> {
        fs.rmSync(path.join(this.place.root, SNAP), { recursive: true, force: true });
        this.forget(this);
        if (this.cluster.members.length > 0) return;
        await endAddons(this.cluster.rest);
        await unmake(this.cluster.rest, `/api/v1/nodes/${this.place.name}`);
    }

    /** Starts a cluster of its own. */
    private async found(): Promise<void> {
        this.enter(this.place.newCluster());
        await this.register();
    }

    private enter(cluster: Cluster): void {
        this.cluster = cluster;
        cluster.members.push(this);
        this.write(CERTIFICATE, randomBytes(32).toString("hex"));
    }

    /** Creates the Node, as the kubelet does when it starts. */
    private async register(): Promise<void> {
        const { name, address } = this.place;
        const node = nodeObject({ ...cpuNodes(1)[0], name, address }, VERSION) as KubeObject;
        await make(this.cluster.rest, "/api/v1/nodes", node);
        // A Node of that name keeps its labels, and gets the new address.
        const status = { addresses: node.status.addresses };
        await this.cluster.rest.call("PATCH", `/api/v1/nodes/${name}/status`, { status });
    }

    private addNode(seconds: number, token = randomBytes(16).toString("hex")): Reply {
        if (token.length < 32) return failed("Invalid token size.  It must be 32 characters long.");
        this.tokens.set(token, Date.now() + seconds * 1000);
        return said(`${token}/${this.check()}`);
    }

    private async join(url: string): Promise<Reply> {
        const [, address, port, token, check] = /^([\d.]+):(\d+)\/(\w+)\/([0-9a-f]{12})$/.exec(url) ?? [];
        if (port !== AGENT_PORT) return unsupported(`microk8s join ${url}`);
        const other = this.place.at(address);
        if (other === undefined) return failed(`ConnectionRefusedError: [Errno 111] Connection refused (${address})`);
        if (check !== other.check())
            return failed(`Joining cluster failed. Could not verify the identity of ${address}.`, 4);
        if (!other.admits(token)) return failed("Connection failed. invalid token (500).", 6);
        await this.leaveOwn();
        this.enter(other.cluster);
        const cut = this.place.faults.take("join-half-way");
        if (cut) return failed(cut.message ?? "Waiting for this node to finish joining the cluster. .. ..");
        await this.register();
        return said(`Contacting cluster at ${address}`);
    }

    /** Gives the node a cluster of its own. Its Node stays in the old cluster until `remove-node`. */
    private async leave(): Promise<Reply> {
        this.forget(this);
        await this.found();
        return said("Generating new cluster certificates.");
    }

    private async leaveOwn(): Promise<void> {
        this.forget(this);
        if (this.cluster.members.length === 0) await unmake(this.cluster.rest, `/api/v1/nodes/${this.place.name}`);
    }

    private async removeNode(name: string): Promise<Reply> {
        if (name === this.place.name) return unsupported("removing the node on which remove-node runs");
        const { rest, members } = this.cluster;
        if (!(await rest.find(`/api/v1/nodes/${name}`))) return failed(`Node ${name} does not exist in Kubernetes.`);
        this.forget(members.find(({ place }) => place.name === name));
        await unmake(rest, `/api/v1/nodes/${name}`);
        return said();
    }

    /** Whether a token is valid. A token with an end can be used several times until then. */
    private admits(token: string): boolean {
        return (this.tokens.get(token) ?? 0) > Date.now();
    }

    /** Makes all tokens invalid, as time does. */
    expireTokens(): void {
        this.tokens.clear();
    }

    private forget(member: Microk8sNode | undefined): void {
        this.cluster.members = this.cluster.members.filter((one) => one !== member);
    }

    /** The first twelve digits of the certificate's fingerprint. */
    private check(): string {
        const certificate = fs.readFileSync(path.join(this.place.root, CERTIFICATE));
        return createHash("sha256").update(certificate).digest("hex").slice(0, 12);
    }

    private write(name: string, text: string): void {
        const file = path.join(this.place.root, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
    }
}
