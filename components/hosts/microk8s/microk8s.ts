import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { graceSeconds } from "../../alpa/shutdown-times";
import { owner } from "../../kubernetes/ownership";
import { fingerprints } from "../../meaning/fingerprint";
import { plain } from "../../meaning/plain";
import { hostCommand } from "../host-command";
import { placeOf, type SshHost } from "../ssh-host";
import { plainHost, runOnHost } from "../ssh-run";
import { commandLine } from "../script";
import { POD_NETWORK, renderLaunch } from "./launch";
import { clusterScript, inviteScript, nodeScript } from "./scripts";

/** A host that becomes a node of the cluster. */
export interface NodeHost extends SshHost {
    /** Labels, in the form `name=value`. */
    labels: string[];
}

export interface Microk8sArgs {
    /** Hosts of the nodes. The first one starts the cluster, and the others join in this order. */
    nodes: NodeHost[];
    /** Channel of the snap, in the form track/risk. Running nodes are never upgraded. */
    channel: string;
    /** Pod network. Default: 10.1.0.0/16, the default of MicroK8s. */
    podNetwork?: string;
}

/** Time until an evicted pod runs on another node, in seconds. Until then, the disruption budget allows no eviction. */
const START_ELSEWHERE_SECONDS = 525;

/**
 * A MicroK8s cluster on hosts that are managed over SSH. Every node has a control plane, and MicroK8s chooses three voters
 * for the data store. A node in the required state is not changed, and a host with other MicroK8s is rejected.
 *
 * Each node is one command, which depends on the previous node's. The command `cluster` on the first node comes last: it
 * drains nodes that are no longer in the list, before Pulumi deletes their commands, which uninstall MicroK8s.
 */
export class Microk8s extends pulumi.ComponentResource {
    /** Kubeconfig of an administrator; secret. Known when every node is ready. */
    readonly kubeconfig: pulumi.Output<string>;

    /**
     * @param load `answerTimeoutSeconds`: longest time one answer may take. The pods of a node that leaves finish theirs.
     * @param seed secret of the stack, for the fingerprints of the hosts' keys
     */
    constructor(
        private readonly title: string,
        private readonly args: Microk8sArgs & { answerTimeoutSeconds: number },
        seed: pulumi.Output<string>,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:Microk8s", title, plain(args, fingerprints(seed)), opts);
        const { nodes, answerTimeoutSeconds } = args;
        const [first] = nodes;
        const commands: command.remote.Command[] = [];
        for (const host of nodes) commands.push(this.node(host, commands));
        const members = pulumi.all(
            commands.map(({ stdout }, i) => {
                const [place, { labels }] = [placeOf(nodes[i]), nodes[i]];
                return pulumi.unsecret(stdout).apply((said) => ({ node: said.split(" ")[0], place, labels }));
            }),
        );
        const script = pulumi
            .all([members, first.sudoPassword])
            .apply(([all, password]) =>
                clusterScript(all, graceSeconds({ answerTimeoutSeconds }) + START_ELSEWHERE_SECONDS, password),
            );
        const cluster = hostCommand(
            `${title}-cluster`,
            { on: first, create: ["members", ...nodes.map(placeOf)], script },
            { parent: this, dependsOn: commands },
        );
        this.kubeconfig = pulumi.secret(cluster.stdout);
        this.registerOutputs({});
    }

    private node(host: NodeHost, before: command.remote.Command[]): command.remote.Command {
        const { channel, podNetwork = POD_NETWORK } = this.args;
        const name = `${this.title}-${placeOf(host)}`;
        const invitation = before.length > 0 ? this.invitation(name, before[0]) : undefined;
        const script = pulumi
            .all([invitation?.url, host.sudoPassword])
            .apply(([url, password]) => nodeScript(renderLaunch(podNetwork), url, password));
        return hostCommand(
            name,
            { on: host, create: ["install", channel, podNetwork], delete: ["leave"], script },
            { parent: this, dependsOn: before.slice(-1), hooks: invitation?.hooks },
        );
    }

    /**
     * Invitation of a node. A hook makes its token valid right before the node joins, because a token that is valid for
     * longer is a key to the cluster. The fingerprint comes from the first node: it proves to the joining node that the
     * token goes to the right host.
     */
    private invitation(name: string, founder: command.remote.Command) {
        const first = this.args.nodes[0];
        // MicroK8s accepts no shorter token.
        const { result: token } = new random.RandomPassword(
            `${name}-token`,
            { length: 32, special: false },
            { parent: this },
        );
        const invite = new pulumi.ResourceHook(`${name}-invite`, async () => {
            const host = await plainHost(first);
            const text = await new Promise<string>((resolve) => token.apply(resolve));
            const line = commandLine(placeOf(first), owner(), "invite");
            const script = inviteScript(text, host.sudoPassword);
            const { code, stderr } = await runOnHost(host, line, script, AbortSignal.timeout(60_000));
            if (code !== 0) throw new Error(stderr.trim());
        });
        const url = pulumi
            .all([token, pulumi.unsecret(founder.stdout)])
            .apply(([secret, said]) => `${first.address}:25000/${secret}/${said.trim().split(" ")[1]}`);
        return { url, hooks: { beforeCreate: [invite] } };
    }
}
