import { apisixCharts } from "../../resources/charts";
import { CLOSED_PORTS, isPortName, openTo } from "../../resources/network";
import { kindOf, objectName, type Resource } from "../../resources/resource";
import { at, list, map, number, shown, UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";

export const networkClosed: Rule = {
    name: "network-closed",
    title: "Network policies close the gateway's namespace: only named pods reach the closed ports.",
    reason: "The chart opens the Admin API to every address, and etcd holds every credential. The policies block every pod that they do not name.",
    example: {
        type: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        inputs: { kind: "NetworkPolicy", spec: { podSelector: {}, ingress: [{ ports: [{ port: 9180 }] }] } },
    },
    check: (resource) => (kindOf(resource) === "NetworkPolicy" ? openPolicy(resource) : []),
    checkStack: (resources) => {
        const denied = new Set(resources.filter(deniesAll).map((resource) => objectName(resource).namespace));
        return resources.flatMap((resource) =>
            closedNamespaces(resource).flatMap((namespace) =>
                namespace === undefined || denied.has(namespace)
                    ? []
                    : [
                          {
                              urn: resource.urn,
                              message: `namespace ${namespace}: must have a NetworkPolicy that closes every pod in it (there is none). Add it, and one for each connection that stays open.`,
                          },
                      ],
            ),
        );
    },
};

/** Namespaces of the gateway and of etcd in which a resource creates objects. */
function closedNamespaces(resource: Resource): (string | undefined)[] {
    const own = kindOf(resource) === "StatefulSet" ? [objectName(resource).namespace] : [];
    return [...own, ...apisixCharts(resource).map(({ namespace }) => namespace)];
}

/** Whether a policy selects every pod and admits no ingress. */
function deniesAll(resource: Resource): boolean {
    if (kindOf(resource) !== "NetworkPolicy") return false;
    const { podSelector, policyTypes, ingress } = map(resource.props.spec);
    const everyPod = Object.keys(map(podSelector)).length === 0 && podSelector !== UNKNOWN;
    const types = list(policyTypes);
    return everyPod && (types.length === 0 || types.includes("Ingress")) && list(ingress).length === 0;
}

function openPolicy({ props }: Resource): string[] {
    return list(at(props, "spec.ingress")).flatMap((rule, i) => {
        const { ports } = map(rule);
        const who = openTo(rule);
        if (who === undefined || rule === UNKNOWN || ports === UNKNOWN) return [];
        const where = `spec.ingress[${i}]`;
        const names = list(ports)
            .map((entry) => at(entry, "port"))
            .filter(isPortName);
        if (names.length > 0)
            return [
                `${where}.ports: must be numbers (got ${names.map(shown).join(", ")}): a name does not say which port. Write the number.`,
            ];
        if (list(ports).length === 0)
            return [`${where}: must name the ports that ${who} may reach (got none). Name them.`];
        const open = list(ports).flatMap((entry) => {
            const { port, endPort = port } = map(entry);
            if (entry === UNKNOWN || port === UNKNOWN) return [];
            if (port === undefined) return ["every port"];
            return [...CLOSED_PORTS].filter(([n]) => number(port) <= n && n <= number(endPort)).map(([, what]) => what);
        });
        return [...new Set(open)].map(
            (what) =>
                `${where}: must not let ${who} reach ${what}. List only the pods that need access in ${where}.from.`,
        );
    });
}
