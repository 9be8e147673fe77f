import * as z from "zod";
import { LEAST_NODES } from "../../components/apisix/availability";
import { WHEN_DOWN } from "../../components/apisix/open-requests";
import { DEFAULT_TAG, isOlder, OLDEST_APISIX } from "../../components/apisix/version";
import { DEFAULT_ETCD_TAG } from "../../components/etcd/names";
import { at, type Problems, type Sound } from "../cross-check";
import type { ParsedGatewayOption } from "./gateway-option";
import {
    image,
    imageParts,
    DEFAULT_NODE_PORT,
    dnsLabel,
    isDnsLabel,
    isHost,
    isPort,
    matching,
    nodePort,
    positive,
    text,
    url,
} from "../values";
import { must } from "../problems";
import { isGiven, type Raw } from "../unchecked";
import { optional } from "../schema";

/** Keys of `gateway` for a gateway that the stack installs. */
export const installedGatewayKeys = {
    installer: z.enum(["rampart", "helm", "existing"]).default("rampart").meta({
        description:
            "How APISIX is installed: `rampart` as a RampartGraph, `helm` as a Helm release, `existing` installs nothing and adds routes and consumers to an APISIX that already runs.",
        reason: "Rampart is the package manager of the clusters that this project was made for.",
    }),
    address: optional(matching(isHost, "be a lower-case host or an IPv4 address, without scheme or port"), {
        description: "Host name or IPv4 address that callers use.",
        examples: ["llm.example.com"],
        unset: "the host of the first entry of `alpa.endpoints`, which is a node of this cluster",
    }),
    nodePort: optional(nodePort(DEFAULT_NODE_PORT), {
        description: "Node port of the gateway on every node, in the range of node ports.",
        examples: [30801],
        unset: "`30800`; with exposure `tunnel` no port is open",
        reason: "A fixed port lets a load balancer and a firewall be set up before the first run.",
    }),
    replicas: positive("a number of replicas").default(1).meta({
        description: "Number of APISIX pods.",
        reason: "One pod is enough on one node; with more pods, limits need `sharedCounters`.",
    }),
    storageClass: optional(text("the name of a StorageClass"), {
        description: "StorageClass of the volumes of etcd. It cannot be changed later.",
        examples: ["microk8s-hostpath"],
        unset: "the cluster's default StorageClass",
    }),
    chartRepository: url.default("https://apache.github.io/apisix-helm-chart").meta({
        description:
            "Chart repository that has the chart `apisix`. Set it to a mirror if the cluster does not reach the default.",
        reason: "The APISIX project publishes the chart in this repository.",
    }),
    image: image
        .refine(
            (name) => !isOlder(imageParts(name).tag, OLDEST_APISIX),
            must(`be APISIX ${OLDEST_APISIX} or newer`, "Older ones accept forged tokens (algorithm confusion)"),
        )
        .default(`apache/apisix:${DEFAULT_TAG}`)
        .meta({
            description: `Image of APISIX, ${OLDEST_APISIX} or newer. Change it for a mirror, or for a newer version.`,
            reason: "The image that the APISIX project publishes, in the version that the tests use.",
        }),
    etcdImage: image.default(`gcr.io/etcd-development/etcd:${DEFAULT_ETCD_TAG}`).meta({
        description: "Image of etcd: etcd's own, or a mirror of it.",
        reason: "The registry of etcd's own releases, in the version that the tests use.",
    }),
    sharedCounters: z
        .strictObject({
            whenDown: z.enum(WHEN_DOWN).default("each-pod").meta({
                description:
                    "What happens to requests of callers with limits while the counter server is down. `each-pod`: each APISIX pod counts requests on its own. In the first window a pod allows up to twice `requests`, and then `requests` in each window. Open requests are not limited. `refuse`: these requests get 500. `allow`: these requests are not limited.",
                reason: "When the node of the counter server is lost, callers are still served and requests are still limited.",
            }),
            image: image.default("valkey/valkey:8.1.4-alpine").meta({
                description: "Image of the counter server, which must speak the Redis protocol.",
                reason: "An open-source server that speaks the Redis protocol, in the version that the tests use.",
            }),
        })
        .optional()
        .meta({
            description:
                "A server that counts limits for all APISIX pods together. Required with limits and more than one pod.",
            unset: "each pod counts by itself",
        }),
    closed: optional(text("the reason"), {
        description:
            "Reason why the gateway is closed for maintenance: every caller gets 503 with `Retry-After`, and each run warns. The gateway closes before Alpa in the cluster changes, and opens when Alpa is ready.",
        examples: ["new version of the model"],
        unset: "the gateway serves its callers",
    }),
    crds: optional(z.array(text("a file or an address")), {
        description:
            "Files or URLs of the CRDs that installer `helm` creates. With `[]`, the CRDs must already be in the cluster.",
        examples: [["crds/apisix/*.yaml"]],
        unset: "the pinned releases of their projects",
    }),
};

/** Namespace and name of an object, and the port of a Service. */
const QUALIFIED = /^([^/]*)\/([^/:]*)(?::(\d+))?$/;

/** Parts of `<namespace>/<name>`, or of `<namespace>/<name>:<port>`. */
export function qualified(text: string): { namespace: string; name: string; port?: number } {
    const [, namespace = "", name = "", port] = QUALIFIED.exec(text) ?? [];
    return { namespace, name, ...(port !== undefined && { port: Number(port) }) };
}

/** @param form how to write the name of the object */
const objectName = (form: string, hasPort: boolean) =>
    matching((text) => {
        const { namespace, name, port } = qualified(text);
        return isDnsLabel(namespace) && isDnsLabel(name) && (port === undefined || (hasPort && isPort(port)));
    }, `be ${form}`);

export const gateway = z
    .strictObject({
        ...installedGatewayKeys,
        highAvailability: z.boolean(must("be true or false")).default(false).meta({
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
                gateway: objectName("<namespace>/<name>", false).meta({
                    description: "Gateway that consumers are bound to, as `<namespace>/<name>`.",
                    examples: ["apisix/apisix"],
                }),
                url: url
                    .refine(
                        (address) => !URL.canParse(address) || new URL(address).pathname === "/",
                        must("be an address without a path"),
                    )
                    .optional()
                    .meta({
                        description: "Address that callers use, without the path. Required with exposure `direct`.",
                        examples: ["https://llm.example.com"],
                        unset: "with exposure `tunnel` the address of `hostname`",
                    }),
                service: optional(objectName("<namespace>/<name> or <namespace>/<name>:<port>", true), {
                    description:
                        "Service of the gateway's data port, as `<namespace>/<name>` or `<namespace>/<name>:<port>`, which connectors forward requests to. Its pods must listen on 9080. Required with exposure `tunnel`.",
                    examples: ["apisix/apisix-gateway:80"],
                    unset: "with exposure `direct` callers reach the gateway at `url`",
                    reason: "80 is the standard port of HTTP, and 9080 is APISIX's own default.",
                }),
            })
            .optional()
            .describe("The APISIX that already runs, with installer `existing`."),
    })
    .prefault({})
    .describe("The gateway in front of Alpa.");

type Config = Sound<ParsedGatewayOption>;

/**
 * Checks the settings that let a gateway survive the loss of a node. A check in the cluster, before the first resource,
 * counts the nodes of an existing cluster.
 */
export function* availabilityProblems({ cluster, exposure, gateway }: Config, given: Raw): Problems {
    const nodes = cluster?.nodes?.length ?? LEAST_NODES;
    if (nodes < LEAST_NODES)
        yield at`${["cluster", "nodes"]}: must have at least ${LEAST_NODES} nodes, so that the cluster survives the loss of one (got ${nodes}). Add nodes.`;
    const isNamed = [["gateway", "address"], ["azure"], ["tls"]].some((path) => isGiven(given, ...path));
    if (exposure === "direct" && !isNamed && gateway?.installer !== "existing")
        yield at`${["gateway", "address"]}: required with exposure direct, unless azure or tls names a host. Set it to the host name or IPv4 address of the load balancer that callers use in front of the nodes.`;
}

export function* highAvailabilityChecks(config: Config, given: Raw): Problems {
    const { highAvailability, replicas = LEAST_NODES, installer } = config.gateway ?? {};
    if (highAvailability !== true || installer === "existing") return;
    yield* availabilityProblems(config, given);
    if (isGiven(given, "gateway", "replicas") && Number.isInteger(replicas) && replicas >= 1 && replicas < LEAST_NODES)
        yield at`${["gateway", "replicas"]}: must be at least ${LEAST_NODES} with gateway.highAvailability (got ${replicas}), so that two pods serve while one is down. Raise it.`;
}
