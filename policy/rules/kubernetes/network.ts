import { gatewayNamespaces } from "../../resources/charts";
import { kindOf, type Resource } from "../../resources/resource";
import { allAt, at, list, map, number, shown, type Tree } from "../../resources/values";
import { inConfig } from "../facts";
import type { Message, Rule } from "../rule";

/** Ports that anybody may reach: the entry points of the gateway, and the health of the connectors. */
const OPEN_PORTS = [9080, 9443, 2000];
/** Labels of the pods that this project lets in by name. */
const OWN_PODS = /^(apisix|etcd|(apisix-)?ingress-controller|alpa-auth-[a-z]+|alpa-opt|head|kuberay(-operator)?)$/;

export const networkClosed: Rule = {
    name: "network-closed",
    title: `Network policies close the gateway's namespace. Only ports ${OPEN_PORTS.join(", ")} are open to all; the others admit pods of this stack or of its config.`,
    reason: "The chart opens the Admin API to every address, and etcd holds every credential. The policies block every pod that they do not name.",
    *check(resource, facts) {
        if (kindOf(resource) !== "NetworkPolicy") return;
        for (const [where, rule] of allAt(resource.props, "spec.ingress[]")) yield* openPorts(where, map(rule));
        for (const [where, peer] of allAt(resource.props, "spec.ingress[].from[]")) {
            const { matchLabels, matchExpressions } = map(at(peer, "podSelector"));
            const values = allAt(matchExpressions, "[].values[]").map(([, value]) => value);
            const named = [...Object.values(map(matchLabels)), ...values].map(String);
            if (!named.every((label) => OWN_PODS.test(label) || inConfig(facts, label)))
                yield `${where}.podSelector: must select pods of this project or of the stack's config. Correct it.`;
        }
    },
    checkStack: (resources, facts) => {
        const closed = new Set(resources.filter(selectsAll).map(namespaceOf));
        const own = new Set([
            ...resources.map(namespaceOf),
            ...resources.map((one) => (kindOf(one) === "Namespace" ? at(one.props, "metadata.name") : undefined)),
            ...gatewayNamespaces(resources),
        ]);
        return function* (resource) {
            const etcd = kindOf(resource) === "StatefulSet" ? [namespaceOf(resource)] : [];
            for (const namespace of [...etcd, ...gatewayNamespaces([resource])])
                if (typeof namespace === "string" && !closed.has(namespace))
                    yield `namespace ${namespace}: must have a NetworkPolicy that selects every pod in it (there is none). Add it.`;
            for (const [where, peer] of allAt(resource.props, "spec.ingress[].from[]")) {
                const name = map(at(peer, "namespaceSelector.matchLabels"))["kubernetes.io/metadata.name"];
                if (typeof name === "string" && !own.has(name) && !inConfig(facts, name))
                    yield `${where}.namespaceSelector: must be a namespace of this stack or of its config. Correct it.`;
            }
        };
    },
};

const namespaceOf = ({ props }: Resource) => at(props, "metadata.namespace");

/** Whether a policy selects every pod, and so blocks what no policy admits. */
function selectsAll(resource: Resource): boolean {
    const { podSelector, policyTypes = ["Ingress"] } = map(resource.props.spec);
    const isForAll = kindOf(resource) === "NetworkPolicy" && shown(podSelector) === "{}";
    return isForAll && list(policyTypes).includes("Ingress");
}

function* openPorts(where: string, { from, ports }: Tree): Generator<Message> {
    if (!isOpen(from)) return;
    if (list(ports).length === 0) yield `${where}: must name the ports that everybody may reach (got none). Name them.`;
    for (const { port, endPort } of list(ports).map(map))
        if (!OPEN_PORTS.includes(number(port)) || endPort !== undefined)
            yield `${where}: must not let everybody reach port ${shown(port)}. List only the pods that need access in ${where}.from.`;
}

/** Whether a rule admits others than pods that it selects by a label. An address range admits every machine in it, also pods. */
const isOpen = (from: unknown) =>
    list(from).length === 0 ||
    list(from).some((peer) => {
        const { ipBlock, podSelector } = map(peer);
        const { matchLabels, matchExpressions } = map(podSelector);
        const isIn = list(matchExpressions).some((one) => at(one, "operator") === "In");
        return ipBlock !== undefined || (Object.keys(map(matchLabels)).length === 0 && !isIn);
    });
