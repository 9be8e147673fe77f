import * as z from "zod";
import { POD_NETWORK, SERVICE_NETWORK } from "../../../components/hosts/microk8s/launch";
import { networkProblem, overlapIpv4 } from "../../../components/hosts/networks";
import { parseKubeconfig } from "../../../components/kubernetes/kubeconfig";
import { must } from "../../problems";
import { sshHost } from "../hosts/ssh-host";
import { LABEL_KEY, problem, text } from "../../values";

/** Default channel of MicroK8s. */
export const DEFAULT_CHANNEL = "1.34/stable";
/** The first minor version of MicroK8s whose launch configuration can set the pod network. */
const OLDEST_MINOR = 28;

const VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
/** Prefixes of labels that Kubernetes, MicroK8s and this project set themselves. */
const RESERVED = /^(node-role\.|node\.)?(kubernetes|microk8s|alpa-auth)\.io\/|^node\.kubernetes\.io\//;

/** Value of a label. */
const value = z
    .string(must("be a string", "Write it in quotes"))
    .refine((text) => VALUE.test(text), must("be the value of a label: letters, digits, -, _ and ."));

const labels = z.record(z.string(), value).check((ctx) => {
    for (const name of Object.keys(ctx.value))
        if (!LABEL_KEY.test(name))
            ctx.issues.push({
                ...problem(name, "must be the name of a label, for example example.com/rack"),
                path: [name],
            });
        else if (RESERVED.test(name))
            ctx.issues.push({
                ...problem(name, "must not be a name that the cluster sets itself", "Choose another name"),
                path: [name],
            });
});

const node = sshHost.extend({
    labels: labels.default({}).meta({
        description: "Labels of the node, as a mapping of label names to values.",
        examples: [{ gpu: "a100" }],
        reason: "No label is needed.",
    }),
});

const channel = z.string().check((ctx) => {
    const [, minor] = /^1\.(\d+)\/(?:stable|candidate|beta|edge)$/.exec(ctx.value) ?? [];
    if (ctx.value.includes("strict"))
        ctx.issues.push(problem(ctx.value, "must be a channel with classic confinement", "Remove -strict"));
    else if (minor === undefined)
        ctx.issues.push(
            problem(
                ctx.value,
                "must be track/risk with a pinned track, never latest",
                `Write for example ${DEFAULT_CHANNEL}`,
            ),
        );
    else if (Number(minor) < OLDEST_MINOR)
        ctx.issues.push(
            problem(
                ctx.value,
                `must be 1.${OLDEST_MINOR} or newer, which can set cluster.podNetwork`,
                "Choose a newer track",
            ),
        );
});

const podNetwork = z.string().check((ctx) => {
    const { value } = ctx;
    const wrong = value.includes(":") ? "an IPv4 network, for example 10.200.0.0/16" : networkProblem(value);
    const bits = Number(/\/(\d+)$/.exec(value)?.[1]);
    if (wrong !== undefined) ctx.issues.push(problem(value, `must be ${wrong}`));
    // Calico assigns each node blocks of 64 addresses, so a network smaller than /24 has blocks for at most two nodes.
    else if (!(bits >= 8 && bits <= 24))
        ctx.issues.push(problem(value, "must be a network of /8 to /24, with addresses for all pods"));
    else if (overlapIpv4(value, SERVICE_NETWORK))
        ctx.issues.push(
            problem(value, `must not overlap ${SERVICE_NETWORK}, the network of Services`, "Choose another"),
        );
});

/** Key `cluster` of an option with a gateway: an existing cluster, or nodes for a new one. */
export const cluster = z
    .strictObject({
        kubeconfig: z
            .string()
            .refine((content) => parseKubeconfig(content).ok, {
                error: (i) => `must be a kubeconfig (${why(i.input)}). Set its content as a secret`,
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
        nodes: z
            .array(node)
            .min(1, { error: "must name at least one host. Add a host, or remove the key" })
            .optional()
            .meta({
                description:
                    "Hosts on which the stack creates a MicroK8s cluster, over SSH. The first one starts the cluster, and the others join it. Without this key the stack uses an existing cluster.",
                unset: "the cluster already exists",
            }),
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

function why(input: unknown): string {
    const parsed = parseKubeconfig(String(input));
    return parsed.ok ? "" : parsed.why;
}
