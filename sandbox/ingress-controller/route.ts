// Translates ApisixRoute to APISIX services and routes. Supported are the fields that this project writes; any other field is
// rejected with an error that names it.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/controller/apisixroute_controller.go,
// internal/adc/translator/apisixroute.go and api/v2/apisixroute_types.go.

import { find, type Resource, type World } from "./kinds";
import { nameId, unsupported, ownerLabels, Refusal, type ApisixObject } from "./objects";
import { enabledPlugins, type Plugin } from "./plugins";
import { fromApisixUpstream, newUpstream, timeout, type Upstream } from "./upstream";

interface RouteContext {
    world: World;
    controllerName: string;
    /** Logs which part of a resource the controller skips. The status does not show such a part. */
    log: (line: string) => void;
}

interface Rule {
    name: string;
    priority?: number;
    match?: { paths: string[]; hosts?: string[]; methods?: string[]; exprs?: Expression[] };
    timeout?: { connect?: string; send?: string; read?: string };
    websocket?: boolean;
    upstreams?: { name?: string }[];
    plugins?: Plugin[];
}

interface Expression {
    subject: { scope: string; name: string };
    op: string;
    value?: string;
}

const RULE = ["name", "priority", "match", "timeout", "websocket", "upstreams", "plugins"];
const MATCH = ["paths", "hosts", "methods", "exprs"];

/** Returns all objects of one ApisixRoute. Throws a Refusal with the message of its condition. */
export function translateRoute(context: RouteContext, owner: Resource): ApisixObject[] {
    const { http = [], stream = [] } = (owner.spec ?? {}) as { http?: Rule[]; stream?: object[] };
    if (stream.length > 0) throw unsupported("spec.stream");
    http.forEach((rule, index) => validate(rule, `.spec.http[${index}]`));
    return http.flatMap((rule, index) => translateRule(context, owner, rule, index));
}

function validate(rule: Rule, where: string): void {
    onlyHas(rule, RULE, where);
    if (!rule.match) throw new Refusal("InvalidSpec", `${where}.match: required`);
    onlyHas(rule.match, MATCH, `${where}.match`);
    if ((rule.upstreams ?? []).length > 1) throw unsupported(`${where}.upstreams: more than one upstream`);
}

function onlyHas(object: object, known: string[], where: string): void {
    const other = Object.keys(object).find((field) => !known.includes(field));
    if (other) throw unsupported(`${where}.${other}`);
}

function translateRule(context: RouteContext, owner: Resource, rule: Rule, index: number): ApisixObject[] {
    const { namespace, name } = owner.metadata;
    const match = rule.match as NonNullable<Rule["match"]>;
    const where = `.spec.http[${index}]`;
    const labels = ownerLabels(owner, context.controllerName);
    const serviceName = `${namespace}_${name}_${index}`;
    const serviceId = nameId(serviceName);
    const routeName = `${namespace}_${name}_${rule.name}`;
    const service = { name: serviceName, labels, hosts: match.hosts, upstream: upstream(context, owner, rule) };
    const route = {
        name: routeName,
        labels: { ...labels, ...owner.metadata.labels },
        uris: match.paths,
        methods: match.methods,
        vars: match.exprs?.map((expression) => toVar(expression, `${where}.match.exprs`)),
        priority: rule.priority ?? 0,
        enable_websocket: rule.websocket ?? false,
        timeout: rule.timeout && timeout(rule.timeout, `${where}.timeout`),
        plugins: enabledPlugins(rule.plugins ?? []),
        status: 1,
        service_id: serviceId,
    };
    return [object("services", serviceId, service), object("routes", nameId(routeName), route)];
}

/**
 * The upstream of a rule. Without a valid ApisixUpstream, the upstream has no nodes: APISIX answers every request with
 * 503, although the route's status is True.
 */
function upstream({ world, log }: RouteContext, owner: Resource, rule: Rule): Upstream {
    const namespace = owner.metadata.namespace as string;
    for (const { name = "" } of rule.upstreams ?? []) {
        try {
            const source = find(world, "ApisixUpstream", namespace, name);
            if (!source) throw new Error(`ApisixUpstream not found: ${namespace}/${name}`);
            return fromApisixUpstream(source);
        } catch (error) {
            if (error instanceof Refusal) throw error;
            const where = `ApisixRoute ${namespace}/${owner.metadata.name}, rule ${rule.name}`;
            log(
                `${where}: upstream ${name} is skipped, and the status does not report this: ${(error as Error).message}`,
            );
        }
    }
    return newUpstream();
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
