import { apisixCharts, type Chart } from "../../resources/charts";
import { closedPort, isNodeType, isPortName, waysFromOutside } from "../../resources/network";
import { podsOf, RAY_CLUSTERS } from "../../resources/pods";
import { kindOf, type Resource } from "../../resources/resource";
import { at, list, map, shown, UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";

const INSIDE = "Make it ClusterIP.";

export const portsClosed: Rule = {
    name: "ports-closed",
    title: "No Service or pod opens the Admin API, etcd, Ray or Alpa to the outside.",
    reason: "Access to these ports needs no credential: it can open routes, read keys, run code on the nodes, and query Alpa directly.",
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
    const spec = map(at(resource.props, where));
    const { ports, selector } = spec;
    const [how] = waysFromOutside(spec);
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
        const what = closedPort(targetPort) ?? closedPort(port);
        if (isPortName(targetPort))
            return [
                `${where}.ports[${i}].targetPort: must be a number (got ${shown(targetPort)}): a name does not say which port is opened (${how}). Write the number.`,
            ];
        return what ? [`${where}.ports[${i}]: must not open ${what} to the outside (${how}). ${INSIDE}`] : [];
    });
}

function pods(resource: Resource): string[] {
    return podsOf(resource).flatMap(({ spec, where }) => [
        ...(spec.hostNetwork === true
            ? [`${where}.hostNetwork: must be off, since it opens every port of the pod on the node. Remove it.`]
            : []),
        ...["initContainers", "containers"].flatMap((field) =>
            list(spec[field]).flatMap((container, i) =>
                list(at(container, "ports")).flatMap((port) => {
                    const hostPort = at(port, "hostPort");
                    return hostPort === undefined || hostPort === UNKNOWN
                        ? []
                        : [
                              `${where}.${field}[${i}].ports: must not use a port of the node (hostPort ${hostPort}). Use a Service.`,
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
        isNodeType(at(head, field))
            ? [`${where}.headGroupSpec.${field}: must be ClusterIP (got ${shown(at(head, field))}). ${INSIDE}`]
            : [],
    );
    if (head.enableIngress !== true) return found;
    return [...found, `${where}.headGroupSpec.enableIngress: must be off: it opens Ray's dashboard. Remove it.`];
}

/** Ports that the public chart can open in addition to the data port. */
function chart({ values, where }: Chart): string[] {
    const types = ["apisix.admin.type", "etcd.service.type", "control.service.type"];
    const lists = ["apisix.admin.externalIPs", "etcd.service.externalIPs"];
    const switches = ["hostNetwork", "apisix.admin.ingress.enabled", "control.ingress.enabled"];
    const containers = [at(values, "service.http.containerPort"), at(values, "service.tls.containerPort")];
    const more = list(at(values, "service.http.additionalContainerPorts")).map((entry) => at(entry, "port") ?? entry);
    const port = [...containers, ...more].find((value) => value !== undefined && closedPort(value));
    return [
        ...types
            .filter((path) => isNodeType(at(values, path)))
            .map((path) => `${where}.${path}: must be ClusterIP (got ${shown(at(values, path))}). ${INSIDE}`),
        ...lists
            .filter((path) => list(at(values, path)).length > 0)
            .map((path) => `${where}.${path}: must be empty. Remove it.`),
        ...switches
            .filter((path) => at(values, path) === true)
            .map((path) => `${where}.${path}: must be off: it opens the Admin API. Remove it.`),
        ...(port === undefined
            ? []
            : [`${where}.service: must not open port ${port} (${closedPort(port)}). Remove it.`]),
    ];
}
