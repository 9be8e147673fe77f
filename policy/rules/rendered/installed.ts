import { parse } from "yaml";
import { rampartInstall } from "../../../config/keys/rampart";
import { PROFILE_FILE } from "../../../components/apisix/profile";
import { KEYRING } from "../../../components/apisix/etcd-secrets";
import { releaseInstallation } from "../../../components/apisix/release";
import {
    apisixValues,
    FULL_NAME,
    profileOf,
    type Installation,
    type ReleaseSettings,
} from "../../../components/apisix/values";
import {
    CONNECTORS,
    renderBudget,
    renderConnectors,
    renderPolicy,
} from "../../../components/cloudflare/cloudflared/deployment";
import {
    CONTROLLER_BUDGET,
    renderBudget as renderControllerBudget,
} from "../../../components/apisix/controller-budget";
import { renderPatch } from "../../../components/apisix/graceful-shutdown";
import { OPT_GRAPH, operatorValues, renderOperatorGraph } from "../../../components/opt/opt-graph";
import { operatorNamespace } from "../../../components/opt/opt-operator";
import { OPT, renderImages, renderRayCluster } from "../../../components/opt/opt-pods";
import {
    renderPolicy as renderOptPolicy,
    renderService as renderOptService,
} from "../../../components/opt/opt-component";
import type { OptSettings } from "../../../components/opt/opt-settings";
import { componentInstallation, renderGraph } from "../../../components/apisix/rampart-gateway";
import {
    COUNTERS,
    renderPolicy as renderCountersPolicy,
    renderService,
    renderServer,
} from "../../../components/consumers/shared-counters";
import { renderCertificate, renderTls, TLS_CERTIFICATE, TLS_OBJECT } from "../../../components/apisix/tls";
import { at, list, map, UNKNOWN, type Resource } from "../resource";
import { combinations, form, type Form } from "./form";
import { gatewayPolicies, made, type ByName } from "./gateway";

// How this project renders what it installs.

const NAMESPACE = "sample-namespace";

const RELEASE = {
    chart: { repository: "https://charts.example.org", version: "2.14.99" },
    image: { repository: "registry.example.org/sample-apisix", tag: "3.18.99-sample" },
    etcdImage: { registry: "mirror.example.org", repository: "sample/etcd", tag: "3.6.99-sample" },
    replicas: 17,
    nodePort: 30811,
    tls: { nodePort: 30843, publicPort: 30877 },
    storageClass: "sample-class",
    availability: { answerTimeoutSeconds: 600 },
};

/** Values of the chart with every choice that a stack config has, and what they are a part of. */
function releases(
    render: (release: ReleaseSettings, settings: typeof SETTINGS) => unknown,
    problems?: (settings: typeof SETTINGS) => string[],
): Form[] {
    return combinations({
        registry: ["docker.io", undefined],
        open: [true, undefined],
        minimumVersion: ["1.2", "1.3", undefined],
        storage: [true, undefined],
        available: [true, undefined],
    }).map(({ registry, open, minimumVersion, storage, available }) =>
        form(
            SETTINGS,
            (settings) => {
                const { etcdImage, nodePort, tls, storageClass, availability, ...rest } = settings.release;
                return render(
                    {
                        ...rest,
                        etcdImage: registry ? { ...etcdImage, registry } : etcdImage,
                        ...(open ? { nodePort } : {}),
                        ...(minimumVersion ? { tls: { ...tls, minimumVersion: minimumVersion } } : {}),
                        ...(storage ? { storageClass } : {}),
                        ...(available ? { availability } : {}),
                    },
                    settings,
                );
            },
            problems,
        ),
    );
}
const SETTINGS = { namespace: NAMESPACE, retry: 5, release: RELEASE };

const repositoryProblems = (repository: string) =>
    (rampartInstall.shape.repository.safeParse(repository).error?.issues ?? []).map(
        ({ message }) => `repositoryOpts.repo: ${message}.`,
    );

/** A release with its chart and where that is from. */
const installed = (
    { release, namespace }: Installation,
    chart: { name: string; repository: string },
    values: object,
) => ({ name: release, namespace, chart: chart.name, repositoryOpts: { repo: chart.repository }, values });

const OPERATOR = {
    repository: "https://charts.example.org",
    version: "1.6.99",
    image: "mirror.example.org/sample",
};

/** What Helm is given: of a release the name, its chart, the repository, and the values. */
export function release({ props }: Resource, apisix: boolean): { actual: unknown; forms: Form[] } {
    const { name, namespace, chart, repositoryOpts } = props;
    const repo = at(repositoryOpts, "repo");
    const values = props.values === UNKNOWN ? UNKNOWN : map(props.values);
    const actual = { name, namespace, chart, repositoryOpts: repo === undefined ? {} : { repo }, values };
    if (apisix)
        return {
            actual,
            forms: made("release", () =>
                releases(
                    (release, { namespace }) => {
                        const installation = releaseInstallation(namespace);
                        return installed(
                            installation,
                            { name: "apisix", ...release.chart },
                            apisixValues(release, namespace, installation),
                        );
                    },
                    ({ release }) => repositoryProblems(release.chart.repository),
                ),
            ),
        };
    return {
        actual,
        forms: made("other releases", () => [
            // Rampart's chart is the operator's own, under any name, and gets no values.
            form(
                { namespace: NAMESPACE, chart: "sample-chart", repository: "https://charts.example.org" },
                ({ namespace, chart, repository }) =>
                    installed({ release: "rampart", namespace }, { name: chart, repository }, {}),
                ({ chart, repository }) => [
                    ...(rampartInstall.shape.chart.safeParse(chart).error?.issues ?? []).map(
                        ({ message }) => `chart: ${message}.`,
                    ),
                    ...repositoryProblems(repository),
                ],
            ),
            form(
                { namespace: NAMESPACE, operator: OPERATOR },
                (settings) =>
                    installed(
                        { release: "kuberay", namespace: operatorNamespace(settings.namespace) },
                        { name: "kuberay-operator", repository: settings.operator.repository },
                        operatorValues(settings.namespace, settings.operator),
                    ),
                (settings) => repositoryProblems(settings.operator.repository),
            ),
        ]),
    };
}

export const graphs: ByName = {
    gateway: () =>
        made("graph", () =>
            releases((release, { namespace, retry }) => ({
                metadata: { namespace },
                spec: renderGraph({ namespace, release, retry }),
            })),
        ),
    [OPT_GRAPH]: () =>
        made("graph of the operator", () => [
            form({ namespace: NAMESPACE, operator: OPERATOR, retry: 5 }, ({ namespace, operator, retry }) => ({
                metadata: { namespace },
                spec: renderOperatorGraph(namespace, operator, retry),
            })),
        ]),
};

/** The graph of the model is from Rampart's private charts, whose values are not compared: by component, its chart. */
export const OPT_CHARTS: Record<string, string> = {
    operator: "kuberay-operator",
    ray: "ray-cluster",
    alpa: "alpa-opt-service",
};
export { OPT_GRAPH };

/** The settings file of APISIX, as what it says. */
export function profile({ props }: Resource): { actual: unknown; forms: Form[] } {
    const text = at(props, "data");
    const file = map(text)[PROFILE_FILE];
    return {
        actual: {
            metadata: { namespace: at(props, "metadata.namespace") },
            data: { ...map(text), ...(typeof file === "string" ? { [PROFILE_FILE]: parsed(file) } : {}) },
        },
        forms: made("profile", () =>
            combinations({ installer: ["helm", "rampart"], minimumVersion: ["1.2", "1.3", undefined] }).map(
                ({ installer, minimumVersion }) =>
                    form(
                        { namespace: NAMESPACE, tls: RELEASE.tls, availability: RELEASE.availability },
                        ({ namespace, tls, availability }) => {
                            const of = installer === "helm" ? releaseInstallation : componentInstallation;
                            const installation = of(namespace);
                            const { nodePort: _n, storageClass: _s, ...rest } = RELEASE;
                            const settings = {
                                ...rest,
                                availability,
                                tls: minimumVersion && { ...tls, minimumVersion: minimumVersion },
                            } as ReleaseSettings;
                            return {
                                metadata: { namespace: installation.namespace },
                                data: { [PROFILE_FILE]: parse(profileOf(settings, installation)) },
                            };
                        },
                    ),
            ),
        ),
    };
}

function parsed(text: string): unknown {
    try {
        return parse(text, { logLevel: "error" });
    } catch {
        return "no YAML";
    }
}

const image = { repository: "registry.example.org/sample", tag: "8.1.99" };
export const deployments: ByName = {
    [CONNECTORS]: () =>
        made("connectors", () => [
            form(
                { version: "2026.8.99", replicas: 19, graceSeconds: 120, fingerprint: "0123456789abcdef" },
                ({ fingerprint, ...settings }) => ({ spec: renderConnectors(settings, fingerprint) }),
            ),
        ]),
    [COUNTERS]: () => made("counters", () => [form(image, (settings) => ({ spec: renderServer(settings) }))]),
};

/** Patches of what the chart has made. */
export const patches: ByName = {
    [FULL_NAME]: () => made("patch", () => [form({ seconds: 645 }, ({ seconds }) => ({ spec: renderPatch(seconds) }))]),
};

export const policies: ByName = {
    ...gatewayPolicies,
    [CONNECTORS]: ({ props }) => {
        const peers = list(at(props, "spec.egress")).flatMap((rule) => list(at(rule, "to")));
        const labelled = peers.some((peer) => at(peer, "podSelector") !== undefined);
        const labels = labelled ? { labels: { "app.kubernetes.io/name": "sample" } } : {};
        return made(`policy of connectors ${labelled}`, () => [
            form({ namespace: NAMESPACE, port: 9081, ...labels }, (settings) => ({ spec: renderPolicy(settings) })),
        ]);
    },
    [COUNTERS]: () =>
        made("policy of counters", () => [
            form({ namespace: NAMESPACE }, ({ namespace }) => ({ spec: renderCountersPolicy(namespace) })),
        ]),
    [OPT]: () =>
        made("policy of opt", () => [
            form({ namespace: NAMESPACE }, ({ namespace }) => ({ spec: renderOptPolicy(namespace) })),
        ]),
};

export const budgets: ByName = {
    [CONNECTORS]: () => made("budget of connectors", () => [form({}, () => ({ spec: renderBudget() }))]),
    [CONTROLLER_BUDGET]: () =>
        made("budget of controllers", () => [form({}, () => ({ spec: renderControllerBudget() }))]),
};

const names = (count: number) => Array.from({ length: Math.max(1, count) }, (_, i) => `sample-${i}.example.org`);

/** What the gateway shows by TLS, for so many names. */
export const certificates: Record<"served" | "issued", ByName> = {
    served: {
        [TLS_OBJECT]: ({ props }) => {
            const { length } = list(at(props, "spec.hosts"));
            return made(`tls ${length}`, () => [
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
            return made(`certificate ${length}`, () =>
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
    [COUNTERS]: () => made("service of counters", () => [form({}, () => ({ spec: renderService() }))]),
    [OPT]: () => made("service of opt", () => [form({}, () => ({ spec: renderOptService() }))]),
};

/** Alpa as a component, with so many nodes; the command is whatever starts Alpa there. */
function opts(
    nodes: number,
    command: string,
    render: (opt: OptSettings, seconds: number, running: boolean) => unknown,
) {
    return combinations({
        hostNetwork: [true, false],
        running: [true, false],
        weights: ["claim", "hostPath", undefined],
        runtimeClass: [true, undefined],
    }).map((choices) =>
        form(
            {
                image: "registry.example.org/sample-alpa:1.2.99",
                nodes: Array.from({ length: nodes }, (_, i) => `sample-node-${i}`),
                gpusPerNode: 13,
                rayVersion: "2.0.99",
                mountPath: "/sample-mount",
                weights: "/sample-weights",
                shmGiB: 17,
                cpu: 19,
                memoryGiB: 23,
                runtimeClass: "sample-class",
                seconds: 600,
            },
            ({ mountPath, weights, runtimeClass, seconds, ...rest }) => ({
                spec: render(
                    {
                        ...rest,
                        command,
                        shape: "kuberay",
                        hostNetwork: choices.hostNetwork!,
                        startTimeoutSeconds: 0,
                        weights: { mountPath, ...(choices.weights ? { [choices.weights]: weights } : {}) },
                        ...(choices.runtimeClass ? { runtimeClass } : {}),
                    },
                    seconds,
                    choices.running!,
                ),
            }),
        ),
    );
}

export const rayClusters: ByName = {
    [OPT]: ({ props }) => {
        const [container] = list(at(props, "spec.headGroupSpec.template.spec.containers"));
        const variable = (name: string) =>
            at(
                list(at(container, "env")).find((one) => at(one, "name") === name),
                "value",
            );
        const workers = at(props, "spec.workerGroupSpecs");
        // How many there are the head is told too.
        const nodes = workers === UNKNOWN ? Number(variable("ALPA_NODES")) || 1 : 1 + list(workers).length;
        const command = variable("ALPA_COMMAND");
        return made(`ray ${nodes} ${String(command)}`, () =>
            opts(nodes, String(command), (opt, answerTimeoutSeconds, running) =>
                renderRayCluster({ opt, answerTimeoutSeconds }, running),
            ),
        );
    },
};

export const daemonSets: ByName = {
    [`${OPT}-images`]: ({ props }) => {
        const place = "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
        const [term] = list(at(props, `${place}.nodeSelectorTerms`));
        const nodes = list(at(list(at(term, "matchExpressions"))[0], "values")).length;
        return made(`images ${nodes}`, () => opts(nodes, "", renderImages));
    },
};

/** The shortest that the program has generated. */
const LEAST_LENGTH = 32;

/** What keys are derived from: any letters and digits, so many that nobody tries them all. */
export function password({ props }: Resource): { actual: unknown; forms: Form[] } {
    return {
        actual: props,
        forms: made("password", () => [
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
