import * as z from "zod";
import { secret } from "@pulumi/pulumi/output";
import { POD_NETWORK, SERVICE_NETWORK } from "../../components/hosts/microk8s/launch";
import type { Microk8sArgs, NodeHost } from "../../components/hosts/microk8s/microk8s";
import { networkProblem, overlapIpv4, holdIpv4, isIpv4 } from "../../components/hosts/networks";
import { parseKubeconfig, type ClusterAccess } from "../../components/kubernetes/kubeconfig";
import { at, unwanted, type Path, type Problems, type Sound } from "../cross-check";
import type { ParsedGatewayOption } from "./gateway-option";
import { sshHost, hostParts, sshHostProblems, sshHostOf, type ParsedSsh } from "./hosts/ssh-host";
import { serverKind } from "./openai";
import { got, must } from "../problems";
import { isGiven, type Raw } from "../unchecked";
import { LABEL_KEY, ruled, text, repeats } from "../values";
import { optional } from "../schema";

const DEFAULT_CHANNEL = "1.34/stable";
/** The first minor version of MicroK8s whose launch configuration can set the pod network. */
const OLDEST_MINOR = 28;

const VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
/** Prefixes of labels that Kubernetes, MicroK8s and this project set themselves. */
const RESERVED = /^(node-role\.|node\.)?(kubernetes|microk8s|alpa-auth)\.io\/|^node\.kubernetes\.io\//;

const value = z
    .string(must("be a string", "Write it in quotes"))
    .refine((text) => VALUE.test(text), must("be the value of a label: letters, digits, -, _ and ."));

const labels = z.record(z.string(), value).superRefine((labels, ctx) => {
    for (const name of Object.keys(labels)) {
        const issue = (message: string) => ctx.addIssue({ code: "custom", path: [name], message });
        if (!LABEL_KEY.test(name)) issue(`must be the name of a label, for example example.com/rack${got(name)}.`);
        else if (RESERVED.test(name))
            issue(`must not be a name that the cluster sets itself${got(name)}. Choose another name.`);
    }
});

const node = sshHost.extend({
    labels: labels.default({}).meta({
        description: "Labels of the node, as a mapping of label names to values.",
        examples: [{ gpu: "a100" }],
        reason: "No label is needed.",
    }),
});

const channel = ruled((text) => {
    const [, minor] = /^1\.(\d+)\/(?:stable|candidate|beta|edge)$/.exec(text) ?? [];
    if (text.includes("strict")) return ["be a channel with classic confinement", "Remove -strict"];
    if (minor === undefined)
        return ["be track/risk with a pinned track, never latest", `Write for example ${DEFAULT_CHANNEL}`];
    if (Number(minor) < OLDEST_MINOR)
        return [`be 1.${OLDEST_MINOR} or newer, which can set cluster.podNetwork`, "Choose a newer track"];
});

const podNetwork = ruled((text) => {
    const wrong = text.includes(":") ? "an IPv4 network, for example 10.200.0.0/16" : networkProblem(text);
    if (wrong !== undefined) return [`be ${wrong}`];
    // Calico assigns each node blocks of 64 addresses, so a network smaller than /24 has blocks for at most two nodes.
    const bits = Number(/\/(\d+)$/.exec(text)?.[1]);
    if (!(bits >= 8 && bits <= 24)) return ["be a network of /8 to /24, with addresses for all pods"];
    if (overlapIpv4(text, SERVICE_NETWORK))
        return [`not overlap ${SERVICE_NETWORK}, the network of Services`, "Choose another"];
});

/** Key `cluster` of an option with a gateway: an existing cluster, or nodes for a new one. */
export const cluster = z
    .strictObject({
        kubeconfig: z
            .string()
            .refine((content) => parseKubeconfig(content).ok, {
                error: ({ input }) => {
                    const parsed = parseKubeconfig(String(input));
                    return `must be a kubeconfig (${parsed.ok ? "" : parsed.why}). Set its content as a secret.`;
                },
            })
            .meta({ secret: "kubeconfig.yaml" })
            .optional()
            .meta({
                description: "Content of a kubeconfig, as a secret.",
                unset: "the kubeconfig of the environment: `KUBECONFIG`, otherwise `~/.kube/config`",
            }),
        context: text("the name of a context")
            .optional()
            .meta({ description: "Context of the kubeconfig.", examples: ["microk8s"], unset: "the current context" }),
        nodes: optional(
            z.array(node).min(1, { error: "must name at least one host. Add a host, or remove the key." }),
            {
                description:
                    "Hosts on which the stack creates a MicroK8s cluster, over SSH. The first one starts the cluster, and the others join it. Without this key the stack uses an existing cluster.",
                unset: "the cluster already exists",
            },
        ),
        channel: channel.optional().meta({
            description: "Channel of MicroK8s on the nodes, in the form track/risk.",
            examples: ["1.35/stable"],
            unset: `\`${DEFAULT_CHANNEL}\``,
            reason: "The version that the tests use.",
        }),
        podNetwork: podNetwork.optional().meta({
            description:
                "Network of the pods, from /8 to /24. No host and no Alpa service may be in it. It cannot be changed later.",
            examples: ["10.200.0.0/16"],
            unset: `\`${POD_NETWORK}\``,
            reason: "MicroK8s' own default.",
        }),
    })
    .prefault({})
    .describe("The cluster that the gateway runs in.");

export type ParsedCluster = z.infer<typeof cluster>;

type Config = Pick<Sound<ParsedGatewayOption>, "cluster" | "alpa" | "openai" | "ssh">;
type Nodes = NonNullable<Sound<ParsedCluster>["nodes"]>;

export function* clusterChecks(config: Config, given: Raw): Problems {
    const { cluster: { nodes = [] } = {}, ssh } = config;
    const ofNodes = "only valid for a cluster that this stack creates. Set cluster.nodes, or remove this key.";
    if (!isGiven(given, "cluster", "nodes"))
        return yield* unwanted(given, ["cluster.channel", "cluster.podNetwork"], ofNodes);
    const twice = "must not be set together with cluster.nodes, which creates a cluster. Remove one of them.";
    yield* unwanted(given, ["cluster.kubeconfig", "cluster.context"], twice);
    yield* sshHostProblems(["cluster", "nodes"], nodes, ssh, "One host can be only one node.");
    yield* sameAddress(nodes);
    yield* networkProblems(config, given);
}

/**
 * Rejects hosts with an address in the pod network: the cluster's nodes would send packets for such a host into that
 * network, so the host would get neither requests nor answers.
 */
function* networkProblems({ cluster = {}, ...config }: Config, given: Raw): Problems {
    const { nodes = [], podNetwork = POD_NETWORK } = cluster;
    if (networkProblem(podNetwork) !== undefined) return;
    const server = serverKind(given);
    const hosts: [where: Path, address?: string][] = [
        ...nodes.map((node, i): [Path, string?] => [
            ["cluster", "nodes", i, "address"],
            hostParts(node?.address).address,
        ]),
        ...(config[server]?.endpoints ?? []).map((one, i): [Path, string?] => [
            [server, "endpoints", i],
            one?.split(":")[0],
        ]),
    ];
    for (const [where, address] of hosts) {
        if (address === undefined || !isIpv4(address)) continue;
        if (holdIpv4([podNetwork], address))
            yield at`${where}: must not be in ${podNetwork}, the network of the cluster's pods (got ${address}). Set cluster.podNetwork to an unused network; if nodes are already installed, this requires a new cluster.`;
        else if (holdIpv4([SERVICE_NETWORK], address))
            yield at`${where}: must not be in ${SERVICE_NETWORK}, the network of MicroK8s' Services (got ${address}). Use another address of that host.`;
    }
}

/** Rejects two nodes with the same address: MicroK8s cannot join them. */
function* sameAddress(nodes: Nodes): Problems {
    const places = nodes.map((node) => hostParts(node?.address));
    for (const [i, first] of repeats(places.map(({ address }) => address || undefined)))
        if (places[first].port !== places[i].port)
            yield at`${["cluster", "nodes", i]}: must have an address of its own (cluster.nodes[${first}] has ${places[i].address} too). MicroK8s identifies nodes by address. Correct one address.`;
}

export interface ClusterSettings {
    cluster: ClusterAccess;
    /**
     * Nodes of a cluster that the stack creates; unset for an existing cluster. Until the cluster exists, no kubeconfig has
     * the context in `cluster`.
     */
    nodes?: Microk8sArgs;
}

/**
 * A context that no kubeconfig contains, so that requests fail. Without a context, they would reach the cluster of the
 * environment's kubeconfig.
 */
const NOWHERE: ClusterAccess = { context: "(of cluster.nodes)" };

export function clusterSettings(
    { kubeconfig, context, nodes, ...wanted }: ParsedCluster,
    login: ParsedSsh | undefined,
): ClusterSettings {
    if (nodes === undefined)
        return { cluster: { kubeconfig: kubeconfig === undefined ? undefined : secret(kubeconfig), context } };
    const { channel = DEFAULT_CHANNEL, ...own } = wanted;
    return { cluster: NOWHERE, nodes: { nodes: nodes.map((node) => nodeOf(node, login!)), channel, ...own } };
}

/** Converts labels into arguments of kubectl, in an order that does not depend on the stack file. */
function nodeOf({ labels, ...host }: NonNullable<ParsedCluster["nodes"]>[number], login: ParsedSsh): NodeHost {
    const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    return { ...sshHostOf(host, login), labels: pairs.map(([name, value]) => `${name}=${value}`) };
}
