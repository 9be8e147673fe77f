import * as z from "zod";
import { LEAST_NODES } from "../../../components/apisix/availability";
import { serverFirewall } from "../../keys/hosts/server-firewall";
import { gatewayOptionKeys } from "../../keys/gateway-option";
import { installedGatewayKeys } from "../../keys/gateway";
import { alpa } from "../../keys/alpa";
import { openai } from "../../keys/openai";
import { must } from "../../problems";

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
            .refine(
                (n) => !Number.isInteger(n) || n < 1 || n >= LEAST_NODES,
                must(`be at least ${LEAST_NODES}, so that two pods serve while one is down`, "Raise it"),
            )
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
    alpa: alpa.optional().meta({
        description: "The Alpa service outside of the cluster. The stack does not change it.",
        unset: "the server is `openai`",
    }),
    openai,
    firewall: serverFirewall.optional(),
    gateway,
    ...gatewayOptionKeys,
});

export type ParsedInter = z.infer<typeof interSchema>;
