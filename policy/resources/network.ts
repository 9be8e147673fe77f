/** Services and network policies: which sources reach a pod. */
import { at, isUnknown, list, map, type Tree, type UnknownAs } from "./values";

/** Ways in which a Service is reachable from outside the cluster, for example its type `NodePort`. */
export function waysFromOutside({ type, externalIPs }: Tree): string[] {
    return [...(isNodeType(type) ? [String(type)] : []), ...(list(externalIPs).length > 0 ? ["externalIPs"] : [])];
}
/** Whether a type of Service opens a port of every node. */
const isNodeType = (type: unknown) => type === "NodePort" || type === "LoadBalancer";

/** Whom a rule of a NetworkPolicy admits, for messages; undefined if it admits only pods that it selects by label. */
export function openTo(rule: unknown, unknown: UnknownAs = "allowed"): string | undefined {
    const { from } = map(rule);
    if (isUnknown(from) && unknown === "allowed") return undefined;
    return list(from).length === 0 ? "everybody" : list(from).flatMap((peer) => openPeer(peer, unknown) ?? [])[0];
}

function openPeer(peer: unknown, unknown: UnknownAs): string | undefined {
    const { ipBlock, namespaceSelector, podSelector } = map(peer);
    // An address range admits every machine with such an address, also pods.
    if (ipBlock !== undefined && !(isUnknown(ipBlock) && unknown === "allowed")) return "addresses";
    if (podSelector !== undefined && !isBroad(podSelector, unknown)) return undefined;
    if (namespaceSelector === undefined)
        return podSelector === undefined && unknown === "allowed" ? undefined : "every pod of its namespace";
    if (isUnknown(namespaceSelector) && unknown === "allowed") return undefined;
    return isBroad(namespaceSelector, unknown) ? "every pod of the cluster" : "every pod of a namespace";
}

/** Whether a selector requires no label value, because it is empty, only excludes labels, or accepts any value. */
function isBroad(selector: unknown, unknown: UnknownAs): boolean {
    const { matchLabels, matchExpressions } = map(selector);
    const operators = list(matchExpressions).map((one) => (isUnknown(one) ? one : at(one, "operator")));
    if (unknown === "allowed" && [selector, matchLabels, matchExpressions, ...operators].some(isUnknown)) return false;
    return Object.keys(map(matchLabels)).length === 0 && !operators.includes("In");
}
