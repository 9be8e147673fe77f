// Decides which resources belong to this controller, and to which APISIX (GatewayProxy) each is pushed.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/controller/utils.go and the controllers in that folder.

import { APISIX_GROUP, find, keyOf, secretText, type Resource, type World } from "./kinds";
import { unsupported, Refusal } from "./objects";

/** Addresses and key of one Admin API. */
export interface Target {
    /** "namespace/name" of the GatewayProxy. */
    key: string;
    admin: { endpoints: string[] } | { service: { namespace: string; name: string; port: number | undefined } };
    adminKey: string;
    proxy: Resource;
}

/**
 * The APISIX to which the objects of a resource are pushed. "ignored": the resource belongs to another controller, and
 * gets no status. "unbound": it belongs to this controller, but no APISIX is assigned to it.
 */
export type Binding = "ignored" | "unbound" | Target;

const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";

export function ingressClass(world: World, controllerName: string, name: string | undefined): Resource | undefined {
    const ours = world.IngressClass.filter(({ spec }) => spec?.controller === controllerName);
    if (name) return ours.find(({ metadata }) => metadata.name === name);
    return ours.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === "true");
}

/**
 * Finds the APISIX of a resource by its `spec.ingressClassName`. @throws Refusal for a class without a usable
 * GatewayProxy
 */
export function bindByClass(world: World, controllerName: string, owner: Resource): Binding {
    const found = ingressClass(world, controllerName, owner.spec?.ingressClassName);
    return found ? bindClass(world, found) : "ignored";
}

export function bindClass(world: World, found: Resource): Binding {
    const parameters = found.spec.parameters;
    // Resources of a class without a GatewayProxy are accepted, but not pushed.
    if (!parameters || parameters.apiGroup !== APISIX_GROUP || parameters.kind !== "GatewayProxy") return "unbound";
    return target(world, parameters.namespace ?? "default", parameters.name);
}

/** Finds the APISIX of a Consumer by its `spec.gatewayRef`. */
export function bindByGateway(world: World, controllerName: string, owner: Resource): Binding {
    const reference = owner.spec?.gatewayRef;
    if (!reference) return "ignored";
    const gateway = find(world, "Gateway", reference.namespace ?? owner.metadata.namespace, reference.name);
    if (!gateway || !isOurs(world, controllerName, gateway)) return "ignored";
    return bindGateway(world, gateway);
}

export function isOurs(world: World, controllerName: string, gateway: Resource): boolean {
    const gatewayClass = find(world, "GatewayClass", undefined, gateway.spec.gatewayClassName);
    return gatewayClass?.spec.controllerName === controllerName;
}

export function bindGateway(world: World, gateway: Resource): Binding {
    const reference = gateway.spec.infrastructure?.parametersRef;
    if (!reference || reference.group !== APISIX_GROUP || reference.kind !== "GatewayProxy") return "unbound";
    // `parametersRef` has no namespace, so the GatewayProxy must be in the namespace of the Gateway.
    return target(world, gateway.metadata.namespace as string, reference.name);
}

function target(world: World, namespace: string, name: string): Target {
    const proxy = find(world, "GatewayProxy", namespace, name);
    if (!proxy) throw new Refusal("SyncFailed", `failed to get GatewayProxy: ${namespace}/${name} not found`);
    const { controlPlane } = proxy.spec.provider;
    if (controlPlane.mode === "apisix-standalone") {
        throw unsupported(`GatewayProxy ${namespace}/${name}: mode apisix-standalone`);
    }
    return {
        key: keyOf(proxy),
        admin: controlPlane.endpoints
            ? { endpoints: controlPlane.endpoints }
            : { service: { namespace, name: controlPlane.service.name, port: controlPlane.service.port } },
        adminKey: adminKey(world, namespace, name, controlPlane.auth.adminKey),
        proxy,
    };
}

function adminKey(
    world: World,
    namespace: string,
    name: string,
    given: { value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } },
): string {
    if (given.value !== undefined) return given.value;
    const reference = given.valueFrom?.secretKeyRef;
    const where = `GatewayProxy ${namespace}/${name}: admin key`;
    if (!reference) throw new Refusal("SyncFailed", `${where}: valueFrom names no Secret`);
    const key = secretText(world, namespace, reference.name)?.[reference.key];
    if (key === undefined) {
        throw new Refusal("SyncFailed", `${where}: Secret ${namespace}/${reference.name} has no key ${reference.key}`);
    }
    return key;
}
