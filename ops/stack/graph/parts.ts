/**
 * Finds the parts of the picture among a stack's resources. They are the parts that a request passes, and the parts that
 * configure APISIX or count requests.
 */
import { counted } from "../../../config/problems";
import { NOWHERE } from "../../../components/route/route-rules";
import { VERIFIER } from "../../../components/opt/conversion-phases";
import type { Operation } from "../review/changes";
import { apisixCharts } from "../../../policy/resources/charts";
import { valueAt, type Tree } from "../../../policy/resources/values";
import type { Line, Part, Picture } from "./picture";
import { mapsAt, textAt, type Resource } from "./resources";

/** Names of authentication methods in a picture. */
const METHODS: Record<string, string> = { "key-auth": "API key", "jwt-auth": "JWT" };

interface Drawing {
    resources: Resource[];
    parts: Part[];
    lines: Line[];
}

/** @param stack short name */
export function pictureOf(stack: string, resources: Resource[]): Picture {
    const drawing: Drawing = { resources, parts: [], lines: [] };
    drawCallers(drawing);
    const entrance = drawEntrance(drawing);
    const gateway = drawGateway(drawing);
    if (gateway !== undefined) {
        drawing.lines.push({ from: entrance, to: gateway, carries: "requests" });
        drawUpstreams(drawing, gateway);
    } else drawOrigins(drawing, entrance);
    return { stack, parts: drawing.parts, lines: drawing.lines };
}

function drawCallers({ resources, parts }: Drawing): void {
    const consumers = ofKind(resources, "kubernetes Consumer").filter(
        ({ inputs }) => textAt(inputs, "metadata", "name") !== VERIFIER,
    );
    const tokens = ofKind(resources, "cloudflare ZeroTrustAccessServiceToken");
    const methods = new Set(
        consumers.flatMap(({ inputs }) =>
            mapsAt(inputs, "spec", "credentials").map((one) => textAt(one, "type") ?? ""),
        ),
    );
    const owners = new Set(tokens.map(({ inputs }) => textAt(inputs, "name")?.split("/").at(-2)));
    const count = consumers.length > 0 ? consumers.length : owners.size;
    const named = [...methods].flatMap((method) => METHODS[method] ?? []);
    const ways = [...named.sort(), ...(tokens.length > 0 ? ["service token"] : [])];
    const label = [counted(count, "caller"), ...(ways.length > 0 ? [ways.join(", ")] : [])];
    parts.push({ id: "callers", label, ...changeOf([...consumers, ...tokens]) });
}

/** Draws the callers' entry point. @returns id of the part that receives the requests next */
function drawEntrance({ resources, parts, lines }: Drawing): string {
    const tunnels = ofKind(resources, "cloudflare ZeroTrustTunnelCloudflared");
    if (tunnels.length === 0) {
        const values = chartValues(resources);
        const port = textAt(values?.values, "service", "http", "nodePort");
        const tls = ofKind(resources, "kubernetes ApisixTls");
        const label = [port === undefined ? "address of the gateway" : `node port ${port}`];
        parts.push({ id: "port", label: [...label, ...(tls.length > 0 ? ["HTTPS"] : [])], ...changeOf(tls) });
        lines.push({ from: "callers", to: "port", carries: "requests" });
        return "port";
    }
    const access = ofKind(resources, "cloudflare ZeroTrustAccessApplication", "cloudflare ZeroTrustAccessPolicy");
    const names = ofKind(resources, "cloudflare DnsRecord").flatMap(({ inputs }) => textAt(inputs, "name") ?? []);
    parts.push({
        id: "access",
        label: ["Cloudflare Access", ...new Set(names)],
        place: "Cloudflare's edge",
        ...changeOf([...access, ...ofKind(resources, "cloudflare DnsRecord")]),
    });
    lines.push({ from: "callers", to: "access", label: "HTTPS", carries: "requests" });
    drawConnectors({ resources, parts, lines });
    lines.push({ from: "access", to: "connectors", label: "tunnel", carries: "requests" });
    return "connectors";
}

function drawConnectors({ resources, parts }: Drawing): void {
    const pods = ofKind(resources, "kubernetes Deployment").filter((one) => hasImage(one, "cloudflared"));
    const hosts = onHosts(resources, "CloudflaredHost");
    const tunnel = ofKind(
        resources,
        "cloudflare ZeroTrustTunnelCloudflared",
        "cloudflare ZeroTrustTunnelCloudflaredConfig",
    );
    const replicas = pods.map(({ inputs }) => textAt(inputs, "spec", "replicas"))[0];
    const place = pods.length > 0 ? namespaceOf(pods[0]) : hosts.length > 0 ? "hosts, by SSH" : undefined;
    const label = ["cloudflared", ...(replicas === undefined ? [] : [pluralOf(replicas, "connector")])];
    parts.push({ id: "connectors", label, ...(place && { place }), ...changeOf([...pods, ...hosts, ...tunnel]) });
}

/** @returns id of APISIX; undefined with option cloudflare, which has no gateway */
function drawGateway(drawing: Drawing): string | undefined {
    const { resources, parts, lines } = drawing;
    const routes = ofKind(resources, "kubernetes ApisixRoute");
    if (routes.length === 0) return undefined;
    // With an existing gateway, the stack has only the routes.
    const [proxy] = ofKind(resources, "kubernetes GatewayProxy");
    const place = proxy && namespaceOf(proxy);
    const chart = chartValues(resources);
    const version = textAt(chart?.values, "image", "tag")?.replace(/-.*/, "");
    const installed = chart === undefined ? ["already installed"] : [replicasOf(chart.values)];
    const label = [version === undefined ? "APISIX" : `APISIX ${version}`, ...installed];
    const charts = chart === undefined ? [] : [chart.resource];
    parts.push({ id: "apisix", label, place, ...changeOf([...charts, ...routes], charts) });
    if (chart === undefined) return "apisix";
    // If the chart's values are updated, it is unknown whether the ingress controller changes, so no change is shown.
    const come = chart.resource.change === "update" ? {} : changeOf(charts);
    const controllers = replicasOf(controllerOf(chart.values));
    parts.push({ id: "controller", label: ["ingress controller", controllers], place, ...come });
    lines.push({ from: "controller", to: "apisix", label: "Admin API", carries: "control" });
    drawEtcd(drawing);
    drawCounters(drawing);
    return "apisix";
}

function drawEtcd({ resources, parts, lines }: Drawing): void {
    const [etcd] = ofKind(resources, "kubernetes StatefulSet").filter((one) => hasImage(one, "etcd"));
    if (etcd === undefined) return;
    const members = pluralOf(textAt(etcd.inputs, "spec", "replicas") ?? "1", "member");
    parts.push({ id: "etcd", label: ["etcd", members], place: namespaceOf(etcd), ...changeOf([etcd]) });
    lines.push({ from: "apisix", to: "etcd", label: "configuration", carries: "control" });
}

function drawCounters({ resources, parts, lines }: Drawing): void {
    const counters = ofKind(resources, "kubernetes Deployment", "kubernetes StatefulSet").filter(
        (one) => hasImage(one, "valkey") || hasImage(one, "redis"),
    );
    if (counters.length === 0) return;
    parts.push({
        id: "counters",
        label: ["counters of limits"],
        place: namespaceOf(counters[0]),
        ...changeOf(counters),
    });
    lines.push({ from: "apisix", to: "counters", label: "limits", carries: "control" });
}

/** Draws the upstreams of the gateway's routes. */
function drawUpstreams({ resources, parts, lines }: Drawing, from: string): void {
    const upstreams = new Map(
        ofKind(resources, "kubernetes ApisixUpstream").map((one) => [textAt(one.inputs, "metadata", "name"), one]),
    );
    const paths = new Map<string, { node: Tree; paths: Set<string>; upstreams: Set<Resource> }>();
    const rules = ofKind(resources, "kubernetes ApisixRoute").flatMap(({ inputs }) => mapsAt(inputs, "spec", "http"));
    const nodes = rules.flatMap((rule) =>
        mapsAt(rule, "upstreams").flatMap(({ name }) => {
            const upstream = upstreams.get(name as string);
            return mapsAt(upstream?.inputs, "spec", "externalNodes").map((node) => ({
                rule,
                upstream: upstream!,
                node,
            }));
        }),
    );
    for (const { rule, upstream, node } of nodes) {
        const address = `${textAt(node, "name")}:${textAt(node, "port") ?? 80}`;
        if (address === NOWHERE) continue;
        const known = paths.get(address) ?? { node, paths: new Set(), upstreams: new Set() };
        pathsOf(rule).forEach((path) => known.paths.add(path));
        known.upstreams.add(upstream);
        paths.set(address, known);
    }
    const isFirewalled = onHosts(resources, "AlpaFirewall").length > 0;
    [...paths].forEach(([address, { node, paths: served, upstreams: of }], i) => {
        const inCluster = node.type === "Service" || /\.svc(\.|:|$)/.test(address);
        const place = inCluster ? "Ray cluster in Kubernetes" : "hosts of Alpa";
        const label = ["Alpa", address, ...(isFirewalled && !inCluster ? ["behind its firewall"] : [])];
        parts.push({ id: `alpa${i}`, label, place, ...changeOf([...of]) });
        lines.push({ from, to: `alpa${i}`, label: [...served].sort().join(", "), carries: "requests" });
    });
}

/** Draws the origins of a tunnel without a gateway. */
function drawOrigins({ resources, parts, lines }: Drawing, from: string): void {
    const configs = ofKind(resources, "cloudflare ZeroTrustTunnelCloudflaredConfig");
    const rules = configs.flatMap(({ inputs }) => mapsAt(inputs, "config", "ingresses"));
    const served = new Map<string, Set<string>>();
    for (const rule of rules) {
        const service = textAt(rule, "service");
        if (service === undefined || !service.startsWith("http:") || service.startsWith("http_status")) continue;
        const path = /\/[a-z]+\$?$/.exec(textAt(rule, "path") ?? "")?.[0].replace("$", "");
        served.set(service, (served.get(service) ?? new Set()).add(path ?? "/"));
    }
    [...served].forEach(([service, paths], i) => {
        const label = ["Alpa", service.replace("http://", "")];
        parts.push({ id: `alpa${i}`, label, place: "hosts of Alpa", ...changeOf(configs) });
        lines.push({ from, to: `alpa${i}`, label: [...paths].sort().join(", "), carries: "requests" });
    });
}

function ofKind(resources: Resource[], ...kinds: string[]): Resource[] {
    return resources.filter(({ kind }) => kinds.includes(kind));
}

/** Resources below a component of this project that runs commands on hosts. */
function onHosts(resources: Resource[], component: string): Resource[] {
    return resources.filter(({ urn }) => urn.includes(`alpa-auth:parts:${component}$`));
}

function hasImage({ inputs }: Resource, name: string): boolean {
    const containers = mapsAt(inputs, "spec", "template", "spec", "containers");
    return containers.some(({ image }) => typeof image === "string" && image.includes(name));
}

function namespaceOf({ inputs }: Resource): string {
    return `namespace ${textAt(inputs, "metadata", "namespace") ?? "default"}`;
}

/** The resource that installs APISIX's chart, and the chart's values. It works for both installers, Rampart and Helm. */
function chartValues(resources: Resource[]): { resource: Resource; values: Tree } | undefined {
    return resources.flatMap((resource) =>
        apisixCharts({ type: resource.type, props: resource.inputs }).map(({ values }) => ({ resource, values })),
    )[0];
}

function controllerOf(values: Tree): unknown {
    return { replicaCount: valueAt(values, ["ingress-controller", "deployment", "replicas"]) };
}

function replicasOf(values: unknown): string {
    return pluralOf(textAt(values, "replicaCount") ?? "1", "pod");
}

function pluralOf(count: string, noun: string): string {
    return `${count} ${noun}${count === "1" ? "" : "s"}`;
}

function pathsOf(rule: Tree): string[] {
    const paths = valueAt(rule, ["match", "paths"]);
    return Array.isArray(paths) ? paths.filter((path): path is string => typeof path === "string") : [];
}

/**
 * Returns how one part of the picture changes. A part consists of several resources.
 * @param whole the essential resources of the part. If all of them are created, the part counts as created. The same holds
 * for the other operations. @default all resources
 */
function changeOf(resources: Resource[], whole: Resource[] = resources): { change?: Operation } {
    const changes = new Set(whole.map(({ change }) => change));
    if (changes.size === 1 && !changes.has(undefined)) return { change: [...changes][0] };
    const some = new Set(resources.map(({ change }) => change));
    if (some.has("replace")) return { change: "replace" };
    return [...some].some((change) => change !== undefined) ? { change: "update" } : {};
}
