// Emulates the translation of the APISIX ingress controller 2.0.1 (apache/apisix-ingress-controller with its Gateway API
// reconcilers): a pure function from Kubernetes resources to APISIX objects and conditions. It keeps these faults of the real
// controller:
// - A missing ApisixUpstream or credential Secret is skipped, although the status is True.
// - A resource whose IngressClass has no parameters is Accepted, but not pushed.
// - A resource whose class belongs to another controller has no status.
// - Plugins of a GatewayProxy are off unless `enabled: true`.
// - A Consumer (v1alpha1) stays Available when APISIX rejects it. Unsupported, with an error in the status or the log: stream
//   routes, ApisixConsumer, ApisixPluginConfig, Ingress, HTTPRoute, the policies and PluginConfig of v1alpha1, mode
//   apisix-standalone, and fields that errors name.

import { translateConsumer, NamelessCredential } from "./consumer";
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
import { unsupported, Refusal, type ApisixObject } from "./objects";
import { translateRoute } from "./route";
import { translateTls } from "./tls";
import { enabledPlugins, pluginConfig } from "./plugins";

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
    /** For a Gateway: the addresses in its GatewayProxy. */
    addresses?: string[];
}

export interface Translation {
    outcomes: Outcome[];
    /** The APISIX targets of all IngressClasses and Gateways of this controller. */
    targets: Target[];
    /** Errors that prevent the synchronization of a target, by its key. */
    blocked: Map<string, string>;
    log: string[];
}

export function translate(world: World, controllerName: string): Translation {
    const log: string[] = [];
    const say = (line: string) => void log.push(line);
    const outcomes: Outcome[] = [];
    const blocked = new Map<string, string>();
    const context = { world, controllerName, log: say };

    const each = (
        kind: Kind,
        type: "Accepted" | "Available",
        bind: (owner: Resource) => Binding,
        build: (owner: Resource) => ApisixObject[],
    ) => {
        for (const one of world[kind]) {
            const resource = { ...one, kind };
            let target: Binding = "ignored";
            try {
                target = bind(resource);
                if (target === "ignored") {
                    say(`${kind} ${keyOf(resource)}: ignored, because it has no class or Gateway of ${controllerName}`);
                    continue;
                }
                const objects = build(resource);
                const sentTo = target === "unbound" ? {} : { target, objects };
                if (target === "unbound")
                    say(
                        `${kind} ${keyOf(resource)}: accepted, but not pushed to APISIX, because it has no GatewayProxy`,
                    );
                outcomes.push({ kind, resource, conditions: [condition(type)], ...sentTo });
            } catch (error) {
                if (error instanceof NamelessCredential && typeof target === "object") {
                    blocked.set(target.key, error.message);
                    outcomes.push({ kind, resource, conditions: [condition(type)], target });
                    continue;
                }
                if (!(error instanceof Refusal)) throw error;
                say(`${kind} ${keyOf(resource)}: ${error.message}`);
                const bound = typeof target === "object" ? { target } : {};
                outcomes.push({ kind, resource, conditions: [condition(type, error)], ...bound });
            }
        }
    };
    const byClass = (owner: Resource) => bindByClass(world, controllerName, owner);
    each("ApisixRoute", "Accepted", byClass, (owner) => translateRoute(context, owner));
    each("ApisixGlobalRule", "Accepted", byClass, globalRules);
    each("ApisixTls", "Accepted", byClass, (owner) => translateTls(world, controllerName, owner));
    each(
        "Consumer",
        "Available",
        (owner) => bindByGateway(world, controllerName, owner),
        (owner) => translateConsumer(world, controllerName, owner, say),
    );
    refuseOthers(world, controllerName, say);
    return {
        outcomes: [...outcomes, ...gateways(world, controllerName)],
        targets: targets(world, controllerName, say),
        blocked,
        log,
    };
}

function condition(type: "Accepted" | "Available", error?: Refusal): Condition {
    if (type === "Available") {
        return error
            ? { type, status: "False", reason: "ResourceSyncAbort", message: error.message }
            : { type, status: "True", reason: "ResourceSynced", message: "Successfully" };
    }
    return error
        ? { type, status: "False", reason: error.reason, message: error.message }
        : { type, status: "True", reason: "Accepted", message: "" };
}

function globalRules(owner: Resource): ApisixObject[] {
    return Object.entries(enabledPlugins(owner.spec.plugins)).map(([name, config]) => globalRule(name, config));
}

function globalRule(name: string, config: object): ApisixObject {
    return {
        collection: "global_rules",
        id: name,
        path: `global_rules/${name}`,
        body: { id: name, plugins: { [name]: config } },
    };
}

/** Global plugins and plugin metadata of a GatewayProxy. */
export function proxyObjects({ proxy }: Target): ApisixObject[] {
    const plugins = (proxy.spec.plugins ?? []) as { name: string; enabled?: boolean; config?: unknown }[];
    const rules = plugins.filter(({ enabled }) => enabled).map((one) => globalRule(one.name, pluginConfig(one)));
    const metadata = Object.entries((proxy.spec.pluginMetadata ?? {}) as Record<string, Record<string, unknown>>);
    return [
        ...rules,
        ...metadata.map(([name, config]): ApisixObject => ({
            collection: "plugin_metadata",
            id: name,
            path: `plugin_metadata/${name}`,
            body: config,
        })),
    ];
}

function targets(world: World, controllerName: string, say: (line: string) => void): Target[] {
    const classes = world.IngressClass.filter(({ spec }) => spec?.controller === controllerName);
    const ours = world.Gateway.filter((gateway) => isOurs(world, controllerName, gateway));
    const found = new Map<string, Target>();
    for (const bind of [
        ...classes.map((one) => () => bindClass(world, one)),
        ...ours.map((one) => () => bindGateway(world, one)),
    ]) {
        try {
            const target = bind();
            if (typeof target === "object") found.set(target.key, target);
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            say(error.message);
        }
    }
    return [...found.values()];
}

function gateways(world: World, controllerName: string): Outcome[] {
    const accepted = (what: string): Condition => ({
        type: "Accepted",
        status: "True",
        reason: "Accepted",
        message: `the ${what} has been accepted by the apisix-ingress-controller`,
    });
    const classes = world.GatewayClass.filter(({ spec }) => spec.controllerName === controllerName);
    const ours = world.Gateway.filter((gateway) => isOurs(world, controllerName, gateway));
    return [
        ...classes.map((resource): Outcome => ({
            kind: "GatewayClass",
            resource,
            conditions: [accepted("gatewayclass")],
        })),
        ...ours.map((resource): Outcome => {
            const programmed: Condition = {
                type: "Programmed",
                status: "True",
                reason: "Programmed",
                message: "Programmed",
            };
            const { refused, addresses } = gatewayAccepted(world, resource);
            return { kind: "Gateway", resource, conditions: [refused ?? accepted("gateway"), programmed], addresses };
        }),
    ];
}

function gatewayAccepted(world: World, gateway: Resource): { refused?: Condition; addresses?: string[] } {
    const refuse = (message: string) => {
        const reason = "InvalidParameters";
        return { refused: { type: "Accepted", status: "False", reason, message } satisfies Condition };
    };
    if (gateway.spec.listeners.some(({ tls }: { tls?: object }) => tls)) {
        return refuse(unsupported("a listener with TLS").message);
    }
    try {
        const target = bindGateway(world, gateway);
        if (typeof target !== "object") return refuse("gateway proxy not found");
        return { addresses: target.proxy.spec.statusAddress };
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return refuse(error.message);
    }
}

/** Logs an error for each resource of a kind that the emulator does not support. These resources are not pushed. */
function refuseOthers(world: World, controllerName: string, say: (line: string) => void): void {
    const bound = (kind: Kind) => {
        if (kind !== "Ingress") return world[kind];
        return world.Ingress.filter(({ spec }) => ingressClass(world, controllerName, spec?.ingressClassName));
    };
    const policies = ["BackendTrafficPolicy", "HTTPRoutePolicy"] as const;
    for (const kind of [
        "Ingress",
        "HTTPRoute",
        ...policies,
        "PluginConfig",
        "ApisixPluginConfig",
        "ApisixConsumer",
    ] as const) {
        for (const resource of bound(kind)) say(`error: ${kind} ${keyOf(resource)}: ${unsupported(kind).message}`);
    }
}
