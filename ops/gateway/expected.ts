/**
 * Ids of all objects that the ingress controller 2.0.1 writes into APISIX, computed from the Kubernetes objects. Sources:
 * `api/adc/types.go` and `internal/adc/translator` of the controller, and `libs/differ` of ADC 0.23.1.
 */
import { crc32 } from "node:zlib";
import type { Lister, Live, Reader } from "../../components/kubernetes/cluster-reader";
import type { GatewayBinding } from "../../components/apisix/wiring";
import { credentialId } from "../../components/consumers/credential-evidence";

type OfRoutes = "routes" | "stream_routes" | "services" | "upstreams";

/** Ids of the ingress controller's objects in APISIX. */
export interface Expected {
    /** The controller's name, which is in a label of nearly all its objects. */
    controller: string;
    /** Ids of objects by kind. A kind has the name of its folder in the Admin API. */
    ids: Record<OfRoutes | "ssls" | "global_rules" | "plugin_metadata", Set<string>>;
    /** Ids of credentials by APISIX's name of the consumer. */
    consumers: Map<string, Set<string>>;
    /**
     * Kubernetes objects, as `kind namespace/name`, whose objects in APISIX are recognized by the controller's labels. Their
     * ids in APISIX are not computed here.
     */
    byLabel: Set<string>;
}

/** Other Kubernetes kinds that the controller turns into routes; this project creates none. */
const BY_LABEL: [apiVersion: string, kind: string][] = [
    ["networking.k8s.io/v1", "Ingress"],
    ["gateway.networking.k8s.io/v1", "HTTPRoute"],
    ["gateway.networking.k8s.io/v1", "GRPCRoute"],
    ["gateway.networking.k8s.io/v1alpha2", "TLSRoute"],
    ["gateway.networking.k8s.io/v1alpha2", "TCPRoute"],
    ["gateway.networking.k8s.io/v1alpha2", "UDPRoute"],
];
const V2 = "apisix.apache.org/v2";
const V1ALPHA1 = "apisix.apache.org/v1alpha1";
const DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";

interface ProxyName {
    namespace: string;
    name: string;
}

/** The id of a route, a service, an upstream or a certificate. */
export function idOf(name: string): string {
    return crc32(name).toString(16);
}

/** Reads the cluster. @throws Error if the gateway's classes do not exist */
export async function expectedObjects(list: Lister, read: Reader, binding: GatewayBinding): Promise<Expected> {
    const ref = { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", name: binding.ingressClass };
    const ours = await read(ref);
    const controller = specOf(ours).controller as string | undefined;
    const proxy = specOf(ours).parameters as ProxyName | undefined;
    if (controller === undefined || proxy === undefined)
        throw new Error(`IngressClass ${binding.ingressClass} is missing, or refers to no GatewayProxy`);
    const all = (apiVersion: string, kind: string) => list(apiVersion, kind);
    const [classes, gatewayClasses, gateways] = await Promise.all([
        all("networking.k8s.io/v1", "IngressClass"),
        all("gateway.networking.k8s.io/v1", "GatewayClass"),
        all("gateway.networking.k8s.io/v1", "Gateway"),
    ]);
    const [routes, certificates, rules, simple, consumers, others, found] = await Promise.all([
        all(V2, "ApisixRoute"),
        all(V2, "ApisixTls"),
        all(V2, "ApisixGlobalRule"),
        all(V2, "ApisixConsumer"),
        all(V1ALPHA1, "Consumer"),
        Promise.all(BY_LABEL.map(([apiVersion, kind]) => all(apiVersion, kind))),
        read({ apiVersion: V1ALPHA1, kind: "GatewayProxy", ...proxy }),
    ]);
    const bound = boundBy(classes, controller, proxy);
    const isOurGateway = gatewaysOf(gateways, gatewayClasses, controller, proxy);
    const inClass = routes.filter(bound);
    return {
        controller,
        ids: {
            ...idsOfRoutes(inClass),
            ssls: new Set(certificates.filter(bound).map((tls) => idOf(`ApisixTls_${fullName(tls)}`))),
            global_rules: new Set([
                ...rules.filter(bound).flatMap((rule) => enabled(specOf(rule).plugins, "enable")),
                ...enabled(specOf(found).plugins, "enabled"),
            ]),
            plugin_metadata: new Set(Object.keys((specOf(found).pluginMetadata as object | undefined) ?? {})),
        },
        consumers: new Map([
            ...simple.filter(bound).map((one) => [fullName(one), new Set<string>()] as const),
            ...consumers
                .filter((one) => isOurGateway(specOf(one).gatewayRef as Partial<ProxyName> | undefined, one))
                .map((one) => [fullName(one), credentialsOf(one)] as const),
        ]),
        byLabel: new Set(others.flatMap((of, i) => of.map((one) => `${BY_LABEL[i][1]} ${path(one)}`))),
    };
}

type Spec = Record<string, unknown>;

function specOf(object: Live | undefined): Spec {
    return (object?.spec as Spec | undefined) ?? {};
}

function path({ metadata }: Live): string {
    return `${metadata!.namespace}/${metadata!.name}`;
}

function fullName({ metadata }: Live): string {
    return `${metadata!.namespace}_${metadata!.name}`;
}

/** Whether the controller processes an object of this class, and writes it into this APISIX. */
function boundBy(classes: Live[], controller: string, proxy: ProxyName): (object: Live) => boolean {
    const leading = classes.filter((one) => {
        const { controller: theirs, parameters } = specOf(one) as { controller?: string; parameters?: ProxyName };
        return theirs === controller && parameters?.namespace === proxy.namespace && parameters.name === proxy.name;
    });
    const names = new Set(leading.map(({ metadata }) => metadata!.name));
    const hasDefault = leading.some(({ metadata }) => metadata?.annotations?.[DEFAULT_CLASS] === "true");
    return (object) => {
        const { ingressClassName } = specOf(object) as { ingressClassName?: string };
        return ingressClassName ? names.has(ingressClassName) : hasDefault;
    };
}

/** Whether an object refers to a Gateway of this controller and this APISIX. */
function gatewaysOf(gateways: Live[], classes: Live[], controller: string, proxy: ProxyName) {
    const ofController = new Set(
        classes.filter((one) => specOf(one).controllerName === controller).map(({ metadata }) => metadata!.name),
    );
    const names = new Set(
        gateways
            .filter((one) => {
                const { gatewayClassName, infrastructure } = specOf(one) as {
                    gatewayClassName?: string;
                    infrastructure?: { parametersRef?: { name?: string } };
                };
                const isOurs = ofController.has(gatewayClassName) && one.metadata?.namespace === proxy.namespace;
                return isOurs && infrastructure?.parametersRef?.name === proxy.name;
            })
            .map(path),
    );
    return (ref: Partial<ProxyName> | undefined, object: Live) =>
        names.has(`${ref?.namespace ?? object.metadata!.namespace}/${ref?.name}`);
}

interface RouteSpec {
    http?: { name: string; backends?: unknown[]; upstreams?: { name: string }[] }[];
    stream?: { name: string; protocol?: string }[];
}

/**
 * The ingress controller creates a service and a route for each rule. The rule's first upstream has the same id as the
 * service. Each further upstream has a different id.
 */
function idsOfRoutes(objects: Live[]): Record<OfRoutes, Set<string>> {
    const ids = { routes: new Set<string>(), stream_routes: new Set<string>(), services: new Set<string>() };
    const further: string[] = [];
    for (const object of objects) {
        const { http = [], stream = [] } = specOf(object) as RouteSpec;
        const name = fullName(object);
        http.forEach(({ name: rule, backends = [], upstreams = [] }, index) => {
            ids.services.add(idOf(`${name}_${index}`));
            ids.routes.add(idOf(`${name}_${rule}`));
            further.push(...backends.map((_, i) => idOf(`${name}_${index}_${i}`)));
            further.push(...upstreams.map((upstream) => idOf(`${object.metadata!.namespace}_${upstream.name}`)));
        });
        for (const { name: rule, protocol = "" } of stream) {
            ids.services.add(idOf(`${name}_${rule}_${protocol}`));
            ids.stream_routes.add(idOf(`${name}_${rule}_${protocol || "TCP"}`));
        }
    }
    return { ...ids, upstreams: new Set([...ids.services, ...further]) };
}

/**
 * Names of the enabled plugins. A global rule has the field `enable`, with default true. A GatewayProxy has the field
 * `enabled`, with default false.
 */
function enabled(plugins: unknown, field: "enable" | "enabled"): string[] {
    return ((plugins as { name: string; enable?: boolean; enabled?: boolean }[] | undefined) ?? [])
        .filter((plugin) => plugin[field] ?? field === "enable")
        .map(({ name }) => name);
}

function credentialsOf(consumer: Live): Set<string> {
    const { credentials = [] } = specOf(consumer) as { credentials?: { name?: string }[] };
    const username = fullName(consumer);
    return new Set(credentials.flatMap(({ name }) => (name === undefined ? [] : credentialId(username, name))));
}
