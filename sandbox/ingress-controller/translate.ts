// Emulates the translation of the APISIX ingress controller 2.0.1 (apache/apisix-ingress-controller with its Gateway API
// reconcilers): a pure function from Kubernetes resources to APISIX objects and conditions. It keeps these faults of the real
// controller:
// - A missing ApisixUpstream or credential Secret is skipped, although the status is True.
// - A resource whose IngressClass has no parameters is Accepted, but not pushed.
// - A resource whose class belongs to another controller has no status.
// - A Consumer (v1alpha1) stays Available when APISIX rejects it.
// Fields that this project does not write are refused in the status, by name. CRDs of other kinds accept no field.

import { translateConsumer, translateTls } from "./credentials";
import {
    bindByClass,
    bindByGateway,
    bindClass,
    bindGateway,
    ingressClass,
    isOurs,
    type Binding,
    type Target,
} from "./gateway";
import { keyOf, type Kind, type Resource, type World } from "./kinds";
import { Refusal, unsupported, type ApisixObject } from "./objects";
import { translateRoute } from "./route";

export interface Condition {
    type: "Accepted" | "Available" | "Programmed";
    status: "True" | "False";
    reason: string;
    message: string;
}

/** Result for one resource of this controller. */
export interface Outcome {
    kind: Kind;
    resource: Resource;
    conditions: Condition[];
    /** The APISIX to which the objects are pushed; unset if there is none. */
    target?: Target;
    /** Unset if the resource is rejected. In this case, the objects of the last push stay in APISIX. */
    objects?: ApisixObject[];
}

interface Translation {
    outcomes: Outcome[];
    /** The APISIX targets of all IngressClasses and Gateways of this controller. */
    targets: Target[];
    log: string[];
}

export function translate(world: World, controllerName: string): Translation {
    const log: string[] = [];
    const say = (line: string) => void log.push(line);
    const outcomes: Outcome[] = [];
    const each = (
        kind: Kind,
        bind: (world: World, controllerName: string, owner: Resource) => Binding,
        build: (owner: Resource) => ApisixObject[],
    ) => {
        for (const resource of world[kind].map((one) => ({ ...one, kind }))) {
            const where = `${kind} ${keyOf(resource)}`;
            let target: Binding = "ignored";
            try {
                target = bind(world, controllerName, resource);
                const why = { ignored: "no class or Gateway of this controller", unbound: "no GatewayProxy" };
                if (typeof target === "string") say(`${where}: not pushed to APISIX, because it has ${why[target]}`);
                if (target === "ignored") continue;
                const objects = build(resource);
                const sentTo = target === "unbound" ? {} : { target, objects };
                outcomes.push({ kind, resource, conditions: [conditionOf(kind)], ...sentTo });
            } catch (error) {
                if (!(error instanceof Refusal)) throw error;
                say(`${where}: ${error.message}`);
                const bound = typeof target === "object" ? { target } : {};
                outcomes.push({ kind, resource, conditions: [conditionOf(kind, error)], ...bound });
            }
        }
    };
    each("ApisixRoute", bindByClass, (owner) => translateRoute({ world, controllerName, log: say }, owner));
    each("ApisixTls", bindByClass, (owner) => translateTls(world, controllerName, owner));
    each("Consumer", bindByGateway, (owner) => translateConsumer(world, controllerName, owner, say));
    for (const resource of world.Ingress)
        if (ingressClass(world, controllerName, resource.spec?.ingressClassName))
            say(`error: Ingress ${keyOf(resource)}: ${unsupported("Ingress").message}`);
    return {
        outcomes: [...outcomes, ...gateways(world, controllerName)],
        targets: targets(world, controllerName),
        log,
    };
}

function conditionOf(kind: Kind, error?: Refusal): Condition {
    const isConsumer = kind === "Consumer";
    const type = isConsumer ? "Available" : "Accepted";
    if (!error && isConsumer) return { type, status: "True", reason: "ResourceSynced", message: "Successfully" };
    if (!error) return { type, status: "True", reason: "Accepted", message: "" };
    return { type, status: "False", reason: isConsumer ? "ResourceSyncAbort" : error.reason, message: error.message };
}

/** The plugin metadata of a GatewayProxy. */
export function proxyObjects({ proxy }: Target): ApisixObject[] {
    const metadata = (proxy.spec.pluginMetadata ?? {}) as Record<string, Record<string, unknown>>;
    return Object.entries(metadata).map(([id, body]) => ({
        collection: "plugin_metadata",
        id,
        path: `plugin_metadata/${id}`,
        body,
    }));
}

/** @returns a Refusal if the target is unusable */
function attempt(bind: () => Binding): Binding | Refusal {
    try {
        return bind();
    } catch (error) {
        if (error instanceof Refusal) return error;
        throw error;
    }
}

function targets(world: World, controllerName: string): Target[] {
    const classes = world.IngressClass.filter(({ spec }) => spec?.controller === controllerName);
    const ours = world.Gateway.filter((gateway) => isOurs(world, controllerName, gateway));
    const found = [
        ...classes.map((one) => attempt(() => bindClass(world, one))),
        ...ours.map((one) => attempt(() => bindGateway(world, one))),
    ].filter((one): one is Target => typeof one === "object" && !(one instanceof Refusal));
    return [...new Map(found.map((target) => [target.key, target])).values()];
}

function gateways(world: World, controllerName: string): Outcome[] {
    const accepted = (what: string, refused?: string): Condition => ({
        type: "Accepted",
        status: refused === undefined ? "True" : "False",
        reason: refused === undefined ? "Accepted" : "InvalidParameters",
        message: refused ?? `the ${what} has been accepted by the apisix-ingress-controller`,
    });
    const classes = world.GatewayClass.filter(({ spec }) => spec.controllerName === controllerName);
    const ours = world.Gateway.filter((gateway) => isOurs(world, controllerName, gateway));
    const programmed: Condition = {
        ...{ type: "Programmed", status: "True", reason: "Programmed", message: "Programmed" },
    };
    return [
        ...classes.map((resource): Outcome => {
            return { kind: "GatewayClass", resource, conditions: [accepted("gatewayclass")] };
        }),
        ...ours.map((resource): Outcome => {
            const target = attempt(() => bindGateway(world, resource));
            const refused = target instanceof Refusal ? target.message : undefined;
            const none = typeof target === "string" ? "gateway proxy not found" : undefined;
            return { kind: "Gateway", resource, conditions: [accepted("gateway", refused ?? none), programmed] };
        }),
    ];
}
