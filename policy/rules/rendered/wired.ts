import { CONNECTORS } from "../../../components/cloudflare/cloudflared/deployment";
import { APISIX_PODS, DATA_PORT, POLICY_PREFIX } from "../../../components/kubernetes/network-policies";
import { OPT } from "../../../components/opt/opt-pods";
import { COUNTERS } from "../../../components/consumers/shared-counters";
import { apisixCharts, gatewayNamespaces } from "../../resources/charts";
import { kindOf, objectName, type Resource } from "../../resources/resource";
import { at, list, map, shown, UNKNOWN } from "../../resources/values";

/** Field with the namespace of the gateway, by kind of object. */
const GATEWAY_NAMESPACE_FIELDS: Record<string, string> = {
    GatewayProxy: "metadata.namespace",
    IngressClass: "spec.parameters.namespace",
    Gateway: "metadata.namespace",
    Consumer: "spec.gatewayRef.namespace",
};

/** In a stack with its own gateway, reports objects that refer to another gateway, which would receive all keys. */
export function otherGateways(resources: Resource[]): { urn: string; message: string }[] {
    const own = gatewayNamespaces(resources);
    if (own.length === 0 || own.includes(undefined)) return [];
    return resources.flatMap((resource) => {
        const where = GATEWAY_NAMESPACE_FIELDS[kindOf(resource)];
        const namespace = where === undefined ? UNKNOWN : at(resource.props, where);
        if (namespace === UNKNOWN || own.includes(namespace as string)) return [];
        const message = `${where}: must be the namespace of this stack's gateway, ${own[0]} (got ${shown(namespace)}).`;
        return [{ urn: resource.urn, message }];
    });
}

/** Reports network policies that admit pods which are neither this stack's gateway nor its connectors. */
export function otherPeers(resources: Resource[]): { urn: string; message: string }[] {
    const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
    const charts = resources.flatMap(apisixCharts);
    const inPlace = of("Consumer").map(({ props }) => at(props, "spec.gatewayRef.namespace"));
    const gateways = charts.length > 0 ? charts.map(({ namespace }) => namespace ?? UNKNOWN) : inPlace;
    const connectors = of("Deployment").filter(({ props }) => at(props, "metadata.name") === CONNECTORS);
    const places = connectors.map(({ props }) => at(props, "metadata.namespace"));
    // With a node port, callers may connect from anywhere.
    const isOpen = charts.some(({ values }) => at(values, "service.type") !== "ClusterIP");
    const judges: Record<string, (policy: Resource) => string[]> = {
        [COUNTERS]: ({ props }) => peerIn(props, "spec.ingress.0.from", gateways),
        [`${POLICY_PREFIX}etcd`]: ({ props }) => peerIn(props, "spec.ingress.0.from", gateways),
        [OPT]: ({ props }) => peerIn(props, "spec.ingress.0.from", gateways),
        [`${POLICY_PREFIX}callers`]: ({ props }) => {
            const where = "spec.ingress.0.from";
            if (at(props, where) !== undefined) return peerIn(props, where, places);
            return connectors.length === 0 || isOpen
                ? []
                : ["spec.ingress[0].from: must name the connectors, since all requests come through them. Add them."];
        },
        [CONNECTORS]: ({ props }) =>
            charts.length > 0
                ? [...peerIn(props, "spec.egress.1.to", gateways), ...gatewayPods(props)]
                : peerIn(props, "spec.egress.1.to", origins(of("ZeroTrustTunnelCloudflaredConfig"))),
    };
    return of("NetworkPolicy").flatMap((policy) =>
        (judges[objectName(policy).name ?? ""]?.(policy) ?? []).map((message) => ({ urn: policy.urn, message })),
    );
}

const NAMESPACE_LABEL = "kubernetes.io/metadata.name";
const shownAt = (path: string) => path.replace(/\.(\d+)/g, "[$1]");

/** Checks the namespace of the first peer in a list, which as-rendered does not check. */
function peerIn(props: Resource["props"], path: string, known: unknown[]): string[] {
    const labels = at(props, `${path}.0.namespaceSelector.matchLabels`);
    const namespace = labels === UNKNOWN ? UNKNOWN : map(labels)[NAMESPACE_LABEL];
    if ([namespace, ...known].includes(UNKNOWN) || known.includes(namespace)) return [];
    const where = `${shownAt(path)}[0].namespaceSelector`;
    return known.length === 0
        ? [`${where}: must not admit pods that this stack does not have (got ${shown(namespace)}). Remove it.`]
        : [`${where}: must be the namespace ${String(known[0])} (got ${shown(namespace)}).`];
}

/** Checks labels and port of the gateway that this stack installs. */
function gatewayPods(props: Resource["props"]): string[] {
    const labels = at(props, "spec.egress.1.to.0.podSelector.matchLabels");
    const port = at(props, "spec.egress.1.ports.0.port");
    const isOwn = JSON.stringify(labels) === JSON.stringify(APISIX_PODS.matchLabels);
    return [
        ...(labels === UNKNOWN || isOwn
            ? []
            : [
                  "spec.egress[1].to[0].podSelector: must be the pods of the gateway. Write it as this project renders it.",
              ]),
        ...(port === UNKNOWN || port === DATA_PORT ? [] : [`spec.egress[1].ports[0].port: must be ${DATA_PORT}.`]),
    ];
}

/** Namespaces that tunnels forward to. */
function origins(tunnels: Resource[]): unknown[] {
    return tunnels.flatMap(({ props }) => {
        const rules = at(props, "config.ingresses");
        return rules === UNKNOWN
            ? [UNKNOWN]
            : list(rules).flatMap((rule): unknown[] => {
                  const service = at(rule, "service");
                  if (service === UNKNOWN) return [UNKNOWN];
                  const [, namespace] = /^\w+:\/\/[\w-]+\.([\w-]+)\.svc\./.exec(String(service)) ?? [];
                  return namespace === undefined ? [] : [namespace];
              });
    });
}
