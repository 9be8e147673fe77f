import { KINDS, type Kind, type Resource, type World } from "../../ingress-controller/kinds";
import type { ApisixObject } from "../../ingress-controller/objects";
import { translate, type Condition, type Outcome } from "../../ingress-controller/translate";

export const CONTROLLER = "apisix.apache.org/apisix-ingress-controller";

export function object(kind: Kind, name: string, spec: object = {}, more: Partial<Resource> = {}): [Kind, Resource] {
    const cluster = kind === "IngressClass" || kind === "GatewayClass";
    const metadata = { name, ...(cluster ? {} : { namespace: "llm" }), generation: 1, ...more.metadata };
    return [kind, { kind, spec, ...more, metadata }];
}

export function secret(name: string, data: Record<string, string>, namespace = "llm"): [Kind, Resource] {
    const encoded = Object.fromEntries(
        Object.entries(data).map(([key, v]) => [key, Buffer.from(v).toString("base64")]),
    );
    return object("Secret", name, undefined, { data: encoded, metadata: { name, namespace } });
}

const proxySpec = {
    provider: {
        type: "ControlPlane",
        controlPlane: {
            service: { name: "apisix-admin", port: 9180 },
            auth: { type: "AdminKey", adminKey: { valueFrom: { secretKeyRef: { name: "admin", key: "key" } } } },
        },
    },
};
const inApisix = (name: string) => ({ metadata: { name, namespace: "apisix" } });
const parameters = { apiGroup: "apisix.apache.org", kind: "GatewayProxy", name: "proxy", namespace: "apisix" };

/** An IngressClass and a Gateway, both called apisix, for the same APISIX. */
const WIRING: [Kind, Resource][] = [
    secret("admin", { key: "k" }, "apisix"),
    object("GatewayProxy", "proxy", proxySpec, inApisix("proxy")),
    object("IngressClass", "apisix", { controller: CONTROLLER, parameters }),
    object("GatewayClass", "apisix", { controllerName: CONTROLLER }),
    object(
        "Gateway",
        "apisix",
        {
            gatewayClassName: "apisix",
            listeners: [{ name: "http", protocol: "HTTP", port: 80 }],
            infrastructure: { parametersRef: { group: "apisix.apache.org", kind: "GatewayProxy", name: "proxy" } },
        },
        inApisix("apisix"),
    ),
];

function worldOf(...objects: [Kind, Resource][]): World {
    const kinds = Object.keys(KINDS) as Kind[];
    const of = (kind: Kind) => objects.filter(([one]) => one === kind).map(([, resource]) => resource);
    return Object.fromEntries(kinds.map((kind) => [kind, of(kind)])) as World;
}

/** Translates these objects together with those of {@link WIRING}. */
export function translated(...objects: [Kind, Resource][]) {
    return translate(worldOf(...WIRING, ...objects), CONTROLLER);
}

/** Returns the only outcome of this kind and name. Throws if there is none, or more than one. */
export function outcome(outcomes: Outcome[], kind: Kind, name: string): Outcome {
    const found = outcomes.filter((one) => one.kind === kind && one.resource.metadata.name === name);
    if (found.length !== 1) throw new Error(`${found.length} outcomes for ${kind} ${name}`);
    return found[0];
}

export function said({ status, reason, message }: Condition): string {
    return `${status} ${reason}${message && `: ${message}`}`;
}

/** Bodies of the objects that are in one collection of the Admin API. */
export function bodies(objects: ApisixObject[] | undefined, collection: ApisixObject["collection"]): any[] {
    return (objects ?? []).filter((one) => one.collection === collection).map(({ body }) => body);
}

/** An ApisixRoute called alpa with one rule, and its ApisixUpstream. */
export function route(rule: object = {}, upstream: object = {}) {
    const first = { name: "r", match: { paths: ["/completions"] }, upstreams: [{ name: "metal" }], ...rule };
    const externalNodes = [{ type: "Domain", name: "10.0.0.11", port: 20001 }];
    const { outcomes, log } = translated(
        object("ApisixUpstream", "metal", { externalNodes, ...upstream }),
        object("ApisixRoute", "alpa", { ingressClassName: "apisix", http: [first] }),
    );
    const found = outcome(outcomes, "ApisixRoute", "alpa");
    const [service] = bodies(found.objects, "services");
    const made = { objects: found.objects, route: bodies(found.objects, "routes")[0], service };
    return { said: said(found.conditions[0]), log: log.join("\n"), ...made, upstream: service?.upstream };
}
