/** Checks that a rehearsal shares nothing with production. Pure. */
import { list, mapping } from "../../config/unchecked";
import { DEFAULT_NAMESPACE, DEFAULT_NODE_PORT } from "../../config/values";
import { isMap } from "../../policy/resources/values";

type Values = Record<string, unknown>;

const REQUIRED = "Set it in convert.rehearsal";

/**
 * @param own config of production's stack
 * @param overlay value of `convert.rehearsal`
 * @param merged config of the rehearsal's stack
 */
export function rehearsalProblems(own: Values, overlay: Values, merged: Values): string[] {
    return [...overlaps(own, overlay), ...claimed(merged)];
}

/** Names of the nodes of `opt`. */
export function nodesOf(opt: unknown): string[] {
    return list(mapping(opt).nodes).map((node) => String(isMap(node) ? node.name : node));
}

/** Problems of resources that rehearsal and production would share: the rehearsal stops and starts Alpa on its hosts. */
function overlaps(own: Values, overlay: Values): string[] {
    if (Object.keys(overlay).length === 0)
        return [
            "convert.rehearsal: required. Set the keys that differ in the rehearsal: alpa.endpoints, gateway.nodePort, opt and convert.bareMetal.",
        ];
    const problems: string[] = [];
    const endpoints = list(mapping(overlay.alpa).endpoints);
    const shared = endpoints.filter((one) => list(mapping(own.alpa).endpoints).includes(one));
    if (endpoints.length === 0)
        problems.push(
            `convert.rehearsal.alpa.endpoints: required, with the address of a small Alpa for the rehearsal. ${REQUIRED}.`,
        );
    for (const one of shared)
        problems.push(
            `convert.rehearsal.alpa.endpoints: must not be production's (got ${String(one)}). Name another Alpa.`,
        );
    const port = mapping(overlay.gateway).nodePort;
    const { nodePort = DEFAULT_NODE_PORT } = mapping(own.gateway);
    if (port === undefined || port === nodePort)
        problems.push(
            `convert.rehearsal.gateway.nodePort: must be a node port of its own (got ${port === undefined ? "none" : String(port)}, and production has ${String(nodePort)}). ${REQUIRED}.`,
        );
    if (overlay.namespace !== undefined && overlay.namespace === (own.namespace ?? DEFAULT_NAMESPACE))
        problems.push(
            `convert.rehearsal.namespace: must not be production's (got ${String(overlay.namespace)}). Leave it out.`,
        );
    if (mapping(own.cluster).nodes !== undefined && overlay.cluster === undefined)
        problems.push(
            "convert.rehearsal.cluster: required if the stack creates its cluster, since the rehearsal must not create one. Set kubeconfig or context.",
        );
    return [...problems, ...sharedNodes(own, overlay), ...sharedHosts(own, overlay)];
}

/** On a shared node, pods of the rehearsal could hold GPUs that production is about to use. */
function sharedNodes(own: Values, overlay: Values): string[] {
    const theirs = nodesOf(own.opt);
    const ours = nodesOf(overlay.opt);
    if (ours.length === 0)
        return [`convert.rehearsal.opt.nodes: required, with nodes that production does not use. ${REQUIRED}.`];
    return ours
        .filter((node) => theirs.includes(node))
        .map(
            (node) =>
                `convert.rehearsal.opt.nodes: must not be a node of production, whose GPUs the rehearsal would use (got ${node}). Name another node.`,
        );
}

function sharedHosts(own: Values, overlay: Values): string[] {
    const [theirs, ours] = [own, overlay].map((values) => mapping(mapping(values.convert).bareMetal));
    if (Object.keys(ours).length === 0)
        return [
            `convert.rehearsal.convert.bareMetal: required, with the hosts of the small Alpa, and the service or commands that run it. ${REQUIRED}.`,
        ];
    const addresses = list(theirs.hosts).map((host) => mapping(host).address);
    return list(ours.hosts)
        .map((host) => mapping(host).address)
        .filter((address) => addresses.includes(address))
        .map(
            (address) =>
                `convert.rehearsal.convert.bareMetal.hosts: must not be a host of production, which uses the GPUs (got ${String(address)}). Name another host.`,
        );
}

/** The rehearsal creates its namespace, so a claim cannot exist in it beforehand. */
function claimed({ opt }: Values): string[] {
    const { claim } = mapping(mapping(opt).weights);
    if (claim === undefined) return [];
    return [
        `convert.rehearsal.opt.weights: must not be a claim, since the rehearsal's namespace does not exist yet (got ${String(claim)}). Set hostPath or inImage.`,
    ];
}
