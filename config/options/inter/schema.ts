import * as z from "zod";
import { LEAST_NODES } from "../../../components/apisix/availability";
import { serverFirewall } from "../../keys/hosts/server-firewall";
import { requiredExposureKeys } from "../../keys/exposure/schema";
import { gatewayOptionKeys } from "../../keys/gateway-option";
import { installedGatewayKeys } from "../../keys/gateway";
import { alpaKeys } from "../../keys/alpa";
import { OPENAI, openaiKeys } from "../../keys/openai";
import { got } from "../../problems";
import { endpoint, positive } from "../../values";

/** A service: its address, or a mapping with its weight. */
const weighed = z.preprocess(
    (input) => (typeof input === "string" ? { address: input } : input),
    z.strictObject({
        address: endpoint.meta({
            description:
                "Address of the service, `host:port`. A service without other keys can be written as its address alone.",
            examples: ["10.20.96.188:20001"],
        }),
        weight: positive("a weight").default(1).meta({
            description: "Share of the requests, relative to the weights of the other services.",
            reason: "All services are equal.",
        }),
    }),
);

/** @param what one of the services */
const weighedEndpoints = (what: string, port: string) =>
    z
        .array(weighed)
        .min(1, { error: `must name at least one ${what}. Write for example [10.20.96.188:${port}]` })
        .describe(`The ${what}s, as the cluster reaches them: \`host:port\`, or a mapping with a weight.`);
const firewall = serverFirewall.optional();

const alpaObject = z
    .strictObject({
        ...alpaKeys,
        endpoints: weighedEndpoints("Alpa service", "20001"),
        firewall,
    })
    .describe("The Alpa service outside of the cluster. The stack does not change it.");

const gateway = z
    .strictObject({
        ...installedGatewayKeys,
        installer: z
            .enum(["rampart", "helm"], {
                error: (i) =>
                    i.input === "existing"
                        ? 'must be rampart or helm (got "existing"): the availability of an existing gateway is unknown. Choose rampart or helm, or option intra-a'
                        : undefined,
            })
            .default("rampart")
            .meta({
                description: "How APISIX is installed: `rampart` as a RampartGraph, `helm` as a Helm release.",
                reason: "Rampart is the package manager of the clusters that this project was made for.",
            }),
        address: installedGatewayKeys.address.meta({
            description:
                "Host name or IPv4 address that callers use: a load balancer in front of the nodes. Required with exposure `direct`, unless `azure` or `tls` names a host.",
            examples: ["llm.example.com"],
            unset: "`azure.hostname`, or the first of `tls.hostnames`",
        }),
        replicas: installedGatewayKeys.replicas
            .unwrap()
            .refine((n) => !Number.isInteger(n) || n < 1 || n >= LEAST_NODES, {
                error: (i) =>
                    `must be at least ${LEAST_NODES}, so that two pods serve while one is down${got(i.input)}. Raise it`,
            })
            .default(LEAST_NODES)
            .meta({
                description: "Number of APISIX pods, on different nodes. At least 3.",
                reason: "Two pods serve while one is down.",
            }),
    })
    .prefault({})
    .describe("The gateway in front of Alpa.");

/** Keys of option inter, without the project's prefix. */
export const interSchema = z.strictObject({
    option: z.literal("inter").meta({
        description: "The option of this stack. `inter` is a highly available gateway in a separate cluster.",
        examples: ["inter"],
    }),
    alpa: alpaObject.optional().meta({ unset: "the server is `openai`" }),
    openai: z
        .strictObject({ ...openaiKeys, endpoints: weighedEndpoints("server", "8000"), firewall })
        .optional()
        .meta(OPENAI),
    gateway,
    ...gatewayOptionKeys,
});

/** The schema of a stack with exposure tunnel, which requires more keys. */
export const exposedInterSchema = interSchema.extend(requiredExposureKeys);

export type ParsedInter = z.infer<typeof interSchema>;
