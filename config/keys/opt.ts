import * as z from "zod";
import { must } from "../problems";
import { image, cores, memory, dnsLabel, matching, positive, text, url } from "../values";
import { optional } from "../schema";

/** Version of the chart `kuberay-operator`: the tests use it, and it must be 1.6 or newer for `upgradeStrategy`. */
export const OPERATOR_VERSION = "1.6.2";

const nodeName = matching(
    /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
    "be the name of a node in the output of kubectl get nodes",
);

const isPath = (value: string) => /^\/[^\0:]*$/.test(value) && !value.split("/").includes("..");

const path = (what: string) => matching(isPath, `be ${what}, an absolute path without ..`);

/** A path that is inserted into a shell command of a container. */
const plainPath = path("a folder").refine(
    (value) => !isPath(value) || /^[\w./@%+=,-]+$/.test(value),
    must("have no blank, quote or other special character of the shell", "Rename the folder"),
);

/** Where a claim or a folder of the node is mounted: a path that hides no files of the image. */
const MOUNT_PATH = "/weights";

const weights = z
    .strictObject({
        claim: dnsLabel.optional().meta({
            description: "PersistentVolumeClaim in `namespace` that has the weights.",
            examples: ["opt-weights"],
            unset: "not set; `hostPath` or `inImage` is set instead",
        }),
        hostPath: optional(path("a folder"), {
            description: "Folder with the weights, the same on every node.",
            examples: ["/data/opt-175b"],
            unset: "not set; `claim` or `inImage` is set instead",
        }),
        inImage: plainPath.optional().meta({
            description: "Folder of the image that contains the weights.",
            examples: ["/weights"],
            unset: "not set; `claim` or `hostPath` is set instead",
        }),
    })
    .describe("Source of the weights: exactly one of `claim`, `hostPath` and `inImage`.");

/** Source and folder of the weights in the pods. */
export function weightsOf({ claim, hostPath, inImage = MOUNT_PATH }: z.infer<typeof weights>) {
    return { mountPath: inImage, ...(claim && { claim }), ...(hostPath && { hostPath }) };
}

const command = optional(text("a command"), {
    description: "Command that starts Alpa. A shell in the head container runs it after every node has joined.",
    examples: ["python3 -m alpa.serve --model opt"],
    unset: "`launch_model_worker.py` in `/opt/alpa/examples/llm_serving`",
});

const model = text("the name of a model")
    .refine((name) => /^[\w./:@+-]*$/.test(name), must("have no blank, quote or other special character of the shell"))
    .meta({ description: "Name of the model, as Alpa spells it.", examples: ["alpa/opt-175b"] });

const rayVersion = matching(
    /^\d+\.\d+\.\d+$/,
    "be one exact version, for example 2.0.0",
    "Name the version in the image",
).meta({ description: "Version of Ray in the image.", examples: ["2.0.0"] });

export const opt = z
    .strictObject({
        shape: z.enum(["kuberay", "rampart"]).default("kuberay").meta({
            description:
                "How Alpa runs in the cluster: `kuberay` as a RayCluster of the KubeRay operator, `rampart` with the charts of the private Rampart repository.",
            reason: "The KubeRay operator is public; the charts of Rampart are not.",
        }),
        image: image.meta({
            examples: ["registry.example.com/alpa-serving:1.0.0"],
            description:
                "Image of the head and the workers. It contains Ray, Alpa, Python and the tokenizer, since the pods have no network access outside the cluster.",
        }),
        model,
        gpusPerNode: positive("a number of GPUs")
            .default(8)
            .meta({ description: "GPUs that Alpa uses on each node.", reason: "A DGX node has eight." }),
        nodes: z
            .array(nodeName)
            .min(1, { error: "must name at least one node. Write for example [dgx-01, dgx-02]." })
            .meta({
                description:
                    "Nodes that run Alpa, each with the value of its label `kubernetes.io/hostname`. The first one runs the head.",
                examples: [["dgx-01", "dgx-02"]],
            }),
        rayVersion,
        weights,
        command,
        watchdog: z.boolean(must("be true or false")).default(false).meta({
            description:
                "Whether a watchdog restarts Alpa when it makes no progress. Changing the key restarts Alpa once.",
            reason: "A restart interrupts all answers, so the operator chooses it.",
        }),
        cpu: cores.default("16").meta({
            description: "CPU cores that each pod requests, in the notation of Kubernetes.",
            reason: "The model computes on GPUs; Ray and the web server need few cores.",
        }),
        memory: memory.default("200Gi").meta({
            description: "Memory of each pod, in the notation of Kubernetes.",
            reason: "Weights pass through memory on their way to the GPUs.",
        }),
        runtimeClass: dnsLabel.optional().meta({
            description: "RuntimeClass of the pods.",
            examples: ["nvidia"],
            unset: "the default runtime of the nodes",
        }),
        hostNetwork: optional(text("the reason"), {
            description:
                "Reason why the pods use the network of their nodes: their ports are then open on the nodes, no network policy protects them, and each run warns.",
            examples: ["NCCL over InfiniBand"],
            unset: "the pods use the network of the cluster",
            reason: "Network policies protect only pods with addresses of their own.",
        }),
        operator: z.enum(["install", "existing"]).default("install").meta({
            description:
                "The KubeRay operator: `install` installs an operator only for `namespace`, `existing` uses an operator that already watches `namespace`.",
            reason: "With its own operator the stack does not depend on the version of an existing operator.",
        }),
        operatorChartRepository: url.default("https://ray-project.github.io/kuberay-helm/").meta({
            description:
                "Chart repository that has the chart `kuberay-operator`, with shape `kuberay`. Set it to a mirror if the cluster does not reach the default.",
            reason: "The repository of KubeRay's project.",
        }),
        operatorImage: image.default(`quay.io/kuberay/operator:v${OPERATOR_VERSION}`).meta({
            description:
                "Image of KubeRay's operator, with shape `kuberay`. Set it to a mirror if the nodes do not reach the default.",
            reason: "The image of KubeRay's project, in the version that the tests use.",
        }),
    })
    .describe("Alpa as a component of the cluster.");
