import { chartsOf, isApisix, type Chart } from "../../resources/charts";
import { waysFromOutside } from "../../resources/network";
import { containersOf, podsOf } from "../../resources/pods";
import { kindOf } from "../../resources/resource";
import { at, isMap, isUnknown, list, map, shown, type Tree } from "../../resources/values";
import { when, type Message, type Rule } from "../rule";

export const portsClosed: Rule = {
    name: "ports-closed",
    title: "Nothing opens a port of a node, except the entry point of the chart of APISIX.",
    reason: "The Admin API, etcd, Ray and Alpa do not authenticate callers: access to their ports can open routes, read keys, run code on the nodes, and query Alpa directly.",
    check: (resource) => [
        ...(kindOf(resource) === "Service" ? service(map(resource.props.spec)) : []),
        ...podsOf(resource).flatMap(({ spec, where }) => pod(spec, where)),
        ...(kindOf(resource) === "RayCluster"
            ? opened(map(at(resource.props, "spec.headGroupSpec")), "spec.headGroupSpec", [])
            : []),
        ...chartsOf(resource).flatMap(chart),
    ],
};

function service(spec: Tree): Message[] {
    const [way] = waysFromOutside(spec);
    const isElsewhere = spec.externalName !== undefined || spec.type === "ExternalName";
    const isOpen = Object.keys(map(spec.selector)).length === 0 && !isUnknown(spec.selector);
    return [
        ...when(way !== undefined, `spec: must not be reachable from outside (${way}). Make it ClusterIP.`),
        ...when(isElsewhere, "spec.externalName: must be unset: it sends requests elsewhere. Remove it."),
        ...when(isOpen, "spec.selector: must select pods by their labels (got nothing). Set it."),
    ];
}

const OF_NODE = ["hostNetwork", "hostPID", "hostIPC"];

function pod(spec: Tree, where: string): Message[] {
    return [
        ...OF_NODE.filter((field) => spec[field] === true).map(
            (field) => `${where}.${field}: must be off, since it opens the node to the pod or its ports. Remove it.`,
        ),
        ...containersOf(spec, where).flatMap(({ container, where: place }) => [
            ...list(container.ports)
                .map((port) => at(port, "hostPort"))
                .filter((port) => port !== undefined && !isUnknown(port))
                .map(
                    (port) =>
                        `${place}.ports: must not use a port of the node (hostPort ${shown(port)}). Use a Service.`,
                ),
            ...when(
                at(container, "securityContext.privileged") === true,
                `${place}.securityContext.privileged: must be off. Remove it.`,
            ),
        ]),
    ];
}

/** The one Service of a chart that callers may reach through the nodes. */
const ENTRY = "service.type";
const SWITCHES = ["hostNetwork", "enableIngress"];

/** Fields that open a port of a node, at any depth. @param allowed paths that may have NodePort */
function opened(tree: Tree, where: string, allowed: string[], above = ""): Message[] {
    return Object.entries(tree).flatMap(([field, value]): Message[] => {
        const path = `${above}${field}`;
        if (/^(type|serviceType)$/.test(field) && ["NodePort", "LoadBalancer", "ExternalName"].includes(String(value)))
            return value === "NodePort" && allowed.includes(path)
                ? []
                : [`${where}.${path}: must be ClusterIP (got ${shown(value)}). Correct it.`];
        if ((SWITCHES.includes(field) && value === true) || /(^|\.)ingress\.enabled$/.test(path))
            return value === true ? [`${where}.${path}: must be off: it opens a port of a node. Remove it.`] : [];
        if (["externalIPs", "hostPort"].includes(field) && (typeof value === "number" || list(value).length > 0))
            return [`${where}.${path}: must be unset. Remove it.`];
        const parts = Array.isArray(value) ? value.filter(isMap) : [map(value)];
        return parts.flatMap((part) => opened(part, where, allowed, `${path}.`));
    });
}

const chart = ({ name, values, where }: Chart) => opened(values, where, isApisix(name) ? [ENTRY] : []);
