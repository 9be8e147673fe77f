import { apisixCharts } from "../../resources/charts";
import { openTo } from "../../resources/network";
import { kindOf, objectName, type Resource } from "../../resources/resource";
import { at, isUnknown, list, map, number, shown } from "../../resources/values";
import type { Facts } from "../facts";
import type { Message, Rule, StackMessage } from "../rule";

/** Ports that anybody may reach: the entry points of the gateway, and the health of the connectors. */
const OPEN_PORTS = [9080, 9443, 2000];
/** Labels of the pods that this project lets in by name. */
const OWN_PODS = /^(apisix|etcd|(apisix-)?ingress-controller|alpa-auth-[a-z]+|alpa-opt|head|kuberay(-operator)?)$/;
const NAMESPACE = "kubernetes.io/metadata.name";

export const networkClosed: Rule = {
    name: "network-closed",
    title: `Network policies close the gateway's namespace. Only ports ${OPEN_PORTS.join(", ")} are open to all; the others admit pods of this stack or of its config.`,
    reason: "The chart opens the Admin API to every address, and etcd holds every credential. The policies block every pod that they do not name.",
    check: (resource, facts) =>
        kindOf(resource) === "NetworkPolicy" ? [...openPolicy(resource), ...otherPods(resource, facts)] : [],
    checkStack: (resources, facts) => [...withoutPolicy(resources), ...otherNamespaces(resources, facts)],
};

/** Reports namespaces of the gateway and of etcd that no policy closes. */
function withoutPolicy(resources: Resource[]): StackMessage[] {
    const denied = new Set(resources.filter(deniesAll).map((resource) => objectName(resource).namespace));
    return resources.flatMap((resource) => {
        const own = kindOf(resource) === "StatefulSet" ? [objectName(resource).namespace] : [];
        return [...own, ...apisixCharts(resource).map(({ namespace }) => namespace)]
            .filter((namespace) => namespace !== undefined && !denied.has(namespace))
            .map((namespace) => ({
                urn: resource.urn,
                message: `namespace ${namespace}: must have a NetworkPolicy that closes every pod in it (there is none). Add it, and one for each connection that stays open.`,
            }));
    });
}

/** Whether a policy selects every pod and admits no ingress. */
function deniesAll(resource: Resource): boolean {
    if (kindOf(resource) !== "NetworkPolicy") return false;
    const { podSelector, policyTypes, ingress } = map(resource.props.spec);
    const isEveryPod = Object.keys(map(podSelector)).length === 0 && !isUnknown(podSelector);
    const types = list(policyTypes);
    return isEveryPod && (types.length === 0 || types.includes("Ingress")) && list(ingress).length === 0;
}

function openPolicy({ props }: Resource): Message[] {
    return list(at(props, "spec.ingress")).flatMap((rule, i) => {
        const { ports } = map(rule);
        const who = openTo(rule);
        if (who === undefined || isUnknown(rule) || isUnknown(ports)) return [];
        const where = `spec.ingress[${i}]`;
        if (list(ports).length === 0)
            return [`${where}: must name the ports that ${who} may reach (got none). Name them.`];
        return list(ports).flatMap((entry) => {
            const { port, endPort } = map(entry);
            if (isUnknown(entry) || isUnknown(port)) return [];
            if (OPEN_PORTS.includes(number(port)) && endPort === undefined) return [];
            return [
                `${where}: must not let ${who} reach port ${shown(port)}. List only the pods that need access in ${where}.from.`,
            ];
        });
    });
}

function otherPods({ props }: Resource, { config }: Facts): Message[] {
    if (config === undefined) return [];
    return peersOf(props).flatMap(({ where, peer }) => {
        const { matchLabels, matchExpressions } = map(at(peer, "podSelector"));
        const named = [
            ...Object.values(map(matchLabels)),
            ...list(matchExpressions).flatMap((one) => list(at(one, "values"))),
        ];
        return named.every((label) => isUnknown(label) || OWN_PODS.test(String(label)) || config.has(String(label)))
            ? []
            : [`${where}.podSelector: must select pods of this project or of the stack's config. Correct it.`];
    });
}

function otherNamespaces(resources: Resource[], { config }: Facts): StackMessage[] {
    if (config === undefined) return [];
    const own = new Set<unknown>(
        resources.flatMap((resource) => [
            objectName(resource).namespace,
            ...(kindOf(resource) === "Namespace" ? [objectName(resource).name] : []),
            ...apisixCharts(resource).map(({ namespace }) => namespace),
        ]),
    );
    return resources
        .filter((resource) => kindOf(resource) === "NetworkPolicy")
        .flatMap(({ urn, props }) =>
            peersOf(props).flatMap(({ where, peer }) => {
                const namespace = map(at(peer, "namespaceSelector.matchLabels"))[NAMESPACE];
                if (typeof namespace !== "string" || own.has(namespace) || config.has(namespace)) return [];
                const message = `${where}.namespaceSelector: must be a namespace of this stack or of its config. Correct it.`;
                return [{ urn, message }];
            }),
        );
}

/** Peers that a policy admits by labels of pods. */
function peersOf(props: Resource["props"]): { where: string; peer: unknown }[] {
    return list(at(props, "spec.ingress")).flatMap((rule, i) =>
        list(at(rule, "from"))
            .map((peer, j) => ({ where: `spec.ingress[${i}].from[${j}]`, peer }))
            .filter(({ peer }) => at(peer, "podSelector") !== undefined),
    );
}
