import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { hostCommand, type HostStep } from "../host-command";
import { certificateNames, POD_NETWORK, renderLaunch, type Storage } from "./launch";
import { clusterScript, INVITATION_SECONDS, nodeScript, type ClusterFacts, type Waits } from "./scripts";
import { owner } from "../../kubernetes/ownership";
import { placeOf, type SshHost } from "../ssh-host";
import { plainHost, runOnHost } from "../ssh-run";
import { commandLine } from "../ssh-script";

/** A host that becomes a node of the cluster. */
export interface NodeHost extends SshHost {
    role: "control-plane" | "worker";
    /** Labels, in the form `name=value`. */
    labels: string[];
    /** Taints, in the form `name=value:effect`. */
    taints: string[];
}

export interface Microk8sNodeArgs {
    host: NodeHost;
    /** Control-plane node on which commands about this node run. Unset if no other control-plane node exists. */
    peer?: SshHost;
    /** Whether the node starts the cluster. */
    first: boolean;
    channel: string;
    /** Additional names and addresses in the API server's certificate. */
    sans: string[];
    storage: Storage;
    /** Pod network. Default: MicroK8s' own default. */
    podNetwork?: string;
    waits: Waits;
    /** Resources of nodes that must join before this one. */
    after: pulumi.Resource[];
}

/**
 * One node of a MicroK8s cluster. The deletion of each step reverses it, so removing a node runs the steps backwards: it
 * drains the node, the node leaves, the other nodes remove it, and MicroK8s is uninstalled.
 */
export class Microk8sNode extends pulumi.ComponentResource {
    private readonly place: string;
    private readonly facts: Pick<ClusterFacts, "labels" | "taints" | "place">;

    constructor(
        private readonly title: string,
        private readonly args: Microk8sNodeArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("alpa-auth:index:Microk8sNode", title, {}, opts);
        const { host, peer, first, channel, after } = args;
        const { role, labels, taints } = host;
        this.place = placeOf(host);
        this.facts = { place: this.place, labels, taints };

        const snap = this.step(
            "snap",
            { on: host, create: ["install", channel, role], delete: ["remove"], script: this.onNode() },
            [],
        );
        const node = pulumi.unsecret(snap.stdout);
        const token = this.token();
        // The first node starts the cluster and needs no invitation. It has this resource too, since another node
        // removes it from the cluster when the resource is deleted.
        const invitation = peer && {
            on: peer,
            ...(first ? { create: ["hold"] } : { create: ["invite", "new"], update: ["invite", "again"] }),
            delete: ["remove-node"],
            script: this.onCluster(peer, node, token?.result),
        };
        const member = invitation && this.step("member", invitation, [snap, ...after]);
        const joined = this.step(
            "joined",
            {
                on: host,
                create: first ? ["start"] : ["join", role],
                delete: ["leave", role],
                script: this.onNode(first ? undefined : member?.stdout),
            },
            [member ?? snap],
            token && peer ? this.invitedAgain(peer, node, token.result) : undefined,
        );
        const asked = first ? host : peer!;
        const marked = this.step(
            "labels",
            { on: asked, create: ["mark"], delete: ["unmark"], script: this.onCluster(asked, node) },
            [joined],
            undefined,
            // Labels and taints that are no longer in the config are removed from the node before the new ones are set.
            [...labels, ...taints],
        );
        this.step("ready", { on: asked, create: ["ready"], delete: ["drain"], script: this.onCluster(asked, node) }, [
            marked,
        ]);
        this.registerOutputs({});
    }

    /** Join token for this node only, generated here so that both the inviting and the joining node get it. */
    private token(): random.RandomPassword | undefined {
        if (this.args.first) return undefined;
        // MicroK8s accepts no shorter token.
        return new random.RandomPassword(`${this.title}-token`, { length: 32, special: false }, { parent: this });
    }

    private onNode(url?: pulumi.Output<string>): pulumi.Output<string> {
        const { host, sans, waits, first, storage, podNetwork = POD_NETWORK } = this.args;
        const names = certificateNames(host, sans);
        const own = podNetwork === POD_NETWORK ? {} : { podNetwork };
        const launch = renderLaunch({ role: host.role, first, sans: names, storage, ...own });
        const secrets = pulumi.all([url, host.sudoPassword]);
        return secrets.apply(([invitation, sudoPassword]) =>
            nodeScript({ launch, sans: names, podNetwork, url: invitation, sudoPassword }, waits),
        );
    }

    private onCluster(asked: SshHost, node: pulumi.Output<string>, token?: pulumi.Output<string>) {
        const secrets = pulumi.all([node, token, asked.sudoPassword]);
        return secrets.apply(([name, secret, sudoPassword]) =>
            clusterScript(
                { ...this.facts, address: asked.address, node: name, token: secret, sudoPassword },
                this.args.waits,
            ),
        );
    }

    /**
     * Renews the invitation right before the node joins. An invitation expires after some minutes, so if an earlier join has
     * failed, the invitation in the state has expired.
     */
    private invitedAgain(peer: SshHost, node: pulumi.Output<string>, token: pulumi.Output<string>) {
        const script = this.onCluster(peer, node, token);
        const line = commandLine(placeOf(peer), owner(), "invite", "again");
        const hook = new pulumi.ResourceHook(`${this.title}-invited`, async () => {
            const text = await new Promise<string>((resolve) => script.apply(resolve));
            const limit = AbortSignal.timeout(INVITATION_SECONDS * 1000);
            const { code, stderr } = await runOnHost(await plainHost(peer), line, text, limit);
            if (code !== 0) throw new Error(stderr.trim());
        });
        return { beforeCreate: [hook] };
    }

    private step(
        name: string,
        { on, script, ...commands }: HostStep,
        dependsOn: pulumi.Resource[],
        hooks?: pulumi.ResourceHookBinding,
        triggers?: string[],
    ): command.remote.Command {
        return hostCommand(
            `${this.title}-${name}`,
            { on, script, triggers, ...commands },
            { parent: this, dependsOn, hooks },
        );
    }
}
