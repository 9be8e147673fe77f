// Translates ApisixUpstream to APISIX upstreams. Supported are the fields that this project writes; any other field is rejected
// with an error that names it.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/adc/translator/apisixupstream.go.

import type { Resource } from "./kinds";
import { goSeconds, unsupported } from "./objects";

export interface Upstream extends Record<string, unknown> {
    labels: Record<string, string>;
    nodes: { host: string; port: number; weight: number }[];
}

const DEFAULT_WEIGHT = 100;
const DEFAULT_TIMEOUT_SECONDS = 60;

// Accepted hosts: lower-case RFC 1123 subdomains, which include dotted IPv4 addresses. IPv6, upper case and "_" are rejected.
const HOST = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export function newUpstream(): Upstream {
    return { type: "roundrobin", scheme: "http", labels: { "managed-by": "apisix-ingress-controller" }, nodes: [] };
}

const KNOWN = [
    ...["ingressClassName", "externalNodes", "scheme", "passHost", "retries", "timeout", "loadbalancer"],
    "healthCheck",
];

/**
 * @throws Refusal if the controller rejects the whole route. For any other Error, the controller only skips this
 * upstream.
 */
export function fromApisixUpstream(source: Resource): Upstream {
    const spec = source.spec ?? {};
    const where = `ApisixUpstream ${source.metadata.namespace}/${source.metadata.name}`;
    const other = Object.keys(spec).find((field) => !KNOWN.includes(field));
    if (other) throw unsupported(`${where}: spec.${other}`);
    const upstream = newUpstream();
    Object.assign(upstream.labels, source.metadata.labels);
    upstream.scheme = spec.scheme || "http";
    if (spec.loadbalancer?.type === "chash") {
        Object.assign(upstream, { type: "chash", hash_on: spec.loadbalancer.hashOn, key: spec.loadbalancer.key });
    } else if (spec.loadbalancer) upstream.type = spec.loadbalancer.type;
    if (spec.retries !== undefined) upstream.retries = spec.retries;
    if (spec.timeout) upstream.timeout = timeout(spec.timeout, `${where}: spec.timeout`);
    if (spec.passHost) upstream.pass_host = spec.passHost;
    if (spec.healthCheck) upstream.checks = checks(spec.healthCheck, `${where}: spec.healthCheck`);
    for (const node of spec.externalNodes ?? []) upstream.nodes.push(externalNode(node, where));
    return upstream;
}

/** Timeouts in whole seconds. A timeout that is missing or shorter than a second becomes 60. */
export function timeout(spec: { connect?: string; send?: string; read?: string }, where: string) {
    const part = (name: "connect" | "send" | "read") => {
        const seconds = spec[name] === undefined ? 0 : goSeconds(spec[name], `${where}.${name}`);
        return seconds || DEFAULT_TIMEOUT_SECONDS;
    };
    return { connect: part("connect"), send: part("send"), read: part("read") };
}

function externalNode(node: { name: string; type?: string; port?: number; weight?: number }, where: string) {
    const { name, type = "", port = 80, weight = DEFAULT_WEIGHT } = node;
    // For the real controller, any type other than "Domain", even an empty one, means that `name` is the name of a Service
    // of type ExternalName.
    if (type !== "Domain")
        throw unsupported(`${where}: type ${JSON.stringify(type)} of external node ${name}, only "Domain" is emulated`);
    if (!HOST.test(name)) throw new Error(`external node ${name} must be a lower-case RFC 1123 subdomain`);
    return { host: name, port, weight };
}

/**
 * Translates health checks. The controller 2.0.x drops the type of the check, so a TCP check becomes an HTTP check. It also
 * misspells the certificate option.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- checked by the API server
function checks({ active, passive }: any, where: string): object {
    if (passive) throw unsupported(`${where}.passive`);
    const part = (name: "healthy" | "unhealthy") => {
        const given = active[name];
        if (!given) return {};
        const seconds = given.interval === undefined ? 0 : goSeconds(given.interval, name);
        if (seconds < 1) throw new Error(`"healthCheck.active.${name}.interval" has invalid value`);
        return withoutZeros({
            http_statuses: given.httpCodes,
            successes: given.successes,
            http_failures: given.httpFailures,
            tcp_failures: given.tcpFailures,
            timeouts: given.timeout,
            interval: seconds,
        });
    };
    return {
        active: withoutZeros({
            // The resource has the timeout in nanoseconds, but APISIX needs seconds.
            timeout: Math.trunc((active.timeout ?? 0) / 1e9),
            concurrency: active.concurrency,
            host: active.host,
            port: active.port,
            http_path: active.httpPath,
            https_verify_cert: active.strictTLS !== false,
            req_headers: active.requestHeaders,
            healthy: part("healthy"),
            unhealthy: part("unhealthy"),
        }),
    };
}

/** Omits fields that are 0, "" or false, as Go's omitempty does. For these, APISIX's defaults apply. */
function withoutZeros(object: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(object).filter(([, value]) => Boolean(value)));
}
