/** Section "Ports", from node ports of Services, network policies, upstreams and SSH connections. */
import { parse } from "yaml";
import type { Seen } from "../kit";
import { code, kindOf, ofKind, plain, sorted, table } from "./resources";

/** Node ports of the gateway. The chart creates the Service for them. */
export interface NodePorts {
    http: number;
    https?: number;
    redirect: boolean;
}

const HEAD = ["Port", "Listens", "May connect", "Enforced by"];

export function gatewayPorts(seen: Seen[], nodePorts: NodePorts): string {
    const http = nodePorts.redirect ? "HTTP, which redirects to HTTPS" : "HTTP";
    return table(HEAD, [
        [`${nodePorts.http} TCP`, `every node: ${http}`, "callers", "your firewall; the credential"],
        ...(nodePorts.https === undefined
            ? []
            : [[`${nodePorts.https} TCP`, "every node: HTTPS", "callers", "your firewall; the credential"]]),
        ...ofKind(seen, "NetworkPolicy").flatMap(policyRows),
        ...upstreamRows(seen),
        ...sshRows(seen),
    ]);
}

/** Ports of option cloudflare. SSH is the only open port of its hosts. */
export function edgePorts(seen: Seen[], edgePort: number): string {
    const names = ofKind(seen, "DnsRecord").map(({ inputs }) => code(inputs.name));
    const rules: any[] = ofKind(seen, "ZeroTrustTunnelCloudflaredConfig").flatMap(
        ({ inputs }) => inputs.config.ingresses,
    );
    const origins = sorted(rules.map(({ service }) => String(service)).filter((service) => service.includes("//")));
    return table(HEAD, [
        [
            "443 TCP",
            `Cloudflare's edge: HTTPS for ${names.join(", ")}`,
            "callers",
            "Cloudflare Access: a service token",
        ],
        [
            `${edgePort} TCP and UDP, outbound`,
            "Cloudflare's edge, for connectors",
            "the hosts of `tunnel.hosts`",
            "your firewall; the tunnel's token",
        ],
        ...origins.map((origin) => [
            new URL(origin).port,
            `Alpa: ${code(origin)}`,
            "the connector on its host",
            "your firewall: close it to all other sources",
        ]),
        ...sshRows(seen),
    ]);
}

function policyRows({ inputs: { metadata, spec } }: Seen): string[][] {
    const policy = `policy ${code(metadata.name)} in ${code(metadata.namespace)}`;
    const pods = podsIn(spec.podSelector);
    if ((spec.ingress ?? []).length === 0) return [["all others", pods, "no pod and no address", policy]];
    return spec.ingress.map((rule: any) => [
        rule.ports?.map(({ port, protocol = "TCP" }: any) => `${port} ${protocol}`).join(", ") ?? "all",
        pods,
        rule.from === undefined ? "callers, by the node port or in the cluster" : rule.from.map(peerIn).join("; "),
        policy,
    ]);
}

function podsIn(selector: any): string {
    const labels = [
        ...Object.values(selector?.matchLabels ?? {}),
        ...(selector?.matchExpressions ?? []).flatMap(({ values = [] }: { values?: unknown[] }) => values),
    ];
    return labels.length === 0 ? "every pod of the namespace" : `pods ${labels.map(code).join(", ")}`;
}

function peerIn({ podSelector, namespaceSelector, ipBlock }: any): string {
    if (ipBlock !== undefined) return code(ipBlock.cidr);
    const namespace = namespaceSelector?.matchLabels?.["kubernetes.io/metadata.name"];
    return `${podsIn(podSelector)}${namespace === undefined ? "" : ` in ${code(namespace)}`}`;
}

function upstreamRows(seen: Seen[]): string[][] {
    const nodes: any[] = ofKind(seen, "ApisixUpstream")
        .filter(({ name }) => !name.includes("nowhere"))
        .flatMap(({ inputs }) => inputs.spec.externalNodes ?? []);
    return sorted(nodes.filter(({ type }) => type !== "Service").map(({ port }) => String(port))).map((port) => [
        `${port} TCP`,
        "Alpa, on bare metal",
        "the nodes that may run APISIX",
        "`alpa.firewall`, or your firewall",
    ]);
}

function sshRows(seen: Seen[]): string[][] {
    const ports = ofKind(seen, "Command").map(({ inputs }) => `${plain(inputs.connection).port ?? 22} TCP`);
    return sorted(ports).map((port) => [
        port,
        "SSH of the hosts",
        "the machine that runs Pulumi",
        "your firewall; its key",
    ]);
}

/** Settings of APISIX, as in its config file. */
export function apisixSettings(seen: Seen[]): any {
    const [file] = seen
        .filter((one) => kindOf(one) === "ConfigMap" && /^alpa-auth-apisix-/.test(one.inputs.metadata.name))
        .flatMap(({ inputs }) => Object.values(inputs.data as Record<string, string>));
    return parse(file);
}
