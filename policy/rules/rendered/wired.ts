import { apisixCharts } from "../kubernetes";
import { at, kindOf, shown, UNKNOWN, type Resource } from "../resource";

/** Where an object says in which namespace the gateway is that gets what it holds. */
const PLACES: Record<string, string> = {
    GatewayProxy: "metadata.namespace",
    IngressClass: "spec.parameters.namespace",
    Gateway: "metadata.namespace",
    Consumer: "spec.gatewayRef.namespace",
};

/** A stack that has a gateway leads routes and callers' keys to that one: another one would be told all keys. */
export function otherGateways(resources: Resource[]): { urn: string; message: string }[] {
    const own = resources.flatMap((resource) => apisixCharts(resource).map(({ namespace }) => namespace));
    if (own.length === 0 || own.includes(undefined)) return [];
    return resources.flatMap((resource) => {
        const where = PLACES[kindOf(resource)];
        const namespace = where === undefined ? UNKNOWN : at(resource.props, where);
        if (namespace === UNKNOWN || own.includes(namespace as string)) return [];
        const message = `${where}: must be the namespace of this stack's gateway, ${own[0]} (got ${shown(namespace)}). Correct it.`;
        return [{ urn: resource.urn, message }];
    });
}
