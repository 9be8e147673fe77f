import { apisixCharts } from "../../resources/charts";
import { kindOf } from "../../resources/resource";
import { list, map, partsOf } from "../../resources/values";
import type { Rule } from "../rule";

/** Fields, in objects and in values of charts, that open a port of a node or the node itself. */
const OPENING: [field: RegExp, isOpen: (value: unknown) => boolean, must: string][] = [
    [
        /\b(type|serviceType)$/,
        (value) => ["NodePort", "LoadBalancer", "ExternalName"].includes(String(value)),
        "ClusterIP",
    ],
    [/\b(hostNetwork|hostPID|hostIPC|privileged|enableIngress|ingress\.enabled)$/, (value) => value === true, "off"],
    [
        /\b(hostPort|externalIPs|externalName)$/,
        (value) => /^(number|string)$/.test(typeof value) || list(value).length > 0,
        "unset",
    ],
];

export const portsClosed: Rule = {
    name: "ports-closed",
    title: "Nothing opens a port of a node, except the entry point of the chart of APISIX.",
    reason: "The Admin API, etcd, Ray and Alpa do not authenticate callers: access to their ports can open routes, read keys, run code on the nodes, and query Alpa directly.",
    *check(resource) {
        const entries = apisixCharts(resource).map(({ where }) => `${where}.service.type`);
        for (const [path, value] of partsOf(resource.props)) {
            const found = OPENING.find(([field, isOpen]) => field.test(path) && isOpen(value));
            if (found && !(value === "NodePort" && entries.includes(path)))
                yield `${path}: must be ${found[2]}, since it opens a port of a node or the node itself. Correct it.`;
        }
        const { spec } = resource.props;
        if (kindOf(resource) === "Service" && Object.keys(map(map(spec).selector)).length === 0)
            yield "spec.selector: must select pods by their labels (got nothing). Set it.";
    },
};
