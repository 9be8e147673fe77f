import * as z from "zod";
import { LEAST_NODES } from "../../../components/apisix/availability";
import { alpaFirewall } from "../../keys/hosts/alpa-firewall";
import { requiredExposureKeys } from "../../keys/exposure/schema";
import { gatewayOptionKeys } from "../gateway/schema";
import { installedGatewayKeys } from "../../keys/gateway";
import { alpaKeys } from "../../keys/alpa";
import { got } from "../../problems";
import { endpoint, positive } from "../../values";

/** A service by its address alone, or with its weight. */
const weighed = z.preprocess(
    (input) => (typeof input === "string" ? { address: input } : input),
    z.strictObject({
        address: endpoint.describe("`host:port` of the service; an entry that is a text stands for this key."),
        weight: positive("a weight")
            .default(1)
            .describe("Its share of the requests, relative to the weights of the others."),
    }),
);

const alpaObject = z
    .strictObject({
        ...alpaKeys,
        endpoints: z
            .array(weighed)
            .min(1, { error: "must name at least one Alpa service. Write for example [10.20.96.188:20001]" })
            .describe("The Alpa services, as seen from the cluster: `host:port` each, or a mapping with a weight."),
        firewall: alpaFirewall.optional(),
    })
    .describe("The Alpa service outside of the cluster, which stays as it is.");

const gateway = z
    .strictObject({
        ...installedGatewayKeys,
        installer: z
            .enum(["rampart", "helm"], {
                error: (i) =>
                    i.input === "existing"
                        ? 'must be rampart or helm (got "existing"): the availability of an existing gateway is unknown. Choose one, or option intra-a'
                        : undefined,
            })
            .default("rampart")
            .describe("Who installs APISIX: `rampart` as a graph, `helm` as a release."),
        address: installedGatewayKeys.address.describe(
            "Host callers use: a load balancer in front of the nodes. Needed with exposure `direct`.",
        ),
        replicas: installedGatewayKeys.replicas
            .unwrap()
            .refine((n) => !Number.isInteger(n) || n < 1 || n >= LEAST_NODES, {
                error: (i) =>
                    `must be at least ${LEAST_NODES}, so that two serve when one is away${got(i.input)}. Raise it`,
            })
            .default(LEAST_NODES)
            .describe("APISIX pods, on different nodes."),
    })
    .prefault({})
    .describe("The gateway in front of Alpa.");

/** Keys of option inter, without the project's prefix. */
export const interSchema = z.strictObject({
    option: z
        .literal("inter")
        .describe("Which of the designs this stack is: `inter`, a highly available gateway in a cluster of its own."),
    alpa: alpaObject,
    gateway,
    ...gatewayOptionKeys,
});

/** The same behind Cloudflare. */
export const exposedInterSchema = interSchema.extend(requiredExposureKeys);

export type ParsedInter = z.infer<typeof interSchema>;
