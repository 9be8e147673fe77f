import { isIPv6 } from "node:net";

/** Ports of the load balancer, as callers see them. */
const HTTP_PORT = 80;
export const HTTPS_PORT = 443;
/** Time to live of the record set, in seconds: a change of address reaches callers within five minutes. */
const TTL = 300;

/** Required settings at Azure, with Azure's field names: operators apply them. */
export type AzureSide = ReturnType<typeof azureSide>;

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

/**
 * @param addresses addresses of the host name
 * @param nodePorts node ports of HTTP, and of HTTPS if the gateway serves it. The backends are all nodes
 */
export function azureSide(
    { hostname: name, addresses }: { hostname: string; addresses: string[] },
    nodePorts: { http: number; https?: number },
    answerTimeoutSeconds: number,
) {
    const of = (type: "A" | "AAAA", values: string[]) =>
        values.length === 0 ? [] : [{ name, type, values: [...values].sort(), ttl: TTL }];
    const idleTimeoutInMinutes = Math.min(IDLE_MINUTES.max, idleMinutes(answerTimeoutSeconds));
    // Ends a flow that was idle for too long with a TCP reset. Otherwise Azure drops it silently.
    const rule = { protocol: "Tcp", idleTimeoutInMinutes, enableTcpReset: true };
    const http = { ...rule, frontendPort: HTTP_PORT, backendPort: nodePorts.http };
    const https = nodePorts.https && { ...rule, frontendPort: HTTPS_PORT, backendPort: nodePorts.https };
    // A TCP probe needs no credential and never reaches Alpa; an HTTP probe requires status 200. A node answers while any
    // gateway pod is ready.
    const port = nodePorts.https ?? nodePorts.http;
    const healthProbe = { protocol: "Tcp", port, intervalInSeconds: 5, probeThreshold: 2 };
    const [six, four] = [addresses.filter(isIPv6), addresses.filter((one) => !isIPv6(one))];
    return {
        dnsRecords: [...of("A", four), ...of("AAAA", six)],
        loadBalancer: { rules: https ? [https, http] : [http], healthProbe },
    };
}
