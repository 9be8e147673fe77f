// Decides which resources belong to this controller, and to which APISIX (GatewayProxy) each is pushed.
// Facts: apache/apisix-ingress-controller 2.0.1, internal/controller/utils.go and the controllers in that folder.

import { APISIX_GROUP, find, keyOf, secretText, type Resource, type World } from "./kinds";
import { onlyHas, Refusal } from "./objects";

/** Service and key of one Admin API. */
export interface Target {
    /** "namespace/name" of the GatewayProxy. */
    key: string;
    service: { namespace: string; name: string; port: number | undefined };
    adminKey: string;
    proxy: Resource;
}

/**
 * The APISIX to which the objects of a resource are pushed. "ignored": the resource belongs to another controller, and
 * gets no status. "unbound": it belongs to this controller, but no APISIX is assigned to it.
 */
export type Binding = "ignored" | "unbound" | Target;

export function ingressClass(world: World, controllerName: string, name: string | undefined): Resource | undefined {
    return world.IngressClass.find(
        ({ metadata, spec }) => spec?.controller === controllerName && metadata.name === name,
    );
}

/** Finds the APISIX of a resource by its `spec.ingressClassName`. @throws Refusal without a usable GatewayProxy */
export function bindByClass(world: World, controllerName: string, owner: Resource): Binding {
    const found = ingressClass(world, controllerName, owner.spec?.ingressClassName);
    return found ? bindClass(world, found) : "ignored";
}

export function bindClass(world: World, { spec: { parameters } }: Resource): Binding {
    // Resources of a class without a GatewayProxy are accepted, but not pushed.
    if (parameters?.apiGroup !== APISIX_GROUP || parameters.kind !== "GatewayProxy") return "unbound";
    return target(world, parameters.namespace ?? "default", parameters.name);
}

/** Finds the APISIX of a Consumer by its `spec.gatewayRef`. */
export function bindByGateway(world: World, controllerName: string, owner: Resource): Binding {
    const reference = owner.spec?.gatewayRef;
    if (!reference) return "ignored";
    const gateway = find(world, "Gateway", reference.namespace ?? owner.metadata.namespace, reference.name);
    return gateway && isOurs(world, controllerName, gateway) ? bindGateway(world, gateway) : "ignored";
}

export function isOurs(world: World, controllerName: string, gateway: Resource): boolean {
    const gatewayClass = find(world, "GatewayClass", undefined, gateway.spec.gatewayClassName);
    return gatewayClass?.spec.controllerName === controllerName;
}

export function bindGateway(world: World, gateway: Resource): Binding {
    const reference = gateway.spec.infrastructure?.parametersRef;
    if (reference?.group !== APISIX_GROUP || reference.kind !== "GatewayProxy") return "unbound";
    // `parametersRef` has no namespace, so the GatewayProxy must be in the namespace of the Gateway.
    return target(world, gateway.metadata.namespace as string, reference.name);
}

function target(world: World, namespace: string, name: string): Target {
    const proxy = find(world, "GatewayProxy", namespace, name);
    const where = `GatewayProxy ${namespace}/${name}`;
    if (!proxy) throw new Refusal("SyncFailed", `failed to get GatewayProxy: ${namespace}/${name} not found`);
    onlyHas(proxy.spec, ["provider", "pluginMetadata"], where);
    const { auth, service } = proxy.spec.provider.controlPlane;
    const { name: secret, key } = auth.adminKey.valueFrom.secretKeyRef as { name: string; key: string };
    const adminKey = secretText(world, namespace, secret)?.[key];
    if (adminKey === undefined)
        throw new Refusal("SyncFailed", `${where}: Secret ${namespace}/${secret} has no key ${key}`);
    return { key: keyOf(proxy), service: { namespace, name: service.name, port: service.port }, adminKey, proxy };
}
