import * as z from "zod";
import { isOlder } from "../../components/apisix/version";
import { got } from "../problems";
import { imageDigest, imageRepository, imageTag } from "./images";
import { command, exactVersion, image, model, parametersBillion, rayVersion, weights } from "./opt-version";
import { cores, memory } from "./quantity";
import { enabled, reason, reasonFor } from "./reason";
import { optWatchdog } from "./watchdog";
import { dnsLabel, pinned, positive, url } from "../values";

/** The first operator whose RayCluster has the field `upgradeStrategy` (KubeRay 1.6). */
const OLDEST_OPERATOR = "1.6";

/** Default memory of each pod, and how much of that is shared memory. */
const DEFAULT_MEMORY = "200Gi";
const DEFAULT_SHARED_MEMORY = "16Gi";

/** Default longest wait for Alpa to start, in seconds: more than three times the expected 12 minutes. */
const DEFAULT_START_SECONDS = 2400;

const operatorVersion = pinned.refine(
    (version) => !/^\d+\.\d+\.\d+/.test(version) || !isOlder(version, OLDEST_OPERATOR),
    {
        error: (i) =>
            `must be ${OLDEST_OPERATOR} or newer: an older operator does not restart the pods when the RayCluster changes${got(i.input)}. Name a newer version`,
    },
);

const nodeName = z
    .string()
    .refine((name) => /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name), {
        error: (i) => `must be the name of a node in the output of kubectl get nodes${got(i.input)}`,
    })
    .meta({
        description:
            "Name of the node: the value of its label `kubernetes.io/hostname`. A node without other keys can be written as its name alone.",
        examples: ["dgx-01"],
    });

/** A node: its name, or a mapping with its GPUs. */
const node = z.preprocess(
    (input) => (typeof input === "string" ? { name: input } : input),
    z.strictObject({
        name: nodeName,
        gpus: positive("a number of GPUs")
            .optional()
            .meta({ description: "Number of GPUs of the node.", examples: [8], unset: "read from the cluster" }),
    }),
);

/** Key `opt`: Alpa as a component of the cluster. */
export const opt = z
    .strictObject({
        shape: z.enum(["kuberay", "rampart"]).default("kuberay").meta({
            description:
                "How Alpa runs in the cluster: `kuberay` as a RayCluster of the KubeRay operator, `rampart` with the charts of the private Rampart repository.",
            reason: "The KubeRay operator is public; the charts of Rampart are not.",
        }),
        image: image.meta({
            description:
                "Image of the head and the workers, with a tag, a digest or both. It contains Ray, Alpa, Python and the tokenizer, since the pods have no network access outside the cluster.",
        }),
        model,
        parametersBillion,
        gpuMemory: memory.meta({
            description: "Memory of one GPU, in the notation of Kubernetes.",
            examples: ["80Gi"],
        }),
        gpusPerNode: positive("a number of GPUs")
            .default(8)
            .meta({ description: "GPUs that Alpa uses on each node.", reason: "A DGX node has eight." }),
        nodes: z
            .array(node)
            .min(1, { error: "must name at least one node. Write for example [dgx-01, dgx-02]" })
            .describe("Nodes that run Alpa, each as its name or as a mapping. The first one runs the head."),
        rayVersion,
        weights,
        command,
        watchdog: optWatchdog.optional(),
        sharedMemory: memory.default(DEFAULT_SHARED_MEMORY).meta({
            description: "Shared memory of each pod. It is part of the memory of the pod.",
            reason: "Ray stores its objects in shared memory.",
        }),
        resources: z
            .strictObject({
                cpu: cores.default("16").meta({
                    description: "CPU cores that each pod requests, in the notation of Kubernetes.",
                    reason: "The model computes on GPUs; Ray and the web server need few cores.",
                }),
                memory: memory.default(DEFAULT_MEMORY).meta({
                    description: "Memory of each pod, in the notation of Kubernetes.",
                    reason: "Weights pass through memory on their way to the GPUs.",
                }),
            })
            .prefault({})
            .describe("Resources that each pod requests on its node, in addition to the GPUs."),
        runtimeClass: dnsLabel.optional().meta({
            description: "RuntimeClass of the pods.",
            examples: ["nvidia"],
            unset: "the default runtime of the nodes",
        }),
        hostNetwork: z
            .strictObject({
                enabled: enabled.default(false).meta({
                    description:
                        "Whether the pods use the network of their nodes: their ports are then open on the nodes, and no network policy protects them.",
                    reason: "Network policies protect only pods with addresses of their own.",
                }),
                reason: reason.meta({
                    description: "Reason why the pods use the network of their nodes. Required with `enabled: true`.",
                    examples: ["NCCL over InfiniBand"],
                    unset: "not set",
                }),
            })
            .check(reasonFor({ enabled: true }, "Give the reason why the pods' ports may be open on the nodes"))
            .prefault({})
            .describe("Whether the pods use the network of their nodes instead of the network of the cluster."),
        startTimeoutSeconds: positive("a time in seconds").default(DEFAULT_START_SECONDS).meta({
            description: "Longest wait for Alpa to start and load its model, in seconds.",
            reason: "More than three times the 12 minutes that a start is expected to take.",
        }),
        operator: z.enum(["install", "existing"]).default("install").meta({
            description:
                "The KubeRay operator: `install` installs an operator only for `namespace`, `existing` uses an operator that already watches `namespace`.",
            reason: "With its own operator the stack does not depend on the version of an existing operator.",
        }),
        operatorChart: z
            .strictObject({
                repository: url.default("https://ray-project.github.io/kuberay-helm/").meta({
                    description:
                        "Chart repository that has the chart `kuberay-operator`. Set it to a mirror if the cluster does not reach the default.",
                    reason: "The repository of KubeRay's project.",
                }),
                version: operatorVersion.default("1.6.2").meta({
                    description: "Version of the chart `kuberay-operator`, 1.6 or newer.",
                    reason: "The version that the tests use.",
                }),
                image: z
                    .strictObject({
                        repository: imageRepository.default("quay.io/kuberay/operator").meta({
                            description:
                                "Image of KubeRay's operator. Set it to a mirror if the nodes do not reach the default.",
                            reason: "The image of KubeRay's project.",
                        }),
                        tag: imageTag.optional().meta({
                            description: "Tag of the image.",
                            examples: ["v1.6.2"],
                            unset: "`v` and the version of the chart",
                        }),
                        digest: imageDigest,
                    })
                    .prefault({})
                    .describe("The image of KubeRay's operator."),
            })
            .prefault({})
            .describe("The chart of KubeRay's operator, with shape `kuberay`."),
        rampartCharts: z
            .strictObject({
                repository: dnsLabel.default("rampart-repo").meta({
                    description: "Name of the Secret that has the address of the private Rampart chart repository.",
                    reason: "The name that Rampart uses.",
                }),
                operator: exactVersion.default("0.1.0").meta({
                    description: "Version of the chart `kuberay-operator` in the private Rampart repository.",
                    reason: "The version for which this project renders values.",
                }),
                cluster: exactVersion.default("0.1.0").meta({
                    description: "Version of the chart `ray-cluster` in the private Rampart repository.",
                    reason: "The version for which this project renders values.",
                }),
                service: exactVersion.default("0.2.0").meta({
                    description: "Version of the chart `alpa-opt-service` in the private Rampart repository.",
                    reason: "The version for which this project renders values.",
                }),
                serviceName: dnsLabel.default("component-alpa-opt-service").meta({
                    description:
                        "Name of the Service that the chart `alpa-opt-service` creates in the namespace of its component.",
                    reason: "The name that the default version uses.",
                }),
            })
            .prefault({})
            .describe("The charts of the private Rampart repository, with shape `rampart`."),
    })
    .describe("Alpa as a component of the cluster.");

export type ParsedOpt = z.infer<typeof opt>;
