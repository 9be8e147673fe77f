import { at, kindOf, list, map, shown, UNKNOWN, type Resource } from "./resource";
import { apisixCharts, objectName, podsOf, RAY_CLUSTERS, type Chart } from "./kubernetes";
import type { Rule } from "./rule";

/** Ports of which none may be reached from outside the cluster: most ask nobody who they are. */
export const CLOSED_PORTS: ReadonlyMap<number, string> = new Map([
    [9180, "APISIX's Admin API"],
    [9090, "APISIX's control API"],
    [2379, "etcd"],
    [2380, "etcd"],
    [6379, "Ray, or the server that counts limits"],
    [8265, "Ray's dashboard"],
    [10001, "Ray's clients"],
    [20001, "Alpa"],
    [8001, "Alpa's web site"],
]);
const INSIDE = "Make it ClusterIP.";

const closed = (port: unknown) => CLOSED_PORTS.get(Number(port));
const opens = (type: unknown) => type === "NodePort" || type === "LoadBalancer";

export const portsClosed: Rule = {
    name: "ports-closed",
    title: "No Service or pod opens the Admin API, etcd, Ray or Alpa to the outside.",
    reason: "Whoever reaches them needs no credential: routes are opened, keys read, code run on the nodes, Alpa asked directly.",
    example: {
        type: "kubernetes:core/v1:Service",
        inputs: { kind: "Service", spec: { type: "NodePort", ports: [{ port: 80, targetPort: 9180 }] } },
    },
    check: (resource) => [
        ...service(resource, "spec"),
        ...pods(resource),
        ...ray(resource),
        ...apisixCharts(resource).flatMap(chart),
    ],
};

/** @param where path of the spec of the Service */
function service(resource: Resource, where: string): string[] {
    if (kindOf(resource) !== "Service") return [];
    const { type, ports, externalIPs, selector } = map(at(resource.props, where));
    const how = opens(type) ? String(type) : list(externalIPs).length > 0 ? "externalIPs" : undefined;
    if (how === undefined) return [];
    const labels = map(selector);
    const whose =
        labels["app.kubernetes.io/name"] === "etcd"
            ? "etcd"
            : Object.keys(labels).some((label) => label.startsWith("ray.io/"))
              ? "Ray"
              : undefined;
    if (whose !== undefined) return [`${where}: must not open ${whose} to the outside (${how}). ${INSIDE}`];
    return list(ports).flatMap((entry, i) => {
        const { port, targetPort } = map(entry);
        const what = closed(targetPort) ?? closed(port);
        return what ? [`${where}.ports[${i}]: must not open ${what} to the outside (${how}). ${INSIDE}`] : [];
    });
}

function pods(resource: Resource): string[] {
    return podsOf(resource).flatMap(({ spec, where }) => [
        ...(spec.hostNetwork === true
            ? [`${where}.hostNetwork: must be off: every port of the pod is then one of the node. Remove it.`]
            : []),
        ...["initContainers", "containers"].flatMap((field) =>
            list(spec[field]).flatMap((container, i) =>
                list(at(container, "ports")).flatMap((port) => {
                    const hostPort = at(port, "hostPort");
                    return hostPort === undefined || hostPort === UNKNOWN
                        ? []
                        : [
                              `${where}.${field}[${i}].ports: must not take a port of the node (hostPort ${hostPort}). Use a Service.`,
                          ];
                }),
            ),
        ),
    ]);
}

function ray(resource: Resource): string[] {
    const where = RAY_CLUSTERS[kindOf(resource)];
    if (where === undefined) return [];
    const head = map(at(resource.props, `${where}.headGroupSpec`));
    const found = (["serviceType", "headService.spec.type"] as const).flatMap((field) =>
        opens(at(head, field))
            ? [`${where}.headGroupSpec.${field}: must be ClusterIP (got ${shown(at(head, field))}). ${INSIDE}`]
            : [],
    );
    if (head.enableIngress !== true) return found;
    return [...found, `${where}.headGroupSpec.enableIngress: must be off: it opens Ray's dashboard. Remove it.`];
}

/** What the public chart can open beside the data port. */
function chart({ values, where }: Chart): string[] {
    const types = ["apisix.admin.type", "etcd.service.type", "control.service.type"];
    const lists = ["apisix.admin.externalIPs", "etcd.service.externalIPs"];
    const switches = ["hostNetwork", "apisix.admin.ingress.enabled", "control.ingress.enabled"];
    const containers = [at(values, "service.http.containerPort"), at(values, "service.tls.containerPort")];
    const more = list(at(values, "service.http.additionalContainerPorts")).map((entry) => at(entry, "port") ?? entry);
    const port = [...containers, ...more].find((value) => value !== undefined && closed(value));
    return [
        ...types
            .filter((path) => opens(at(values, path)))
            .map((path) => `${where}.${path}: must be ClusterIP (got ${shown(at(values, path))}). ${INSIDE}`),
        ...lists
            .filter((path) => list(at(values, path)).length > 0)
            .map((path) => `${where}.${path}: must be empty. Remove it.`),
        ...switches
            .filter((path) => at(values, path) === true)
            .map((path) => `${where}.${path}: must be off: it opens the Admin API. Remove it.`),
        ...(port === undefined ? [] : [`${where}.service: must not open port ${port} (${closed(port)}). Remove it.`]),
    ];
}

export const networkClosed: Rule = {
    name: "network-closed",
    title: "Network policies close the gateway's namespace, and let nobody but named pods to the closed ports.",
    reason: "The chart opens the Admin API to every address, and etcd has no password: the policies are what keeps others out.",
    example: {
        type: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        inputs: { kind: "NetworkPolicy", spec: { podSelector: {}, ingress: [{ ports: [{ port: 9180 }] }] } },
    },
    check: (resource) => (kindOf(resource) === "NetworkPolicy" ? openPolicy(resource) : []),
    checkStack: (resources) => {
        const denied = new Set(resources.filter(deniesAll).map((resource) => objectName(resource).namespace));
        return resources.flatMap((resource) =>
            apisixCharts(resource).flatMap(({ namespace }) =>
                namespace === undefined || denied.has(namespace)
                    ? []
                    : [
                          {
                              urn: resource.urn,
                              message: `namespace ${namespace}: must have a NetworkPolicy that closes every pod in it (there is none). Add it, with one for each way that stays open.`,
                          },
                      ],
            ),
        );
    },
};

/** Selects every pod for what comes in, and lets nothing in. */
function deniesAll(resource: Resource): boolean {
    if (kindOf(resource) !== "NetworkPolicy") return false;
    const { podSelector, policyTypes, ingress } = map(resource.props.spec);
    const everyPod = Object.keys(map(podSelector)).length === 0 && podSelector !== UNKNOWN;
    const types = list(policyTypes);
    return everyPod && (types.length === 0 || types.includes("Ingress")) && list(ingress).length === 0;
}

function openPolicy({ props }: Resource): string[] {
    return list(at(props, "spec.ingress")).flatMap((rule, i) => {
        const { from, ports } = map(rule);
        const who = list(from).length === 0 ? (from === UNKNOWN ? undefined : "everybody") : openPeer(list(from));
        if (who === undefined) return [];
        const where = `spec.ingress[${i}]`;
        if (list(ports).length === 0)
            return [`${where}: must name the ports that ${who} may reach (got none). Name them.`];
        const open = list(ports).flatMap((entry) => {
            const { port, endPort = port } = map(entry);
            if (port === undefined) return ["every port"];
            return [...CLOSED_PORTS].filter(([n]) => Number(port) <= n && n <= Number(endPort)).map(([, what]) => what);
        });
        return [...new Set(open)].map(
            (what) => `${where}: must not let ${who} to ${what}. Name the pods that need it in from.`,
        );
    });
}

/** @returns who a list of peers means, when it is nearly everybody */
function openPeer(from: unknown[]): string | undefined {
    for (const peer of from) {
        const { ipBlock, namespaceSelector, podSelector } = map(peer);
        if (/\/0$/.test(String(at(ipBlock, "cidr")))) return "every address";
        const anyNamespace = namespaceSelector !== undefined && Object.keys(map(namespaceSelector)).length === 0;
        if (anyNamespace && podSelector === undefined && namespaceSelector !== UNKNOWN)
            return "every pod of the cluster";
    }
    return undefined;
}
