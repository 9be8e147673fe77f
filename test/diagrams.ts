/** The diagrams of docs/evaluate/options.md, generated from the resources of a stack and from tables of the code. */
import { PHASES as ZONE_PHASES } from "../components/cloudflare/dns-record";
import { BEFORE, nextStage, STAGES, stateOf, TARGET, type Stage } from "../components/opt/conversion-phases";
import { callersIn } from "../ops/convert/decide";
import type { Seen } from "./kit";

/** Programs by the label that the chart or this project sets on their pods. */
const PODS: Record<string, [id: string, text: string]> = {
    apisix: ["apisix", "APISIX"],
    etcd: ["etcd", "etcd"],
    "ingress-controller": ["controller", "ingress controller"],
    "alpa-auth-counters": ["counters", "counter server"],
    "alpa-opt": ["alpa", "Alpa: RayCluster"],
};

const kindOf = (r: Seen): string => r.inputs.kind ?? r.type.split(":").pop();

/**
 * Draws an option with a gateway: namespaces, the path of a request, and the connections that network policies allow.
 */
export function gatewayDiagram(seen: Seen[], nodePort: number, pods: number): string {
    const policies = seen.filter((r) => kindOf(r) === "NetworkPolicy");
    const [gateway, etcd] = ["-apisix", "-etcd"].map(
        (role) => policies.find(({ inputs }) => inputs.metadata.name.endsWith(role))!.inputs.metadata.namespace,
    );
    const route = seen.find((r) => kindOf(r) === "ApisixRoute")!;
    const own = route.inputs.metadata.namespace as string;
    const inCluster = seen.some((r) => kindOf(r) === "RayCluster");
    return [
        "flowchart LR",
        '    caller(["caller"])',
        `    subgraph gateway["namespace ${gateway}"]`,
        `        apisix["APISIX${pods > 1 ? `, ${pods} pods` : ""}"]`,
        '        controller["ingress controller"]',
        "    end",
        `    subgraph store["namespace ${etcd}"]`,
        '        etcd[("etcd")]',
        "    end",
        `    subgraph own["namespace ${own}"]`,
        '        objects["ApisixRoute, Consumers, Secrets with keys"]',
        ...(policies.some((policy) => podsOf(policy).includes("counters"))
            ? ['        counters["counter server"]']
            : []),
        ...(inCluster ? ['        alpa["Alpa: RayCluster"]'] : []),
        "    end",
        ...(inCluster ? [] : ['    alpa["Alpa on bare-metal Ray"]']),
        ...policies.flatMap((policy) => allowed(policy, nodePort)),
        "    controller -. watches .-> objects",
        // In a cluster, a network policy adds this arrow.
        ...(inCluster ? [] : [`    apisix -- "${upstreamPorts(seen).join(", ")}" --> alpa`]),
        "",
    ].join("\n");
}

/** One arrow for each peer that a network policy allows, labelled with the ports. */
function allowed({ inputs }: Seen, nodePort: number): string[] {
    return (inputs.spec.ingress ?? []).flatMap((rule: any) => {
        // A policy of every pod in a namespace has the name of the only pods there.
        const { podSelector } = inputs.spec;
        const to = podSelector.matchLabels ? podOf(podSelector) : inputs.metadata.name.replace("alpa-auth-", "");
        const ports = rule.ports?.map(({ port }: { port: number }) => port).join(", ") ?? "all ports";
        if (rule.from === undefined) return [`    caller == "node port ${nodePort}, pod port ${ports}" ==> ${to}`];
        return rule.from.map((peer: any) => `    ${podOf(peer.podSelector)} -- "${ports}" --> ${to}`);
    });
}

function podsOf({ inputs }: Seen): unknown[] {
    return Object.values(inputs.spec.podSelector.matchLabels ?? {}).map((label) => PODS[label as string]?.[0]);
}

function podOf(selector: any): string {
    const labels = [...Object.values(selector?.matchLabels ?? {}), ...(selector?.matchExpressions?.[0].values ?? [])];
    const [id] = PODS[labels.find((label) => (label as string) in PODS) as string] ?? [];
    if (id === undefined) throw new Error(`test/diagrams.ts has no box for the pods ${JSON.stringify(selector)}`);
    return id;
}

function upstreamPorts(seen: Seen[]): number[] {
    const upstreams = seen.filter((r) => kindOf(r) === "ApisixUpstream" && !r.name.includes("nowhere"));
    const ports = upstreams.flatMap(({ inputs: { spec } }) => (spec.externalNodes ?? []).map((node: any) => node.port));
    return [...new Set(ports as number[])];
}

/**
 * The boxes of option cloudflare, in the order in which a request passes them. A box is drawn only if the stack has a
 * resource of this type.
 */
const EDGE: [type: RegExp, id: string, text: string][] = [
    [/:DnsRecord$/, "dns", "DNS name, proxied"],
    [/:Ruleset$/, "rules", "edge rules"],
    [/:ZeroTrustAccessApplication$/, "access", "Access: service tokens"],
    [/:WorkersScript$/, "worker", "Worker: adds the model"],
    [/:ZeroTrustTunnelCloudflared$/, "tunnel", "tunnel"],
];

/** Option cloudflare: the path of a request through the stack's resources. */
export function cloudflareDiagram(seen: Seen[], endpoint: string): string {
    const boxes = EDGE.filter(([type]) => seen.some((r) => type.test(r.type)));
    const hosts = new Set(seen.filter((r) => /:Command$/.test(r.type)).map((r) => r.inputs.connection?.host));
    if (boxes.length === 0 || hosts.size === 0) throw new Error("the stack has no edge, or no host");
    return [
        "flowchart LR",
        '    caller(["caller"])',
        '    subgraph edge["Cloudflare\'s edge"]',
        ...boxes.map(([, id, text]) => `        ${id}["${text}"]`),
        "    end",
        '    subgraph host["host of tunnel.hosts"]',
        '        connector["cloudflared"]',
        "    end",
        '    alpa["Alpa on bare-metal Ray"]',
        `    caller == "https, 443" ==> ${boxes[0][1]}`,
        ...boxes.slice(1).map(([, id], i) => `    ${boxes[i][1]} --> ${id}`),
        `    connector -. "dials out, 7844" .-> ${boxes.at(-1)![1]}`,
        `    ${boxes.at(-1)![1]} --> connector`,
        `    connector -- "http, ${endpoint.split(":")[1]}" --> alpa`,
        "",
    ].join("\n");
}

/** Draws a conversion: its phases, what answers callers in each phase, and the steps forward and back. */
export function conversionDiagram(): string {
    const id = (stage: Stage) => stage.replaceAll("-", "_");
    const gpus = (stage: Stage) =>
        stage !== BEFORE && stateOf(stage).side === "component" ? "component" : "bare metal";
    const text = (stage: Stage) => `${stage}: callers get ${callersIn(stage)}, GPUs: ${gpus(stage)}`;
    const arrows = (stage: Stage) =>
        ([TARGET, BEFORE] as const).flatMap((to) => {
            const next = nextStage(stage, to);
            return next === undefined ? [] : [`    ${id(stage)} --> ${id(next)}: ${to === TARGET ? "on" : "back"}`];
        });
    return [
        "stateDiagram-v2",
        ...STAGES.map((stage) => `    state "${text(stage)}" as ${id(stage)}`),
        `    [*] --> ${id(BEFORE)}`,
        ...STAGES.flatMap(arrows),
        "",
    ].join("\n");
}

/** What must happen outside of the program before a zone enters a phase. */
const BEFORE_PHASE: Record<(typeof ZONE_PHASES)[number], string> = {
    mirror: "write the data",
    delegated: "both sides answer the same, and the registrar names Cloudflare",
    proxied: "the zone is active, certificates exist",
    signed: "the old delegation has left all caches",
};

/** The move of a zone: its phases, and the condition of each step. */
export function zoneDiagram(): string {
    const phases = [...ZONE_PHASES];
    return [
        "stateDiagram-v2",
        `    [*] --> ${phases[0]}: ${BEFORE_PHASE[phases[0]]}`,
        ...phases.slice(1).map((phase, i) => `    ${phases[i]} --> ${phase}: ${BEFORE_PHASE[phase]}`),
        ...phases.slice(1).map((phase, i) => `    ${phase} --> ${phases[i]}: back, never rejected`),
        "",
    ].join("\n");
}
