import * as z from "zod";
import { WHEN_DOWN } from "../../components/apisix/open-requests";
import { DEFAULT_ETCD_TAG } from "../../components/etcd/names";
import { DEFAULT_CHART, DEFAULT_TAG, isOlder, OLDEST_APISIX } from "../../components/apisix/version";
import { closed } from "./closed";
import { imageDigest, imageRepository, imageTag } from "./images";
import { got } from "../problems";
import { dnsLabel, isHost, pinned, positive, text, url } from "../values";

/** A full version: Rampart's admission webhook rejects ranges and a leading v. */
const EXACT_VERSION = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;
/** Default range of node ports of a Kubernetes API server. */
const NODE_PORTS = { min: 30000, max: 32767 };

/** Keys of `gateway` for a gateway that the stack installs. */
export const installedGatewayKeys = {
    installer: z.enum(["rampart", "helm", "existing"]).default("rampart").meta({
        description:
            "How APISIX is installed: `rampart` as a RampartGraph, `helm` as a Helm release, `existing` installs nothing and adds routes and consumers to an APISIX that already runs.",
        reason: "Rampart is the package manager of the clusters that this project was made for.",
    }),
    address: z
        .string()
        .refine(isHost, {
            error: (i) => `must be a lower-case host or an IPv4 address, without scheme or port${got(i.input)}`,
        })
        .optional()
        .meta({
            description: "Host name or IPv4 address that callers use.",
            examples: ["llm.example.com"],
            unset: "the host of the first entry of `alpa.endpoints`, which is a node of this cluster",
        }),
    nodePort: z
        .number()
        .refine((n) => Number.isInteger(n) && n >= NODE_PORTS.min && n <= NODE_PORTS.max, {
            error: (i) =>
                `must be between ${NODE_PORTS.min} and ${NODE_PORTS.max}, the range of node ports${got(i.input)}. Use 30800`,
        })
        .optional()
        .meta({
            description: "Node port of the gateway on every node, in the range of node ports.",
            examples: [30801],
            unset: "`30800`; with exposure `tunnel` no port is open",
            reason: "A fixed port lets a load balancer and a firewall be set up before the first run.",
        }),
    replicas: positive("a number of replicas").default(1).meta({
        description: "Number of APISIX pods.",
        reason: "One pod is enough on one node; with more pods, limits need `sharedCounters`.",
    }),
    storageClass: text("the name of a StorageClass")
        .optional()
        .meta({
            description: "StorageClass of the volumes of etcd. It cannot be changed later.",
            examples: ["microk8s-hostpath"],
            unset: "the cluster's default StorageClass",
        }),
    chart: z
        .strictObject({
            repository: url.default("https://apache.github.io/apisix-helm-chart").meta({
                description:
                    "Chart repository that has the chart `apisix`. Set it to a mirror if the cluster does not reach the default.",
                reason: "The APISIX project publishes the chart in this repository.",
            }),
            version: pinned
                .refine((v) => EXACT_VERSION.test(v) || !/\d/.test(v), {
                    error: (i) => `must be one exact version, for example ${DEFAULT_CHART}${got(i.input)}`,
                })
                .default(DEFAULT_CHART)
                .meta({
                    description: "Exact version of the chart `apisix`.",
                    reason: "Tested together with the default image.",
                }),
        })
        .prefault({})
        .describe("The chart to install, with installer `rampart` or `helm`."),
    image: z
        .strictObject({
            repository: imageRepository.default("apache/apisix").meta({
                description:
                    "Image of APISIX, without the tag. For an image in a mirror, begin with the host of the mirror.",
                reason: "The image that the APISIX project publishes.",
            }),
            tag: imageTag
                .refine((tag) => newEnough(tag), {
                    error: (i) =>
                        `must be APISIX ${OLDEST_APISIX} or newer${got(i.input)}. Older ones accept forged tokens (algorithm confusion)`,
                })
                .default(DEFAULT_TAG)
                .meta({
                    description: `Tag of the image, ${OLDEST_APISIX} or newer.`,
                    reason: "Older versions accept forged tokens.",
                }),
            digest: imageDigest,
        })
        .prefault({})
        .describe("The image of APISIX. Change it together with the chart."),
    etcdImage: z
        .strictObject({
            repository: imageRepository.default("gcr.io/etcd-development/etcd").meta({
                description: "Image of etcd: etcd's own, or a mirror of it.",
                reason: "The registry of etcd's own releases.",
            }),
            tag: imageTag
                .default(DEFAULT_ETCD_TAG)
                .meta({ description: "Tag of the image.", reason: "The version that the tests use." }),
            digest: imageDigest,
        })
        .prefault({})
        .describe("The image of etcd."),
    sharedCounters: z
        .strictObject({
            whenDown: z.enum(WHEN_DOWN).default("each-pod").meta({
                description:
                    "What happens to requests of callers with limits while the counter server is down. `each-pod`: each APISIX pod counts requests on its own. In the first window a pod allows up to twice `requests`, and then `requests` in each window. Open requests are not limited. `refuse`: these requests get 500. `allow`: these requests are not limited.",
                reason: "When the node of the counter server is lost, callers are still served and requests are still limited.",
            }),
            timeoutMilliseconds: positive("a time in milliseconds").default(100).meta({
                description:
                    "Longest wait for the counter server, in milliseconds. While the counter server hangs, each request waits that long. With `each-pod` and `allow`, it waits once for the limit on requests and once for the limit on open requests.",
                reason: "Long enough for a busy server in the same cluster, short enough for callers.",
            }),
            image: z
                .strictObject({
                    repository: imageRepository.default("valkey/valkey").meta({
                        description: "Image of the counter server, which must speak the Redis protocol.",
                        reason: "An open-source server that speaks the Redis protocol.",
                    }),
                    tag: imageTag
                        .default("8.1.4-alpine")
                        .meta({ description: "Tag of the image.", reason: "The version that the tests use." }),
                    digest: imageDigest,
                })
                .prefault({})
                .describe("The image of the counter server."),
        })
        .optional()
        .meta({
            description:
                "A server that counts limits for all APISIX pods together. Required with limits and more than one pod.",
            unset: "each pod counts by itself",
        }),
    closed,
    crds: z
        .array(text("a file or an address"))
        .optional()
        .meta({
            description:
                "Files or URLs of the CRDs that installer `helm` creates. With `[]`, the CRDs must already be in the cluster.",
            examples: [["crds/apisix/*.yaml"]],
            unset: "the pinned releases of their projects",
        }),
};

/** Key `gateway.existing.service`. */
const existingService = z
    .strictObject({
        name: dnsLabel.meta({
            description: "Name of the Service of APISIX's data port.",
            examples: ["apisix-gateway"],
        }),
        namespace: dnsLabel.meta({ description: "Namespace of the Service, and of its pods.", examples: ["apisix"] }),
        port: positive("a port")
            .default(80)
            .meta({ description: "Port of the Service.", reason: "Standard port of HTTP." }),
        podPort: positive("a port")
            .default(9080)
            .meta({ description: "Port of the pods behind the Service.", reason: "APISIX's own default." }),
    })
    .describe("Service of the existing gateway, with exposure `tunnel`. Connectors forward requests to this Service.");

/** Key `gateway` of the options that can use an existing gateway. */
export const gateway = z
    .strictObject({
        ...installedGatewayKeys,
        highAvailability: z
            .boolean({ error: (i) => `must be true or false${got(i.input)}` })
            .default(false)
            .meta({
                description:
                    "Whether the gateway keeps serving when a node is lost, as with option `inter`. This needs three nodes, and the address of a load balancer in `address`. Set the key before the first run.",
                reason: "One node is enough for a gateway without redundancy.",
            }),
        existing: z
            .strictObject({
                ingressClass: dnsLabel.meta({
                    description: "IngressClass of the ingress controller that already runs.",
                    examples: ["apisix"],
                }),
                gateway: dnsLabel.meta({ description: "Gateway that consumers are bound to.", examples: ["apisix"] }),
                gatewayNamespace: dnsLabel.meta({ description: "Namespace of the Gateway.", examples: ["apisix"] }),
                url: url
                    .refine((address) => !URL.canParse(address) || new URL(address).pathname === "/", {
                        error: (i) => `must be an address without a path${got(i.input)}`,
                    })
                    .optional()
                    .meta({
                        description: "Address that callers use, without the path. Required with exposure `direct`.",
                        examples: ["https://llm.example.com"],
                        unset: "with exposure `tunnel` the address of `hostname`",
                    }),
                service: existingService.optional(),
            })
            .optional()
            .describe("The APISIX that already runs, with installer `existing`."),
    })
    .prefault({})
    .describe("The gateway in front of Alpa.");

function newEnough(tag: string): boolean {
    // The check for pinned tags already reports a tag without a version.
    if (!/^\d+\.\d+/.test(tag)) return !/\d/.test(tag) || /latest/i.test(tag);
    return !isOlder(tag, OLDEST_APISIX);
}
