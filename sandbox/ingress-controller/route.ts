// Translates ApisixRoute to APISIX services, routes and upstreams.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/controller/apisixroute_controller.go and
// internal/adc/translator/apisixroute.go.

import { isIP } from "node:net";

import { toVar, type Expression } from "./expressions";
import { find, type Resource, type World } from "./kinds";
import { nameId, unsupported, ownerLabels, Refusal, SERVICE_LABEL, type ApisixObject } from "./objects";
import { rulePlugins, sharedPlugins, type Plugin, type PluginSource } from "./plugins";
import { fromApisixUpstream, newUpstream, serviceNodes, timeout, type Upstream } from "./upstream";

interface RouteContext {
    world: World;
    controllerName: string;
    /** Writes a line to the controller's log for each part that it skips without a status. */
    log: (line: string) => void;
}

interface Rule extends PluginSource {
    name: string;
    priority?: number;
    match?: {
        paths: string[];
        hosts?: string[];
        methods?: string[];
        remoteAddrs?: string[];
        exprs?: Expression[];
        filter_func?: string;
    };
    timeout?: { connect?: string; send?: string; read?: string };
    websocket?: boolean;
    backends?: Parameters<typeof serviceNodes>[2][];
    upstreams?: { name?: string; weight?: number }[];
}

/** Returns all objects of one ApisixRoute. Throws a Refusal with the message of its condition. */
export function translateRoute(context: RouteContext, owner: Resource): ApisixObject[] {
    if ((owner.spec?.stream ?? []).length > 0) throw unsupported("spec.stream");
    const rules: Rule[] = owner.spec?.http ?? [];
    rules.forEach((rule, index) => validate(context.world, owner, rule, index));
    return rules.flatMap((rule, index) => translateRule(context, owner, rule, index));
}

function validate(world: World, owner: Resource, rule: Rule, index: number): void {
    const namespace = owner.metadata.namespace as string;
    const mustHaveSecrets = (plugins: Plugin[]) => {
        for (const { enable, secretRef } of plugins) {
            if (enable && secretRef && !find(world, "Secret", namespace, secretRef)) {
                throw new Refusal("InvalidSpec", `failed to get Secret: ${namespace}/${secretRef}`);
            }
        }
    };
    mustHaveSecrets(rule.plugins ?? []);
    if (rule.plugin_config_name) {
        const shared = sharedPlugins(world, namespace, rule);
        const key = `${rule.plugin_config_namespace || namespace}/${rule.plugin_config_name}`;
        if (!shared) throw new Refusal("InvalidSpec", `failed to get ApisixPluginConfig: ${key}`);
        // Secrets of shared plugins must exist in the route's namespace, but the translation reads them in that of the plugin config.
        mustHaveSecrets(shared.spec.plugins);
    }
    if (!rule.match) throw new Refusal("InvalidSpec", `.spec.http[${index}].match: required`);
    for (const expression of rule.match.exprs ?? []) toVar(expression, index);
    for (const address of rule.match.remoteAddrs ?? []) {
        const [ip, bits, ...more] = address.split("/");
        if (!isIP(ip) || more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) {
            throw new Refusal("InvalidSpec", `.spec.http[${index}].match.remoteAddrs: invalid address ${address}`);
        }
    }
    const seen = new Set<string>();
    for (const { serviceName } of rule.backends ?? []) {
        if (seen.has(serviceName)) {
            throw new Refusal("InvalidSpec", `duplicate backend service: ${namespace}/${serviceName}`);
        }
        seen.add(serviceName);
    }
}

function translateRule(context: RouteContext, owner: Resource, rule: Rule, index: number): ApisixObject[] {
    const { namespace, name } = owner.metadata;
    const match = rule.match as NonNullable<Rule["match"]>;
    const labels = ownerLabels(owner, context.controllerName);
    const serviceName = `${namespace}_${name}_${index}`;
    const serviceId = nameId(serviceName);
    const routeName = `${namespace}_${name}_${rule.name}`;
    const { first, others, split } = upstreams(context, owner, rule);

    const route = {
        name: routeName,
        labels: { ...labels, ...owner.metadata.labels },
        uris: match.paths,
        methods: match.methods,
        remote_addrs: match.remoteAddrs,
        vars: match.exprs?.map((expression) => toVar(expression, index)),
        filter_func: match.filter_func || undefined,
        priority: rule.priority ?? 0,
        enable_websocket: rule.websocket ?? false,
        timeout: rule.timeout && timeout(rule.timeout, `.spec.http[${index}].timeout`),
        plugins: rulePlugins(context.world, owner, rule),
        status: 1,
        service_id: serviceId,
    };
    const service = {
        name: serviceName,
        labels,
        hosts: match.hosts,
        upstream: first,
        plugins: split && { "traffic-split": split },
    };
    return [
        object("services", serviceId, service),
        ...others.map(({ id, body }) => {
            const labelled = { ...body, labels: { ...body.labels, [SERVICE_LABEL]: serviceId } };
            return object("upstreams", id, labelled);
        }),
        object("routes", nameId(routeName), route),
    ];
}

/** The first valid backend is the upstream of the service, the others are in a traffic-split plugin. */
function upstreams(context: RouteContext, owner: Resource, rule: Rule) {
    const { world, log } = context;
    const namespace = owner.metadata.namespace as string;
    const where = `ApisixRoute ${namespace}/${owner.metadata.name}, rule ${rule.name}`;
    const valid: { name: string; body: Upstream }[] = [];
    const tryTo = (what: string, build: () => { name: string; body: Upstream }) => {
        try {
            valid.push(build());
        } catch (error) {
            if (error instanceof Refusal) throw error;
            log(`${where}: ${what} is skipped without a status: ${(error as Error).message}`);
        }
    };
    // An error in the settings of a Service is ignored: settings before it apply, the others have defaults.
    const applySettings = (settings: Resource, body: Upstream) => {
        try {
            fromApisixUpstream(world, settings, body);
        } catch (error) {
            if (error instanceof Refusal) throw error;
            log(`${where}: ApisixUpstream ${settings.metadata.name} is used only in part: ${(error as Error).message}`);
        }
    };
    for (const backend of rule.backends ?? []) {
        tryTo(`backend ${backend.serviceName}`, () => {
            const nodes = serviceNodes(world, namespace, backend);
            const settings = find(world, "ApisixUpstream", namespace, backend.serviceName);
            const body = newUpstream();
            if (settings) applySettings(settings, body);
            body.nodes = nodes;
            if (backend.weight !== undefined) body.labels.meta_weight = String(backend.weight);
            const { serviceName, subset = "", servicePort, resolveGranularity = "" } = backend;
            return { name: [namespace, serviceName, subset, servicePort, resolveGranularity].join("_"), body };
        });
    }
    for (const { name = "", weight } of rule.upstreams ?? []) {
        tryTo(`upstream ${name}`, () => {
            const source = find(world, "ApisixUpstream", namespace, name);
            if (!source) throw new Error(`ApisixUpstream not found: ${namespace}/${name}`);
            const body = fromApisixUpstream(world, source);
            if (weight !== undefined) body.labels.meta_weight = String(weight);
            // Shared by all rules that have this ApisixUpstream, but not as their first backend.
            return { name: `${namespace}_${name}`, body };
        });
    }
    // Without a valid backend, or endpoints of the first one, the upstream is empty: 503 to every request.
    if (valid.length === 0 || valid[0].body.nodes.length === 0) {
        return { first: newUpstream(), others: [], split: undefined };
    }
    const [first, ...rest] = valid;
    const others = rest.map(({ name, body }) => ({ id: nameId(name), body: { ...body, name } }));
    const weightOf = (body: Upstream) => Number(body.labels.meta_weight ?? 100);
    const weighted_upstreams = [
        { weight: weightOf(first.body) },
        ...others.map(({ id, body }) => ({ upstream_id: id, weight: weightOf(body) })),
    ];
    return { first: first.body, others, split: rest.length > 0 ? { rules: [{ weighted_upstreams }] } : undefined };
}

function object(collection: "routes" | "services" | "upstreams", id: string, body: object): ApisixObject {
    const defined = Object.entries({ id, ...body }).filter(([, value]) => value !== undefined);
    return { collection, id, path: `${collection}/${id}`, body: Object.fromEntries(defined) };
}
