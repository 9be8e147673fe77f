// Translates ApisixRoute and its ApisixUpstreams to APISIX services and routes. Supported are the fields that this project
// writes; any other field is rejected with an error that names it.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/controller/apisixroute_controller.go, internal/adc/translator
// (apisixroute.go, apisixupstream.go) and api/v2/apisixroute_types.go.

import { find, type Resource, type World } from "./kinds";
import {
    configsOf,
    nameId,
    onlyHas,
    ownerLabels,
    Refusal,
    unsupported,
    wholeSeconds,
    type ApisixObject,
    type PluginSpec,
} from "./objects";

interface RouteContext {
    world: World;
    controllerName: string;
    /** Logs which part of a resource the controller skips. The status does not show such a part. */
    log: (line: string) => void;
}

interface Rule {
    name: string;
    priority?: number;
    match: { paths: string[]; methods?: string[]; exprs?: Expression[] };
    timeout?: Timeout;
    upstreams?: { name?: string }[];
    plugins?: (PluginSpec & { enable: boolean })[];
}

interface Expression {
    subject: { scope: string; name: string };
    op: string;
    value?: string;
}

type Timeout = { connect: string; send: string; read: string };

const RULE = ["name", "priority", "match", "timeout", "upstreams", "plugins"];
const UPSTREAM = ["ingressClassName", "externalNodes", "scheme", "passHost", "retries", "timeout", "loadbalancer"];

/** Returns all objects of one ApisixRoute. Throws a Refusal with the message of its condition. */
export function translateRoute(context: RouteContext, owner: Resource): ApisixObject[] {
    onlyHas(owner.spec ?? {}, ["ingressClassName", "http"], "spec");
    const rules = (owner.spec?.http ?? []) as Rule[];
    return rules.flatMap((rule, index) => translateRule(context, owner, rule, index));
}

function translateRule(context: RouteContext, owner: Resource, rule: Rule, index: number): ApisixObject[] {
    const where = `.spec.http[${index}]`;
    onlyHas(rule, RULE, where);
    if (!rule.match) throw new Refusal("InvalidSpec", `${where}.match: required`);
    onlyHas(rule.match, ["paths", "methods", "exprs"], `${where}.match`);
    if ((rule.upstreams ?? []).length > 1) throw unsupported(`${where}.upstreams: more than one upstream`);
    for (const plugin of rule.plugins ?? []) onlyHas(plugin, ["name", "enable", "config"], `${where}.plugins`);

    const { namespace, name } = owner.metadata;
    const labels = ownerLabels(owner, context.controllerName);
    const serviceName = `${namespace}_${name}_${index}`;
    const serviceId = nameId(serviceName);
    const routeName = `${namespace}_${name}_${rule.name}`;
    const route = {
        name: routeName,
        labels: { ...labels, ...owner.metadata.labels },
        uris: rule.match.paths,
        methods: rule.match.methods,
        vars: rule.match.exprs?.map((expression) => toVar(expression, `${where}.match.exprs`)),
        priority: rule.priority ?? 0,
        enable_websocket: false,
        timeout: rule.timeout && timeout(rule.timeout, `${where}.timeout`),
        plugins: configsOf(rule.plugins?.filter(({ enable }) => enable)),
        status: 1,
        service_id: serviceId,
    };
    const service = { name: serviceName, labels, upstream: upstreamOf(context, owner, rule) };
    return [object("services", serviceId, service), object("routes", nameId(routeName), route)];
}

const newUpstream = () => ({
    type: "roundrobin",
    scheme: "http",
    labels: { "managed-by": "apisix-ingress-controller" },
    nodes: [] as object[],
});

/**
 * The upstream of a rule. Without its ApisixUpstream, the upstream has no nodes: APISIX answers every request with 503,
 * although the route's status is True.
 */
function upstreamOf({ world, log }: RouteContext, owner: Resource, rule: Rule): object {
    const namespace = owner.metadata.namespace as string;
    const [{ name = "" } = {}] = rule.upstreams ?? [];
    const source = find(world, "ApisixUpstream", namespace, name);
    if (source) return fromApisixUpstream(source);
    const where = `ApisixRoute ${namespace}/${owner.metadata.name}, rule ${rule.name}`;
    log(`${where}: upstream ${name} is skipped, and the status does not report this: ApisixUpstream not found`);
    return newUpstream();
}

function fromApisixUpstream({ spec = {}, metadata }: Resource): object {
    const where = `ApisixUpstream ${metadata.namespace}/${metadata.name}: spec`;
    onlyHas(spec, [...UPSTREAM, "healthCheck"], where);
    const { externalNodes = [], loadbalancer, timeout: given, healthCheck, passHost, retries } = spec;
    const { labels, ...upstream } = newUpstream();
    if (loadbalancer && loadbalancer.type !== "chash") throw unsupported(`${where}.loadbalancer.${loadbalancer.type}`);
    return {
        ...upstream,
        labels: { ...labels, ...metadata.labels },
        ...(loadbalancer && { type: "chash", hash_on: loadbalancer.hashOn }),
        ...(retries !== undefined && { retries }),
        ...(given && { timeout: timeout(given, `${where}.timeout`) }),
        ...(passHost && { pass_host: passHost }),
        ...(healthCheck && { checks: checks(healthCheck, `${where}.healthCheck`) }),
        nodes: externalNodes.map((node: { name: string; type?: string; port?: number; weight?: number }) => {
            const { name, type, port = 80, weight = 100 } = node;
            // For the real controller, any type other than "Domain" means that `name` is the name of a Service.
            if (type !== "Domain") throw unsupported(`${where}: type ${JSON.stringify(type)} of external node ${name}`);
            return { host: name, port, weight };
        }),
    };
}

function timeout(spec: Timeout, where: string) {
    const part = (name: keyof Timeout) => wholeSeconds(spec[name] ?? "", `${where}.${name}`);
    return { connect: part("connect"), send: part("send"), read: part("read") };
}

/** Translates health checks. The controller 2.0.x drops the type of the check. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- checked by the API server
function checks({ active, ...others }: any, where: string): object {
    onlyHas(others, [], where);
    onlyHas(active, ["type", "httpPath", "timeout", "strictTLS", "healthy", "unhealthy"], `${where}.active`);
    if (active.strictTLS !== false) throw unsupported(`${where}.active: strictTLS other than false`);
    const part = (name: "healthy" | "unhealthy", fields: Record<string, string>) => {
        const { interval, ...given } = active[name];
        onlyHas(given, Object.keys(fields), `${where}.active.${name}`);
        const named = Object.entries(given).map(([field, value]) => [fields[field], value]);
        return { interval: wholeSeconds(interval, `${where}.active.${name}.interval`), ...Object.fromEntries(named) };
    };
    const counts = { httpFailures: "http_failures", tcpFailures: "tcp_failures", timeout: "timeouts" };
    return {
        active: {
            timeout: active.timeout / 1e9, // in nanoseconds, but APISIX needs seconds
            http_path: active.httpPath,
            healthy: part("healthy", { httpCodes: "http_statuses", successes: "successes" }),
            unhealthy: part("unhealthy", { httpCodes: "http_statuses", ...counts }),
        },
    };
}

/** Operators of expressions in `vars` of an APISIX route. */
const OPERATORS: Record<string, string[]> = { Equal: ["=="], RegexMatch: ["~~"], RegexNotMatch: ["!", "~~"] };

/** Translates an expression to an entry of `vars` of an APISIX route. */
function toVar({ subject, op, value }: Expression, where: string): unknown[] {
    if (subject.scope !== "Variable" || !(op in OPERATORS) || value === undefined)
        throw unsupported(`${where}: ${subject.scope} ${op}`);
    return [subject.name, ...OPERATORS[op], value];
}

function object(collection: "routes" | "services", id: string, body: object): ApisixObject {
    const defined = Object.entries({ id, ...body }).filter(([, value]) => value !== undefined);
    return { collection, id, path: `${collection}/${id}`, body: Object.fromEntries(defined) };
}
