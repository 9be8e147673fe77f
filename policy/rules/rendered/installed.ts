import { KEYRING } from "../../../components/apisix/etcd-secrets";
import { FULL_NAME } from "../../../components/apisix/values";
import {
    CONNECTORS,
    renderBudget,
    renderConnectorMonitor,
    renderConnectors,
    renderPolicy,
} from "../../../components/cloudflare/cloudflared/deployment";
import {
    CONTROLLER_BUDGET,
    renderBudget as renderControllerBudget,
} from "../../../components/apisix/controller-budget";
import { POD_MONITOR, renderGatewayMonitor } from "../../../components/apisix/pod-monitor";
import { renderPatch } from "../../../components/apisix/graceful-shutdown";
import {
    COUNTERS,
    renderPolicy as renderCountersPolicy,
    renderService,
    renderServer,
} from "../../../components/consumers/shared-counters";
import { renderCertificate, renderTls, TLS_CERTIFICATE, TLS_OBJECT } from "../../../components/apisix/tls";
import type { Resource } from "../../resources/resource";
import { at, list } from "../../resources/values";
import { etcdBudgets, etcdPolicies, etcdServices } from "./etcd";
import { combinations, form, type Form } from "./form";
import { gatewayPolicies, cachedForms, scrapersAs, type ByName } from "./gateway";
import { optPolicies, optServices } from "./opt";

// Expected forms (form.ts) of objects that the stack creates itself and not through a chart: connectors, counters, network
// policies, budgets, certificates and generated passwords.

const NAMESPACE = "sample-namespace";

const image = { repository: "registry.example.org/sample", tag: "8.1.99" };
export const deployments: ByName = {
    [CONNECTORS]: () =>
        cachedForms("connectors", () =>
            combinations({ annotated: [true, undefined] }).map(({ annotated }) =>
                form(
                    { image, replicas: 19, graceSeconds: 120, fingerprint: "0123456789abcdef" },
                    ({ fingerprint, ...settings }) => {
                        const metrics = annotated && { scrapers: [], podMonitor: false };
                        return { spec: renderConnectors({ ...settings, metrics }, fingerprint) };
                    },
                ),
            ),
        ),
    [COUNTERS]: () => cachedForms("counters", () => [form(image, (settings) => ({ spec: renderServer(settings) }))]),
};

/** Patches of the chart's objects. */
export const patches: ByName = {
    [FULL_NAME]: () =>
        cachedForms("patch", () => [form({ seconds: 645 }, ({ seconds }) => ({ spec: renderPatch(seconds) }))]),
};

export const policies: ByName = {
    ...gatewayPolicies,
    ...etcdPolicies,
    [CONNECTORS]: ({ props }) => {
        const peers = list(at(props, "spec.egress")).flatMap((rule) => list(at(rule, "to")));
        const labelled = peers.some((peer) => at(peer, "podSelector") !== undefined);
        const labels = labelled ? { labels: { "app.kubernetes.io/name": "sample" } } : {};
        const rules = list(at(props, "spec.ingress"));
        const from = rules.length === 0 ? [] : at(rules[0], "from");
        const scrapers = from === undefined ? undefined : scrapersAs(from);
        return cachedForms(`policy of connectors ${labelled} ${JSON.stringify(scrapers)}`, () => [
            form(
                { origin: { namespace: NAMESPACE, port: 9081, ...labels }, ...(scrapers && { scrapers }) },
                (settings) => ({ spec: renderPolicy(settings.origin, settings.scrapers) }),
            ),
        ]);
    },
    [COUNTERS]: () =>
        cachedForms("policy of counters", () => [
            form({ namespace: NAMESPACE }, ({ namespace }) => ({ spec: renderCountersPolicy(namespace) })),
        ]),
    ...optPolicies,
};

export const budgets: ByName = {
    ...etcdBudgets,
    [CONNECTORS]: () => cachedForms("budget of connectors", () => [form({}, () => ({ spec: renderBudget() }))]),
    [CONTROLLER_BUDGET]: () =>
        cachedForms("budget of controllers", () => [form({}, () => ({ spec: renderControllerBudget() }))]),
};

export const podMonitors: ByName = {
    [POD_MONITOR]: () => cachedForms("pod monitor", () => [form({}, () => ({ spec: renderGatewayMonitor() }))]),
    [CONNECTORS]: () =>
        cachedForms("monitor of connectors", () => [form({}, () => ({ spec: renderConnectorMonitor() }))]),
};

const names = (count: number) => Array.from({ length: Math.max(1, count) }, (_, i) => `sample-${i}.example.org`);

/** Expected forms of the gateway's certificate, with the object's number of host names. */
export const certificates: Record<"served" | "issued", ByName> = {
    served: {
        [TLS_OBJECT]: ({ props }) => {
            const { length } = list(at(props, "spec.hosts"));
            return cachedForms(`tls ${length}`, () => [
                form(
                    {
                        namespace: NAMESPACE,
                        ingressClass: "sample-class",
                        hostnames: names(length),
                        secret: "sample-secret",
                    },
                    (settings) => ({ metadata: { namespace: settings.namespace }, spec: renderTls(settings) }),
                ),
            ]);
        },
    },
    issued: {
        [TLS_CERTIFICATE]: ({ props }) => {
            const { length } = list(at(props, "spec.dnsNames"));
            return cachedForms(`certificate ${length}`, () =>
                ["ClusterIssuer", "Issuer"].map((kind) =>
                    form({ hostnames: names(length), issuer: "sample-issuer" }, ({ hostnames, issuer }) => ({
                        spec: renderCertificate(hostnames, { name: issuer, kind }),
                    })),
                ),
            );
        },
    },
};

export const services: ByName = {
    [COUNTERS]: () => cachedForms("service of counters", () => [form({}, () => ({ spec: renderService() }))]),
    ...etcdServices,
    ...optServices,
};

/** Shortest generated password of this program, in characters. */
export const LEAST_LENGTH = 32;

/** Expected forms of generated text: letters and digits that are too long to be guessed, or APISIX's keyring. */
export function password({ props }: Resource): { actual: unknown; forms: Form[] } {
    return {
        actual: props,
        forms: cachedForms("password", () => [
            form(
                { length: 40 },
                ({ length }) => ({ length, special: false }),
                ({ length }) =>
                    length < LEAST_LENGTH ? [`length: must be ${LEAST_LENGTH} or more (got ${length}). Raise it.`] : [],
            ),
            form({}, () => KEYRING),
        ]),
    };
}
