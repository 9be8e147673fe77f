import * as z from "zod";
import { got } from "../problems";
import { anyTag, imageDigest, imageRepository, imageTag } from "./images";
import { cores, memory } from "./quantity";
import { enabled, reason, reasonFor } from "./reason";
import { optWatchdog } from "./watchdog";
import { dnsLabel, pinned, positive, problem, text, url } from "../values";

/** The operator whose definition of a RayCluster knows `upgradeStrategy` (KubeRay 1.6). */
const OLDEST_OPERATOR: [major: number, minor: number] = [1, 6];
/** An image that is pinned by its tag, its digest or both. */
const image = z
    .strictObject({
        repository: imageRepository.describe("The image, with its registry."),
        tag: anyTag.optional().describe("Tag of the image: one version, unless there is a digest."),
        digest: imageDigest,
    })
    .check((ctx) => {
        const { tag, digest } = ctx.value;
        if (digest !== undefined) return;
        if (tag === undefined)
            ctx.issues.push(problem(ctx.value, "must have a tag or a digest", "Name the one that was tried"));
        else if (/(^|[^a-z])latest/i.test(tag))
            ctx.issues.push({
                ...problem(tag, "must be a pinned tag, never latest", "Name the one that was tried"),
                path: ["tag"],
            });
    });

/** Memory of each pod, and the part of it that is shared memory, unless a stack says otherwise. */
export const DEFAULT_MEMORY = "200Gi";
export const DEFAULT_SHARED_MEMORY = "16Gi";

const isPath = (value: string) => /^\/[^\0:]*$/.test(value) && !value.split("/").includes("..");

const path = (what: string) =>
    z.string().refine(isPath, {
        error: (i) => `must be ${what}, from / on and without ..${got(i.input)}. Correct it`,
    });

/** Goes into the shell of a container. */
const plainPath = path("a folder").refine((value) => !isPath(value) || /^[\w./@%+=,-]+$/.test(value), {
    error: (i) => `must have no blank, quote or other sign that a shell reads${got(i.input)}. Rename the folder`,
});

const modelName = text("the name of a model").refine((name) => /^[\w./:@+-]*$/.test(name), {
    error: (i) => `must have no blank, quote or other sign that a shell reads${got(i.input)}. Correct it`,
});

const exactVersion = z.string().refine((version) => /^\d+\.\d+\.\d+$/.test(version), {
    error: (i) => `must be one exact version, as 2.0.0${got(i.input)}. Name that of the image`,
});

const operatorVersion = pinned.refine((version) => !/^\d+\.\d+\.\d+/.test(version) || newEnough(version), {
    error: (i) =>
        `must be ${OLDEST_OPERATOR.join(".")} or newer, whose clusters restart when they are changed${got(i.input)}. Name a newer one`,
});

const nodeName = z
    .string()
    .refine((name) => /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name), {
        error: (i) => `must be the name of a node, as kubectl get nodes prints it${got(i.input)}. Correct it`,
    })
    .describe("Label `kubernetes.io/hostname` of the node; an entry that is a text stands for this key.");

/** A node by its name alone, or with what it has. */
const node = z.preprocess(
    (input) => (typeof input === "string" ? { name: input } : input),
    z.strictObject({
        name: nodeName,
        gpus: positive("a number of GPUs").optional().describe("GPUs that the node has. Unset: the cluster says it."),
    }),
);

/** Key `opt`: what Alpa becomes as a component of the cluster. */
export const opt = z
    .strictObject({
        shape: z
            .enum(["kuberay", "rampart"])
            .default("kuberay")
            .describe(
                "What it is made of: `kuberay` is a RayCluster under KubeRay's operator, `rampart` the component types of Rampart's private repository.",
            ),
        image: image.describe(
            "Image of head and workers, with a tag, a digest or both: Ray, Alpa, their Python, and the tokenizer, since the pods reach nothing outside.",
        ),
        model: modelName.describe("Name of the model for Alpa, as `alpa/opt-175b`."),
        parametersBillion: z
            .number()
            .refine((n) => n > 0, {
                error: (i) => `must be a number of parameters above 0, in billions${got(i.input)}. Correct it`,
            })
            .optional()
            .describe("Parameters of the model, in billions. Unset: the number in its name."),
        gpuMemory: memory.describe("Memory of one GPU, as `40Gi`."),
        gpusPerNode: positive("a number of GPUs").default(8).describe("GPUs that it takes of each node."),
        nodes: z
            .array(node)
            .min(1, { error: "must name at least one node. Write for example [dgx-01, dgx-02]" })
            .describe("The nodes it runs on, each by its name or as a mapping. The first one has the head."),
        rayVersion: exactVersion.describe("Version of Ray in the image."),
        weights: z
            .strictObject({
                claim: dnsLabel.optional().describe("PersistentVolumeClaim in `namespace` that holds the weights."),
                hostPath: path("a folder").optional().describe("Folder with the weights, the same on every node."),
                inImage: z.literal(true).optional().describe("The weights are in the image."),
                mountPath: plainPath
                    .default("/weights")
                    .describe("Where the pods have the weights; read-only, unless they are in the image."),
            })
            .describe("Where the weights are: exactly one of `claim`, `hostPath` and `inImage`."),
        command: text("a command")
            .optional()
            .describe(
                "Starts Alpa, in a shell of the head's container, when every node has joined. Unset: `launch_model_worker.py` in `/opt/alpa/examples/llm_serving`.",
            ),
        watchdog: optWatchdog.optional(),
        sharedMemory: memory.default(DEFAULT_SHARED_MEMORY).describe("Shared memory of each pod; part of its memory."),
        resources: z
            .strictObject({
                cpu: cores.default("16").describe("Cores of each pod, as `16` or `500m`."),
                memory: memory.default(DEFAULT_MEMORY).describe("Memory of each pod."),
            })
            .prefault({})
            .describe("Resources of each pod, in addition to the GPUs."),
        runtimeClass: dnsLabel
            .optional()
            .describe("RuntimeClass of the pods, as `nvidia`. Unset: the default of the nodes."),
        hostNetwork: z
            .strictObject({
                enabled: enabled
                    .default(false)
                    .describe("`true`: the pods' ports are open on the nodes, and no network policy holds."),
                reason: reason.describe("Why. Needed with `enabled: true`."),
            })
            .check(reasonFor(true, "Say why the pods' ports may be open on the nodes"))
            .prefault({})
            .describe("Whether the pods are in the network of their nodes, and not in the cluster's."),
        startTimeoutSeconds: positive("a time in seconds")
            .default(2400)
            .describe("Longest wait for a component that starts until the model is loaded, in seconds."),
        operator: z
            .enum(["install", "existing"])
            .default("install")
            .describe(
                "KubeRay's operator: `install` brings one for `namespace` alone, `existing` is one that watches it already.",
            ),
        operatorChart: z
            .strictObject({
                repository: url
                    .default("https://ray-project.github.io/kuberay-helm/")
                    .describe("Address of the repository that holds the chart `kuberay-operator`; name a mirror here."),
                version: operatorVersion.default("1.6.2").describe("Version of that chart, 1.6 or newer."),
                image: z
                    .strictObject({
                        repository: imageRepository
                            .default("quay.io/kuberay/operator")
                            .describe("Image of the operator; name a mirror here."),
                        tag: imageTag.optional().describe("Tag of the image. Unset: `v` and the version of the chart."),
                        digest: imageDigest,
                    })
                    .prefault({})
                    .describe("The image of the operator."),
            })
            .prefault({})
            .describe("The chart of the operator. Only for shape `kuberay`."),
        rampartCharts: z
            .strictObject({
                repository: dnsLabel
                    .default("rampart-repo")
                    .describe("Name of the Secret with Rampart's private chart repository."),
                operator: exactVersion.default("0.1.0").describe("Version of its chart `kuberay-operator`."),
                cluster: exactVersion.default("0.1.0").describe("Version of its chart `ray-cluster`."),
                service: exactVersion.default("0.2.0").describe("Version of its chart `alpa-opt-service`."),
                serviceName: dnsLabel
                    .default("component-alpa-opt-service")
                    .describe("Name of the Service that this chart makes, in its component's namespace."),
            })
            .prefault({})
            .describe("Rampart's own charts. Only for shape `rampart`."),
    })
    .describe("What Alpa is as a component of the cluster.");

export type ParsedOpt = z.infer<typeof opt>;

function newEnough(version: string): boolean {
    const [major, minor] = version.split(".").map(Number);
    return major > OLDEST_OPERATOR[0] || (major === OLDEST_OPERATOR[0] && minor >= OLDEST_OPERATOR[1]);
}
