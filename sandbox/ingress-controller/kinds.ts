// Kinds of resources that the emulator watches.

/** An object of any kind. Its `spec` is valid, because the API server has checked it against the CRD. */
export interface Resource {
    apiVersion?: string;
    kind?: string;
    metadata: {
        name: string;
        namespace?: string;
        uid?: string;
        generation?: number;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
    };
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- checked by the API server, see above
    spec?: any;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    status?: any;
    /** Only Secrets have this field. Its values are encoded in base64. */
    data?: Record<string, string>;
}

export const APISIX_GROUP = "apisix.apache.org";
const GATEWAY_GROUP = "gateway.networking.k8s.io";

export const KINDS = {
    ApisixRoute: [APISIX_GROUP, "v2", "apisixroutes"],
    ApisixUpstream: [APISIX_GROUP, "v2", "apisixupstreams"],
    ApisixTls: [APISIX_GROUP, "v2", "apisixtlses"],
    Consumer: [APISIX_GROUP, "v1alpha1", "consumers"],
    GatewayProxy: [APISIX_GROUP, "v1alpha1", "gatewayproxies"],
    GatewayClass: [GATEWAY_GROUP, "v1", "gatewayclasses"],
    Gateway: [GATEWAY_GROUP, "v1", "gateways"],
    IngressClass: ["networking.k8s.io", "v1", "ingressclasses"],
    Ingress: ["networking.k8s.io", "v1", "ingresses"],
    Secret: ["", "v1", "secrets"],
} as const satisfies Record<string, readonly [group: string, version: string, plural: string]>;

export type Kind = keyof typeof KINDS;

/** All objects by kind. */
export type World = Record<Kind, Resource[]>;

/** Key of a resource: "namespace/name". */
export function keyOf({ metadata }: Resource): string {
    return `${metadata.namespace ?? ""}/${metadata.name}`;
}

export function find(world: World, kind: Kind, namespace: string | undefined, name: string): Resource | undefined {
    return world[kind].find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
}

/** The decoded values of a Secret; undefined if the Secret does not exist. */
export function secretText(world: World, namespace: string, name: string): Record<string, string> | undefined {
    const secret = find(world, "Secret", namespace, name);
    const decoded = (value: string) => Buffer.from(value, "base64").toString("utf8");
    return secret && Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, v]) => [key, decoded(v)]));
}
