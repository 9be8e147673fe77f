import { gatewayNamespaces } from "../resources/charts";
import { kindOf, type Resource } from "../resources/resource";
import { allAt, at, map, textOf, UNKNOWN, type Tree } from "../resources/values";
import { inConfig, type Facts } from "./facts";
import type { Message, Rule } from "./rule";

/** Fields with a host. */
const HOSTS: Record<string, string[]> = {
    Command: ["connection.host"],
    WorkersRoute: ["pattern"],
    ZeroTrustAccessApplication: ["domain", "destinations[].uri"],
    ZeroTrustTunnelCloudflaredConfig: ["config.ingresses[].hostname"],
    Zone: ["name"],
};
const CHECKS: Record<string, (props: Tree, facts: Facts) => Iterable<Message>> = {
    ApisixUpstream: nodes,
    Command: installed,
    ZeroTrustTunnelCloudflaredConfig: services,
};

export const hostsOfConfig: Rule = {
    name: "hosts-of-config",
    title: "Upstreams, tunnels, Worker routes, DNS records and commands name only hosts of the stack's config, and this project's own Services.",
    reason: "Requests contain prompts and credentials, and commands contain passwords: another host would receive them.",
    *check(resource, facts) {
        const kind = kindOf(resource);
        for (const path of Object.hasOwn(HOSTS, kind) ? HOSTS[kind] : [])
            for (const [where, host] of allAt(resource.props, path))
                if (host !== undefined && !inConfig(facts, textOf(host).replace(/\/\*$/, ""))) yield ofConfig(where);
        if (Object.hasOwn(CHECKS, kind)) yield* CHECKS[kind](resource.props, facts);
    },
    checkStack: (resources, facts) => {
        const isOther = otherGateway(resources, facts);
        const isOurs = recordCheck(resources);
        return function* (resource) {
            for (const [where, namespace] of gatewaysIn(resource))
                if (isOther(namespace))
                    yield `${where}: must be the gateway that this stack installs, or the one in its config. Correct it.`;
            if (kindOf(resource) === "DnsRecord" && !isOurs(resource.props))
                yield "content: must be the tunnel of this stack. Correct it.";
        };
    },
};

/** Messages do not contain the value, since the config may have it as a secret. */
const ofConfig = (where: string) => `${where}: must be in the stack's config. Correct it, or add it to the config.`;

/** URLs and digests of what a command installs on its host. */
function* installed({ create, update }: Tree, facts: Facts): Generator<Message> {
    for (const [where, line] of Object.entries({ create, update }))
        for (const word of textOf(line).replaceAll("'", "").split(" "))
            if (/^(https?:\/\/.*|[0-9a-f]{64})$/.test(word) && !inConfig(facts, word)) yield ofConfig(where);
}

/** Address of the upstream of rules whose requests the gateway answers itself. */
const NO_LISTENER = "127.0.0.1:1";

function* nodes({ metadata, spec }: Tree, facts: Facts): Generator<Message> {
    const { name, namespace } = map(metadata);
    // Services of Alpa that this project or Rampart creates for the namespace of the routes.
    const own = [
        `alpa-opt.${textOf(namespace)}.svc.cluster.local:20001`,
        `component-alpa-opt-service.${textOf(namespace)}-opt-alpa.svc.cluster.local:20001`,
    ];
    for (const [where, node] of allAt(spec, "externalNodes[]")) {
        const address = `${textOf(at(node, "name"))}:${String(at(node, "port"))}`;
        const isOwn = name !== "alpa-nowhere" && (own.includes(address) || inConfig(facts, address));
        if (address !== NO_LISTENER && !isOwn) yield ofConfig(`spec.${where}`);
    }
}

/** A gateway in the cluster: the one that this stack installs, or an existing one, whose Service is in the config. */
const GATEWAY = /^http:\/\/([a-z0-9-]+)\.([a-z0-9-]+)\.svc\.cluster\.local:(\d+)$/;
function isGateway(service: string, facts: Facts): boolean {
    const [found, name, namespace, port] = GATEWAY.exec(service) ?? [];
    const isOwn = name === "apisix-gateway" && port === "80";
    return found !== undefined && (isOwn || (inConfig(facts, name) && inConfig(facts, namespace)));
}
/** Whether a rule of a tunnel rejects its requests, and forwards none. */
export const rejectsAll = (service: unknown) => /^http_status:[45]\d\d$/.test(String(service));

/** Origins of a tunnel. The origin is a gateway, which authenticates, or the connector requires a token of Access. */
function* services({ config }: Tree, facts: Facts): Generator<Message> {
    for (const [place, entry] of allAt(config, "ingresses[]")) {
        const { service, originRequest } = map(entry);
        if (service === UNKNOWN || rejectsAll(service) || isGateway(textOf(service), facts)) continue;
        const where = `config.${place}`;
        const address = /^http:\/\/([^/@]+)$/.exec(textOf(service))?.[1];
        if (address === undefined || !inConfig(facts, address)) yield ofConfig(`${where}.service`);
        const { required, audTags } = map(at(originRequest, "access"));
        if (required !== true || !Array.isArray(audTags) || audTags.length === 0)
            yield `${where}.originRequest.access: must be required, with the application's audTags. Add it.`;
    }
}

/** Where objects name the namespace of the gateway, which gets every key and request. */
const GATEWAYS: Record<string, string> = {
    GatewayProxy: "metadata.namespace",
    IngressClass: "spec.parameters.namespace",
    Gateway: "metadata.namespace",
    Consumer: "spec.gatewayRef.namespace",
};
function gatewaysIn(resource: Resource): [where: string, namespace: unknown][] {
    const kind = kindOf(resource);
    const tunnels = allAt(resource.props, "config.ingresses[].service").map(([where, service]): [string, unknown] => [
        where,
        GATEWAY.exec(textOf(service))?.[2],
    ]);
    return Object.hasOwn(GATEWAYS, kind) ? allAt(resource.props, GATEWAYS[kind]) : tunnels;
}

/** Returns whether a namespace has a gateway that this stack neither installs nor has in its config. */
function otherGateway(resources: Resource[], facts: Facts): (namespace: unknown) => boolean {
    const own = gatewayNamespaces(resources);
    return (namespace) =>
        typeof namespace === "string" &&
        (own.length === 0 ? !inConfig(facts, namespace) : !own.includes(namespace) && !own.includes(undefined));
}

/** Returns whether a DNS record is for another host name than the tunnel's, or points to the tunnel. */
function recordCheck(resources: Resource[]): (record: Tree) => boolean {
    const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
    const ids = of("ZeroTrustTunnelCloudflared").map(({ id }) => id);
    const names = of("ZeroTrustTunnelCloudflaredConfig")
        .flatMap(({ props }) => allAt(props, "config.ingresses[].hostname"))
        .map(([, hostname]) => hostname);
    return ({ name, content, proxied }) => {
        const tunnel = /^(.*)\.cfargotunnel\.com$/.exec(textOf(content))?.[1];
        if (tunnel === undefined && !(names.includes(name) && proxied === true)) return true;
        return ids.some((id) => typeof id !== "string") || ids.includes(tunnel);
    };
}
