import { isIPv6 } from "node:net";

/** Ports of the load balancer, as callers see them. */
const HTTP_PORT = 80;
export const HTTPS_PORT = 443;
/** Time to live of the record set, in seconds: a change of address reaches callers within five minutes. */
const TTL = 300;

/** Settings of the Azure side from the stack config. */
interface AzureChoice {
    /** Host name for callers. */
    hostname: string;
    /** Addresses of the host name. */
    addresses: string[];
}

interface RecordSet {
    name: string;
    type: "A" | "AAAA";
    values: string[];
    ttl: number;
}

/** One rule of the load balancer, with Azure's field names. */
interface LoadBalancerRule {
    protocol: "Tcp";
    frontendPort: number;
    /** Node port. The backends are all nodes. */
    backendPort: number;
    idleTimeoutInMinutes: number;
    enableTcpReset: true;
}

/** Health probe, with Azure's field names. It is a TCP probe, since an HTTP probe requires status 200. */
interface HealthProbe {
    protocol: "Tcp";
    port: number;
    intervalInSeconds: number;
    probeThreshold: number;
}

/** Required settings at Azure: operators apply them, and `check` compares them. */
export interface AzureSide {
    dnsRecords: RecordSet[];
    loadBalancer: { rules: LoadBalancerRule[]; healthProbe: HealthProbe };
}

/**
 * Azure's limits for the idle timeout of a rule, in minutes. Azure's API reference has a maximum of 30, and its how-to page
 * of 2024 has 100. Every part of Azure accepts the lower maximum.
 */
export const IDLE_MINUTES = { min: 4, max: 30 };
/** Margin above the answer timeout, in seconds. A connection is idle while Alpa computes an answer. */
const IDLE_BEYOND_SECONDS = 60;

/** Idle timeout that the answer timeout requires, in minutes. It may exceed Azure's limit. */
export function idleMinutes(answerTimeoutSeconds: number): number {
    return Math.max(IDLE_MINUTES.min, Math.ceil((answerTimeoutSeconds + IDLE_BEYOND_SECONDS) / 60));
}

/** @param nodePorts node ports of HTTP, and of HTTPS if the gateway serves it */
export function azureSide(
    { hostname, addresses }: AzureChoice,
    nodePorts: { http: number; https?: number },
    answerTimeoutSeconds: number,
): AzureSide {
    const of = (type: RecordSet["type"], values: string[]): RecordSet[] =>
        values.length === 0 ? [] : [{ name: hostname, type, values: [...values].sort(), ttl: TTL }];
    const idleTimeoutInMinutes = Math.min(IDLE_MINUTES.max, idleMinutes(answerTimeoutSeconds));
    const rule = (frontendPort: number, backendPort: number): LoadBalancerRule => ({
        protocol: "Tcp",
        frontendPort,
        backendPort,
        idleTimeoutInMinutes,
        // Ends a flow that was idle for too long with a TCP reset. Otherwise Azure drops it silently.
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
                ...(nodePorts.https === undefined ? [] : [rule(HTTPS_PORT, nodePorts.https)]),
                rule(HTTP_PORT, nodePorts.http),
            ],
            // A TCP probe needs no credential and never reaches Alpa. A node answers while any gateway pod is ready.
            healthProbe: {
                protocol: "Tcp",
                port: nodePorts.https ?? nodePorts.http,
                intervalInSeconds: 5,
                probeThreshold: 2,
            },
        },
    };
}
