import * as z from "zod";
import { DEFAULT_CHART, DEFAULT_TAG, isForgeable, OLDEST_APISIX } from "../../components/apisix/version";
import { existingService } from "./exposure/schema";
import { imageDigest, imageRepository, imageTag } from "./images";
import { got } from "../problems";
import { dnsLabel, isHost, pinned, positive, text, url } from "../values";

/** A whole version: Rampart's admission takes no range and no leading v. */
const EXACT_VERSION = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;
/** The range a Kubernetes API server gives to node ports unless told otherwise. */
const NODE_PORTS = { min: 30000, max: 32767 };

/** Keys of `gateway` that say how one is installed. */
export const installedGatewayKeys = {
    installer: z
        .enum(["rampart", "helm", "existing"])
        .default("rampart")
        .describe("Who installs APISIX: `rampart` as a graph, `helm` as a release, `existing` does not."),
    address: z
        .string()
        .refine(isHost, {
            error: (i) =>
                `must be a lower-case host or an IPv4 address, without scheme or port${got(i.input)}. Correct it`,
        })
        .optional()
        .describe("Host callers use. Unset: the host of the first Alpa endpoint, the same node in this option."),
    nodePort: z
        .number()
        .refine((n) => Number.isInteger(n) && n >= NODE_PORTS.min && n <= NODE_PORTS.max, {
            error: (i) =>
                `must be between ${NODE_PORTS.min} and ${NODE_PORTS.max}, the range of node ports${got(i.input)}. Use 30800`,
        })
        .optional()
        .describe("Port of the entry point on every node. Unset: 30800; with exposure `tunnel` none is open."),
    replicas: positive("a number of replicas").default(1).describe("APISIX pods."),
    storageClass: text("the name of a StorageClass")
        .optional()
        .describe("StorageClass of etcd's volumes. Unset: the cluster's default."),
    chart: z
        .strictObject({
            repository: url
                .default("https://apache.github.io/apisix-helm-chart")
                .describe("Address of the repository that holds the chart `apisix`; name a mirror here."),
            version: pinned
                .refine((v) => EXACT_VERSION.test(v) || !/\d/.test(v), {
                    error: (i) => `must be one exact version, as ${DEFAULT_CHART}${got(i.input)}. Name it`,
                })
                .default(DEFAULT_CHART)
                .describe("Version of the chart `apisix`."),
        })
        .prefault({})
        .describe("The chart to install. Only for `rampart` and `helm`."),
    image: z
        .strictObject({
            repository: imageRepository
                .default("apache/apisix")
                .describe("Image of APISIX, with its registry where that is a mirror."),
            tag: imageTag
                .refine((tag) => newEnough(tag), {
                    error: (i) =>
                        `must be APISIX ${OLDEST_APISIX} or newer${got(i.input)}. Older ones accept forged tokens (algorithm confusion)`,
                })
                .default(DEFAULT_TAG)
                .describe(`Tag of the image, ${OLDEST_APISIX} or newer.`),
            digest: imageDigest,
        })
        .prefault({})
        .describe("The APISIX image, pinned together with the chart."),
    etcdImage: z
        .strictObject({
            repository: imageRepository
                .default("bitnamilegacy/etcd")
                .describe("Image of etcd, with its registry where that is a mirror."),
            tag: imageTag
                .default("3.6.4-debian-12-r3")
                .describe("Tag of the image: the chart's own default is `latest`."),
            digest: imageDigest,
        })
        .prefault({})
        .describe("The etcd image."),
    sharedCounters: z
        .strictObject({
            whenDown: z
                .enum(["refuse", "allow"])
                .describe(
                    "What happens to callers with limits while the counters are away: `refuse` (500) or `allow` without limits.",
                ),
            timeoutMilliseconds: positive("a time in milliseconds")
                .default(100)
                .describe(
                    "Longest wait for the counters, in milliseconds. While they hang each request pays it, with `allow` for each kind of limit.",
                ),
            image: z
                .strictObject({
                    repository: imageRepository
                        .default("valkey/valkey")
                        .describe("Image of the counters' server, which speaks Redis."),
                    tag: imageTag.default("8.1.4-alpine").describe("Tag of the image."),
                    digest: imageDigest,
                })
                .prefault({})
                .describe("The image of the counters."),
        })
        .optional()
        .describe(
            "Counts limits once for all APISIX pods, in a server of its own. Needed with limits and more than one pod.",
        ),
    crds: z
        .array(text("a file or an address"))
        .optional()
        .describe(
            "Files or URLs of the CRDs, with installer `helm`. Unset: the pinned releases of their projects. `[]`: those in the cluster.",
        ),
};

/** Key `gateway` of the options whose gateway may be there already. */
export const gateway = z
    .strictObject({
        ...installedGatewayKeys,
        highAvailability: z
            .boolean({ error: (i) => `must be true or false${got(i.input)}. Correct it` })
            .default(false)
            .describe(
                "Whether the gateway outlives the loss of a node, as option `inter` does: it needs three nodes and a load balancer as `address`.",
            ),
        existing: z
            .strictObject({
                ingressClass: dnsLabel.describe("IngressClass of the ingress controller in place."),
                gateway: dnsLabel.describe("Gateway that consumers are bound to."),
                gatewayNamespace: dnsLabel.describe("Namespace of that Gateway."),
                url: url
                    .refine((address) => new URL(address).pathname === "/", {
                        error: (i) => `must be an address without a path${got(i.input)}. Correct it`,
                    })
                    .optional()
                    .describe("Address callers use, without the path. Needed with exposure `direct`."),
                service: existingService.optional(),
            })
            .optional()
            .describe("The gateway in place, with installer `existing`."),
    })
    .prefault({})
    .describe("The gateway in front of Alpa.");

function newEnough(tag: string): boolean {
    const version = /^(\d+)\.(\d+)/.exec(tag);
    if (!version) return !/\d/.test(tag) || /latest/i.test(tag); // reported as not pinned already
    return !isForgeable(Number(version[1]), Number(version[2]));
}
