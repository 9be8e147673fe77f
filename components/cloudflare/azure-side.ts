import { isIPv6 } from "node:net";

/** Settings of the Azure side from the stack config. */
export interface AzureChoice {
    /** Name callers use. */
    hostname: string;
    /** Addresses that the name leads to. */
    addresses: string[];
    /** Time to live of the record set, in seconds. */
    ttl: number;
    /** Ports of the load balancer, as callers see them. */
    ports: { http: number; https: number };
}

export interface RecordSet {
    name: string;
    type: "A" | "AAAA";
    values: string[];
    ttl: number;
}

/** One rule of the load balancer, in Azure's words. */
export interface LoadBalancerRule {
    protocol: "Tcp";
    frontendPort: number;
    /** A node port: the backends are all nodes. */
    backendPort: number;
    idleTimeoutInMinutes: number;
    enableTcpReset: true;
}

/** In Azure's words. Without a path: an HTTP probe counts a backend as up for an answer of 200 only. */
export interface HealthProbe {
    protocol: "Tcp";
    port: number;
    intervalInSeconds: number;
    probeThreshold: number;
}

/** Required settings at Azure: operators set them, and `ops check` compares them. */
export interface AzureSide {
    dnsRecords: RecordSet[];
    loadBalancer: { rules: LoadBalancerRule[]; healthProbe: HealthProbe };
}

/**
 * Azure's limits for the idle timeout of a rule, in minutes. Its reference of the API says 30, its how-to page of 2024
 * says 100; what is within both is taken everywhere.
 */
export const IDLE_MINUTES = { min: 4, max: 30 };
/** Beyond the longest answer, in seconds: nothing moves on the connection while Alpa computes. */
const IDLE_BEYOND_SECONDS = 60;

/** Minutes that an idle connection must stay open for the longest answer. May be more than Azure allows. */
export function idleMinutes(answerTimeoutSeconds: number): number {
    return Math.max(IDLE_MINUTES.min, Math.ceil((answerTimeoutSeconds + IDLE_BEYOND_SECONDS) / 60));
}

/** @param nodePorts of HTTP, and of HTTPS where the gateway speaks it */
export function azureSide(
    { hostname, addresses, ttl, ports }: AzureChoice,
    nodePorts: { http: number; https?: number },
    answerTimeoutSeconds: number,
): AzureSide {
    const of = (type: RecordSet["type"], values: string[]): RecordSet[] =>
        values.length === 0 ? [] : [{ name: hostname, type, values: [...values].sort(), ttl }];
    const idleTimeoutInMinutes = Math.min(IDLE_MINUTES.max, idleMinutes(answerTimeoutSeconds));
    const rule = (frontendPort: number, backendPort: number): LoadBalancerRule => ({
        protocol: "Tcp",
        frontendPort,
        backendPort,
        idleTimeoutInMinutes,
        // A flow that was idle for too long ends with an error then, and not in silence.
        enableTcpReset: true,
    });
    return {
        dnsRecords: [
            ...of(
                "A",
                addresses.filter((one) => !isIPv6(one)),
            ),
            ...of("AAAA", addresses.filter(isIPv6)),
        ],
        loadBalancer: {
            rules: [
                ...(nodePorts.https === undefined ? [] : [rule(ports.https, nodePorts.https)]),
                rule(ports.http, nodePorts.http),
            ],
            // TCP: it needs no credential and never reaches Alpa, and a node answers as long as any pod is ready.
            healthProbe: {
                protocol: "Tcp",
                port: nodePorts.https ?? nodePorts.http,
                intervalInSeconds: 5,
                probeThreshold: 2,
            },
        },
    };
}
