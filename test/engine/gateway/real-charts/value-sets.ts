/** Every combination of chart values that a stack config can produce. */
import { apisixValues, installationOf } from "../../../../components/apisix/values";
import { operatorValues } from "../../../../components/opt/opt-graph";
import { operatorNamespace } from "../../../../components/opt/opt-operator";
import { optNamespace } from "../../../../components/opt/opt-settings";
import type { Tree } from "../../../../policy/resources/values";
import versions from "../../../../sandbox/toolchain/versions.json";
import { EXPOSURE, parseIntra, raw } from "../../../unit/kit/intra-a";
import { interValues, parseInter } from "../../../unit/kit/inter";

export interface ValueSet {
    /** The choices in the stack config that produce these values, for messages. */
    what: string;
    chart: { name: string; version: string };
    installation: { release: string; namespace: string };
    values: Tree;
}

/** The alternatives of one choice in the stack config: the config keys to set, by a name for messages. */
type Choice = Record<string, { gateway?: object; [key: string]: unknown }>;

const AZURE = { exposure: "direct" };
const TLS = {
    ...AZURE,
    tls: { issuer: "internal", hostnames: ["llm.example.com"] },
};
const MIRROR = {
    image: "mirror.example.org/apache/apisix:3.18.0-ubuntu",
    etcdImage: "mirror.example.org/mirrored/etcd:v3.6.16",
};

const OPTIONS: Choice = { "option intra-a": { option: "intra-a" }, "option inter": { option: "inter" } };
const INSTALLERS: Choice = {
    "by Helm": { gateway: { installer: "helm" } },
    "by Rampart": { gateway: { installer: "rampart" } },
};

const EXPOSURES: Choice = {
    "a tunnel": EXPOSURE,
    "a tunnel and a node port": { ...EXPOSURE, gateway: { nodePort: 30900 } },
    "a node port": AZURE,
    TLS,
};

const CHOICES: Choice[] = [
    OPTIONS,
    INSTALLERS,
    { "the usual pods": {}, "four pods": { gateway: { replicas: 4 } } },
    EXPOSURES,
    { "the cluster's storage": {}, "a StorageClass": { gateway: { storageClass: "fast" } } },
    { "public images": {}, "mirrored images": { gateway: MIRROR } },
];

const scrapers = [{ namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } }];

/** Metrics, access log and classes of the gateway. Their values do not depend on other choices. */
const BESIDES: Choice = {
    "metrics by annotations": { observability: { metrics: { scrapers } } },
    "metrics by a PodMonitor, and an access log": {
        observability: { metrics: { scrapers, podMonitor: true }, accessLog: true },
    },
    "a class of callers, and an access log": {
        gateway: { replicas: 3, sharedCounters: { whenDown: "refuse" } },
        observability: { accessLog: true },
        classes: { batch: 4 },
        consumers: [{ name: "night", class: "batch", credentials: [{ id: "k", method: "key" }] }],
    },
};

/** Value sets of the chart `apisix`. */
export function apisixSets(): ValueSet[] {
    return [...combined(CHOICES), ...combined([OPTIONS, INSTALLERS, { "a node port": AZURE, TLS }, BESIDES])].map(
        ({ what, config }) => {
            const { option, gateway, ...rest } = config;
            const address = "tls" in rest || rest.exposure === "tunnel" ? undefined : "llm.example.com";
            const settings =
                option === "inter"
                    ? parseInter(interValues(rest, { address, ...(gateway as object) }))
                    : parseIntra(raw({ gateway, ...rest }));
            const { namespace } = settings;
            if (settings.gateway.installer === "existing") throw new Error(`${what}: installs nothing`);
            const { release, installer } = settings.gateway;
            return {
                what,
                chart: { name: "apisix", version: release.chart.version },
                installation: installationOf(installer, namespace),
                values: apisixValues(release, namespace) as unknown as Tree,
            };
        },
    );
}

/** Value sets of the chart `kuberay-operator`. */
export function operatorSets(): ValueSet[] {
    const namespace = "alpa-auth";
    const chart = { repository: "https://charts.example.org", version: versions.kuberay };
    const installations = {
        "by Helm": { release: "kuberay", namespace: operatorNamespace(namespace) },
        "by Rampart": { release: "component", namespace: optNamespace(namespace, "kuberay") },
    };
    return Object.entries(installations).flatMap(([by, installation]) =>
        ["quay.io/kuberay/operator", "mirror.example.org/kuberay/operator"].map((image) => ({
            what: `KubeRay's operator, ${by}, ${image}`,
            chart: { name: "kuberay-operator", version: chart.version },
            installation,
            values: operatorValues(namespace, { image: { repository: image, tag: `v${chart.version}` } }),
        })),
    );
}

function combined(choices: Choice[]): { what: string; config: Record<string, unknown> }[] {
    const [first, ...others] = choices;
    if (first === undefined) return [{ what: "", config: {} }];
    return Object.entries(first).flatMap(([what, { gateway, ...config }]) =>
        combined(others).map((other) => ({
            what: other.what === "" ? what : `${what}, ${other.what}`,
            config: { ...config, ...other.config, gateway: { ...gateway, ...(other.config.gateway as object) } },
        })),
    );
}
