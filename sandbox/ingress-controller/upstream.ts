// Translates ApisixUpstream and Services to APISIX upstreams.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/adc/translator/apisixupstream.go and apisixroute.go.

import { find, type Resource, type World } from "./kinds";
import { goSeconds, unsupported } from "./objects";

export interface Upstream extends Record<string, unknown> {
    labels: Record<string, string>;
    nodes: { host: string; port: number; weight: number }[];
}

const DEFAULT_WEIGHT = 100;
const DEFAULT_TIMEOUT_SECONDS = 60;

// A lower-case RFC 1123 subdomain. Dotted IPv4 is accepted; IPv6, upper case and "_" are not.
const HOST = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export function newUpstream(): Upstream {
    return { type: "roundrobin", scheme: "http", labels: { "managed-by": "apisix-ingress-controller" }, nodes: [] };
}

/**
 * Fills `upstream` from an ApisixUpstream. Throws an Error for the first invalid setting, after filling in those before it.
 * Throws a Refusal to reject the whole route.
 */
export function fromApisixUpstream(world: World, source: Resource, upstream = newUpstream()): Upstream {
    const spec = source.spec ?? {};
    const where = `ApisixUpstream ${source.metadata.namespace}/${source.metadata.name}`;
    for (const field of ["discovery", "portLevelSettings", "tlsSecret", "subsets"]) {
        if (spec[field] !== undefined) throw unsupported(`${where}: spec.${field}`);
    }
    Object.assign(upstream.labels, source.metadata.labels);
    upstream.scheme = spec.scheme || "http";
    if (spec.loadbalancer?.type === "chash") {
        Object.assign(upstream, { type: "chash", hash_on: spec.loadbalancer.hashOn, key: spec.loadbalancer.key });
    } else if (spec.loadbalancer) upstream.type = spec.loadbalancer.type;
    if (spec.retries !== undefined) {
        if (spec.retries < 0) throw new Error("invalid value retries");
        upstream.retries = spec.retries;
    }
    if (spec.timeout) upstream.timeout = timeout(spec.timeout, `${where}: spec.timeout`);
    if (spec.passHost) upstream.pass_host = spec.passHost;
    if (spec.upstreamHost) upstream.upstream_host = spec.upstreamHost;
    if (spec.healthCheck) upstream.checks = checks(spec.healthCheck);
    for (const node of spec.externalNodes ?? []) upstream.nodes.push(externalNode(world, source, node));
    return upstream;
}

/** Whole seconds. A missing part, zero, or less than one second becomes 60. */
export function timeout(spec: { connect?: string; send?: string; read?: string }, where: string) {
    const part = (name: "connect" | "send" | "read") => {
        const seconds = spec[name] === undefined ? 0 : goSeconds(spec[name], `${where}.${name}`);
        return seconds || DEFAULT_TIMEOUT_SECONDS;
    };
    return { connect: part("connect"), send: part("send"), read: part("read") };
}

function externalNode(world: World, source: Resource, node: Record<string, unknown>) {
    const name = node.name as string;
    const port = (node.port as number | undefined) ?? (["https", "grpcs"].includes(source.spec.scheme) ? 443 : 80);
    const weight = (node.weight as number | undefined) ?? DEFAULT_WEIGHT;
    if (node.type === "Domain") {
        if (!HOST.test(name)) {
            throw new Error(`external node ${name} must be a lower-case RFC 1123 subdomain`);
        }
        return { host: name, port, weight };
    }
    // Everything but "Domain", also an empty type, means an ExternalName Service of that name.
    const service = find(world, "Service", source.metadata.namespace, name);
    if (!service || node.type !== "Service") throw new Error(`service not found: ${source.metadata.namespace}/${name}`);
    if (service.spec.type !== "ExternalName") throw new Error(`external node ${name} must be an ExternalName Service`);
    return { host: service.spec.externalName, port, weight };
}

/** 2.0.x drops the type of the check, so a TCP check becomes an HTTP check. It also misspells the certificate option. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- checked by the API server
function checks(spec: any): object {
    const interval = (part: { interval?: string }, name: string) => {
        const seconds = part.interval === undefined ? 0 : goSeconds(part.interval, name);
        if (seconds < 1) throw new Error(`"healthCheck.active.${name}.interval" has invalid value`);
        return seconds;
    };
    const counts = (part: Record<string, unknown> = {}) =>
        withoutZeros({
            http_statuses: part.httpCodes,
            successes: part.successes,
            http_failures: part.httpFailures,
            tcp_failures: part.tcpFailures,
            timeouts: part.timeout,
        });
    const { active, passive } = spec;
    return {
        active: withoutZeros({
            timeout: Math.trunc((active.timeout ?? 0) / 1e9),
            concurrency: active.concurrency,
            host: active.host,
            port: active.port,
            http_path: active.httpPath,
            https_verify_cert: active.strictTLS !== false,
            req_headers: active.requestHeaders,
            healthy: active.healthy ? { ...counts(active.healthy), interval: interval(active.healthy, "healthy") } : {},
            unhealthy: active.unhealthy
                ? { ...counts(active.unhealthy), interval: interval(active.unhealthy, "unhealthy") }
                : {},
        }),
        ...(passive && { passive: { healthy: counts(passive.healthy), unhealthy: counts(passive.unhealthy) } }),
    };
}

/** Go's omitempty: zero, "" and false are omitted, so APISIX's defaults apply. */
function withoutZeros(object: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(object).filter(([, value]) => Boolean(value)));
}

interface Backend {
    serviceName: string;
    servicePort: number | string;
    weight?: number;
    resolveGranularity?: string;
    subset?: string;
}

/** The nodes of a Service. Throws an Error if the controller would skip this backend. */
export function serviceNodes(world: World, namespace: string, backend: Backend): Upstream["nodes"] {
    const where = `${namespace}/${backend.serviceName}`;
    const service = find(world, "Service", namespace, backend.serviceName);
    if (!service) throw new Error(`service not found: ${where}`);
    if (service.spec.type === "ExternalName") throw unsupported(`backend ${where}, a Service of type ExternalName`);
    if (backend.subset) throw unsupported(`backend ${where}, subset`);
    const ports: { name?: string; port: number }[] = service.spec.ports ?? [];
    // 2.0.1 compares only numbers here: a named port counts as 0 and is not found.
    const port = ports.find((one) => one.port === Number(backend.servicePort));
    if (!port) throw new Error(`port not found in service ${where}: ${backend.servicePort}`);
    const weight = backend.weight ?? DEFAULT_WEIGHT;
    if (backend.resolveGranularity === "service") {
        const { clusterIP } = service.spec;
        if (!clusterIP || clusterIP === "None") throw new Error(`service ${where} has no cluster IP`);
        return [{ host: clusterIP, port: port.port, weight }];
    }
    const nodes: Upstream["nodes"] = [];
    for (const slice of world.EndpointSlice) {
        if (slice.metadata.namespace !== namespace) continue;
        if (slice.metadata.labels?.["kubernetes.io/service-name"] !== backend.serviceName) continue;
        const target = (slice.ports ?? []).find((one) => (one.name ?? "") === (port.name ?? ""));
        if (target?.port === undefined) continue;
        for (const endpoint of slice.endpoints ?? []) {
            if (endpoint.conditions?.ready === false) continue;
            for (const host of endpoint.addresses) nodes.push({ host, port: target.port, weight });
        }
    }
    return nodes;
}
