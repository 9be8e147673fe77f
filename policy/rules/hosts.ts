import { gatewayNamespaces } from "../resources/charts";
import { rejectsAll } from "../resources/cloudflare";
import { kindOf, type Resource } from "../resources/resource";
import { NOWHERE, rulesOf, type RouteRule } from "../resources/routes";
import { at, isOther, isUnknown, list, map, textOf, UNKNOWN, type Tree } from "../resources/values";
import type { Facts } from "./facts";
import { when, type Message, type Rule, type StackMessage } from "./rule";

export const hostsOfConfig: Rule = {
    name: "hosts-of-config",
    title: "Upstreams, tunnels, Worker routes, DNS records and commands name only hosts of the stack's config, and this project's own Services.",
    reason: "Requests contain prompts and credentials, and commands contain passwords: another host would receive them.",
    check: (resource, { config }) => {
        const kind = kindOf(resource);
        const checks = Object.hasOwn(CHECKS, kind) ? CHECKS[kind] : undefined;
        return [
            ...rulesOf(resource).flatMap(target),
            ...(Object.hasOwn(FIELDS, kind) ? others(resource.props, ...FIELDS[kind]) : []),
            ...(checks?.(resource.props, config ?? EVERYTHING) ?? []),
        ];
    },
    checkStack: (resources, facts) => [...otherGateways(resources, facts), ...otherRecords(resources)],
};

type Texts = Pick<ReadonlySet<unknown>, "has">;
/** With a hidden config, every host may be in it. */
const EVERYTHING: Texts = { has: () => true };

/** Messages do not contain the value, since the config may have it as a secret. */
const ofConfig = (where: string) => `${where}: must be in the stack's config. Correct it, or add it to the config.`;
const hosts = (config: Texts, named: Record<string, unknown>): Message[] =>
    Object.entries(named)
        .filter(([, host]) => host !== undefined && !isUnknown(host) && !config.has(host))
        .map(([where]) => ofConfig(where));

/** Fields that an object may have at a path. Others can change the target of requests or of keys, or admit callers. */
const FIELDS: Record<string, [path: string, fields: string]> = {
    ApisixUpstream: ["spec", "externalNodes healthCheck ingressClassName loadbalancer passHost retries scheme timeout"],
    GatewayProxy: ["spec.provider.controlPlane", "auth service"],
    ZeroTrustAccessApplication: [
        "",
        "accountId appLauncherVisible destinations domain name policies serviceAuth401Redirect sessionDuration type",
    ],
    ZeroTrustTunnelCloudflaredConfig: ["config", "ingresses"],
};
function others(tree: unknown, path: string, fields: string, where = path): Message[] {
    const above = where === "" ? "" : `${where}.`;
    return Object.keys(map(path === "" ? tree : at(tree, path)))
        .filter((field) => !fields.split(" ").includes(field))
        .map((field) => `${above}${field}: must be unset. Remove it; rule hosts-of-config lists the others.`);
}

const CHECKS: Record<string, (props: Tree, config: Texts) => Message[]> = {
    ApisixUpstream: upstream,
    ZeroTrustTunnelCloudflaredConfig: tunnel,
    ZeroTrustAccessApplication: ({ domain, destinations }, config) =>
        hosts(config, {
            domain,
            ...Object.fromEntries(list(destinations).map((one, i) => [`destinations[${i}].uri`, at(one, "uri")])),
        }),
    WorkersRoute: ({ pattern }, config) =>
        hosts(config, { pattern: isUnknown(pattern) ? UNKNOWN : textOf(pattern).replace(/\/\*$/, "") }),
    Zone: ({ name }, config) => hosts(config, { name }),
    Command: command,
    GatewayProxy: (props) => {
        const name = at(props, "spec.provider.controlPlane.service.name");
        return when(
            name !== undefined && isOther(name, "apisix-admin"),
            "spec.provider.controlPlane.service.name: must be apisix-admin, since it gets the key of the Admin API. Set it.",
        );
    },
    Ruleset: ruleset,
};

const UPSTREAMS = ["alpa-completions", "alpa-logprobs", NOWHERE];

function target({ where, props }: RouteRule): Message[] {
    const names = list(props.upstreams).map((one) => (isUnknown(one) ? UNKNOWN : at(one, "name")));
    const isOther = names.length > 1 || names.some((name) => !isUnknown(name) && !UPSTREAMS.includes(String(name)));
    return [
        ...when(list(props.backends).length > 0, `${where}.backends: must be empty. Use an upstream of this project.`),
        ...when(isOther, `${where}.upstreams: must be one of ${UPSTREAMS.join(", ")}. Correct it.`),
    ];
}

/** A host, and what is installed there. */
function command({ connection, create, update }: Tree, config: Texts): Message[] {
    const isOther = (word: string) => /^(https?:\/\/.*|[0-9a-f]{64})$/.test(word) && !config.has(word);
    const words = (line: unknown) =>
        textOf(line)
            .split(" ")
            .map((word) => word.replace(/^'(.*)'$/, "$1"));
    const lines = Object.entries({ create, update }).filter(([, line]) => words(line).some(isOther));
    return [
        ...hosts(config, { "connection.host": at(connection, "host") }),
        ...lines.map(([where]) => ofConfig(where)),
    ];
}

const FIXED = { passHost: "pass", scheme: "http" };

function upstream(props: Tree, config: Texts): Message[] {
    const spec = map(props.spec);
    const [name, namespace] = [at(props, "metadata.name"), textOf(at(props, "metadata.namespace"))];
    return [
        ...Object.entries(FIXED)
            .filter(([field, value]) => isOther(spec[field], value))
            .map(([field, value]) => `spec.${field}: must be ${value}. Set it.`),
        ...list(spec.externalNodes).flatMap((node, i) => {
            const { name: host, port } = map(node);
            if ([name, node, host, port].some(isUnknown)) return [];
            const address = `${textOf(host)}:${String(port)}`;
            const isNode =
                name === NOWHERE ? address === "127.0.0.1:1" : isOwnService(address, namespace) || config.has(address);
            return isNode ? [] : [ofConfig(`spec.externalNodes[${i}]`)];
        }),
    ];
}

/** Alpa's Services that this project or Rampart creates for the namespace of the routes. */
function isOwnService(address: string, namespace: string): boolean {
    return [
        `alpa-opt.${namespace}.svc.cluster.local:20001`,
        `component-alpa-opt-service.${namespace}-opt-alpa.svc.cluster.local:20001`,
    ].includes(address);
}

/** A gateway in the cluster: the one that this stack installs, or an existing one, whose Service is in the config. */
const GATEWAY = /^http:\/\/([a-z0-9-]+)\.([a-z0-9-]+)\.svc\.cluster\.local:(\d+)$/;
const isGateway = (service: string, config: Texts) => {
    const [, name, namespace, port] = GATEWAY.exec(service) ?? [];
    return (name === "apisix-gateway" && port === "80") || (config.has(name) && config.has(namespace));
};

/** Rules of a tunnel. The origin is a gateway, which authenticates, or the connector requires a token of Access. */
function tunnel({ config: settings }: Tree, config: Texts): Message[] {
    return list(at(settings, "ingresses")).flatMap((entry, i) => ingress(map(entry), `config.ingresses[${i}]`, config));
}

function ingress({ hostname, service, originRequest }: Tree, where: string, config: Texts): Message[] {
    if (isUnknown(service) || rejectsAll(service)) return [];
    const named = [
        ...hosts(config, { [`${where}.hostname`]: hostname }),
        ...others(originRequest, "", "access connectTimeout", `${where}.originRequest`),
    ];
    if (isGateway(textOf(service), config)) return named;
    const address = /^http:\/\/([^/@]+)$/.exec(textOf(service))?.[1];
    const { access } = map(originRequest);
    const { required, audTags } = map(access);
    const isAsked = required === true && (isUnknown(audTags) || list(audTags).length > 0);
    return [
        ...named,
        ...when(address === undefined || !config.has(address), ofConfig(`${where}.service`)),
        ...when(
            !isAsked && !isUnknown(originRequest) && !isUnknown(access),
            `${where}.originRequest.access: must be required, with the application's audTags. Add it.`,
        ),
    ];
}

const PHASES = ["http_ratelimit", "http_request_firewall_custom"];

/** Rules of the edge. Rules of other phases can change the target of a request, and other actions can skip Access. */
function ruleset({ phase, rules }: Tree): Message[] {
    const isAllowed = (rule: unknown) => {
        const { action, actionParameters } = map(rule);
        if ([rule, action, actionParameters].some(isUnknown) || action === "block") return true;
        return action === "skip" && Object.keys(map(actionParameters)).join() === "products";
    };
    return [
        ...when(
            !isUnknown(phase) && !PHASES.includes(String(phase)),
            `phase: must be ${PHASES.join(" or ")}. Remove the ruleset.`,
        ),
        ...list(rules).flatMap((rule, i) =>
            when(!isAllowed(rule), `rules[${i}].action: must be block, or skip only products. Correct it.`),
        ),
    ];
}

/** Where objects name the namespace of the gateway, which gets every key and request. */
const GATEWAYS: Record<string, string> = {
    GatewayProxy: "metadata.namespace",
    IngressClass: "spec.parameters.namespace",
    Gateway: "metadata.namespace",
    Consumer: "spec.gatewayRef.namespace",
};

/** Reports objects and tunnels that name a gateway which this stack neither installs nor has in its config. */
function otherGateways(resources: Resource[], facts: Facts): StackMessage[] {
    const config = facts.config ?? EVERYTHING;
    const own = gatewayNamespaces(resources);
    const isOther = (namespace: unknown) =>
        typeof namespace === "string" &&
        (own.length === 0 ? !config.has(namespace) : !own.includes(namespace) && !own.includes(undefined));
    return resources.flatMap(({ urn, ...resource }) => {
        const field = GATEWAYS[kindOf(resource)];
        const objects = field === undefined ? [] : [[field, at(resource.props, field)] as const];
        const tunnels = list(at(resource.props, "config.ingresses")).map(
            (one, i) => [`config.ingresses[${i}].service`, GATEWAY.exec(textOf(at(one, "service")))?.[2]] as const,
        );
        return [...objects, ...tunnels]
            .filter(([, namespace]) => isOther(namespace))
            .map(([where]) => ({
                urn,
                message: `${where}: must be the gateway that this stack installs, or the one in its config. Correct it.`,
            }));
    });
}

/** Reports DNS records of the tunnel's host names that do not point to the tunnel, and records that point to another tunnel. */
function otherRecords(resources: Resource[]): StackMessage[] {
    const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
    const ids = of("ZeroTrustTunnelCloudflared").map(({ id }) => id);
    const names = of("ZeroTrustTunnelCloudflaredConfig").flatMap(({ props }) =>
        list(at(props, "config.ingresses")).map((one) => at(one, "hostname")),
    );
    return of("DnsRecord").flatMap(({ urn, props: { name, content, proxied } }) => {
        const tunnelId = /^(.*)\.cfargotunnel\.com$/.exec(textOf(content))?.[1];
        const isService = names.includes(name) && proxied === true;
        if (isUnknown(content) || (tunnelId === undefined && !isService)) return [];
        if (ids.some((id) => typeof id !== "string") || (tunnelId !== undefined && ids.includes(tunnelId))) return [];
        return [{ urn, message: "content: must be the tunnel of this stack. Correct it." }];
    });
}
