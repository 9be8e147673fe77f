import * as z from "zod";
import { optionKey } from "../values";
import { LEAST_NODES } from "../../components/apisix/availability";
import type { FirewallSettings } from "../../components/hosts/server-firewall/server-firewall";
import type { InterClusterArgs } from "../../components/inter-cluster";
import { at, type Problems, type Sound } from "../cross-check";
import { alpa } from "../keys/alpa";
import { repeated } from "../keys/consumers/schema";
import { longestAnswer } from "../keys/exposure";
import { gatewayOptionKeys } from "../keys/gateway-option";
import { installedGatewayKeys, availabilityProblems } from "../keys/gateway";
import { serverFirewall, firewallProblems, firewallSettings, firewallWarnings } from "../keys/hosts/firewall";
import { hostParts } from "../keys/hosts/ssh-host";
import { openai, serverKind } from "../keys/openai";
import { installedGateway, serverSettings, sharedSettings, type SharedSettings } from "./gateway/settings";
import { must } from "../problems";
import type { Raw } from "../unchecked";

const gateway = z
    .strictObject({
        ...installedGatewayKeys,
        installer: z
            .enum(["rampart", "helm"], {
                error: (i) =>
                    i.input === "existing"
                        ? 'must be rampart or helm (got "existing"): the availability of an existing gateway is unknown. Choose rampart or helm, or option intra-a.'
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

export const interSchema = z.strictObject({
    option: optionKey("inter", "is a highly available gateway in a separate cluster"),
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

export function* interChecks(config: Sound<ParsedInter>, given: Raw): Problems {
    const kind = serverKind(given);
    const endpoints = config[kind]?.endpoints ?? [];
    yield* availabilityProblems(config, given);
    for (const one of repeated(endpoints))
        yield at`${[kind, "endpoints"]}: every service must be listed only once (got ${one} twice). Remove one.`;
    yield* firewallProblems(config, given);
}

/** Option inter: a highly available gateway in a separate cluster, with Alpa outside of it. */
export interface InterSettings extends InterClusterArgs, SharedSettings {
    option: "inter";
    /** Firewall rules for Alpa's hosts. Unset if the addresses of the nodes are unknown. */
    firewall?: FirewallSettings;
}

export function interSettings(config: ParsedInter, today: Date): InterSettings {
    const answerTimeoutSeconds = longestAnswer(config);
    const kind = config.openai ? "openai" : "alpa";
    const { endpoints: services } = config[kind]!;
    const { warnings, ...shared } = sharedSettings(config, today);
    const nodes = config.cluster.nodes?.map(({ address }) => hostParts(address).address);
    const firewall = firewallSettings(config.firewall, config.ssh, services, nodes);
    return {
        option: "inter",
        ...shared,
        warnings: [...warnings, ...firewallWarnings(firewall, services, nodes, kind)],
        ...(firewall && { firewall }),
        server: serverSettings(config, true),
        gateway: installedGateway(config, config.gateway.address, { answerTimeoutSeconds }),
    };
}
