import { parse } from "yaml";
import { rampartInstall } from "../../../config/keys/rampart";
import { PROFILE_FILE } from "../../../components/apisix/profile";
import { componentInstallation, renderGraph } from "../../../components/apisix/rampart-gateway";
import { releaseInstallation } from "../../../components/apisix/release";
import { apisixValues, profileOf, type Installation, type ReleaseSettings } from "../../../components/apisix/values";
import type { ObservabilitySettings } from "../../../components/apisix/observability";
import { OPT_GRAPH, operatorValues, renderOperatorGraph } from "../../../components/opt/opt-graph";
import { operatorNamespace } from "../../../components/opt/opt-operator";
import type { Resource } from "../../resources/resource";
import { at, map, UNKNOWN } from "../../resources/values";
import { combinations, form, type Form } from "./form";
import { cachedForms, type ByName } from "./gateway";

// Expected forms (form.ts) of Helm's releases and Rampart's graphs: the gateway, Rampart itself and KubeRay's operator.

const NAMESPACE = "sample-namespace";

const RELEASE = {
    chart: { repository: "https://charts.example.org", version: "2.14.99" },
    image: { repository: "registry.example.org/sample-apisix", tag: "3.18.99-sample" },
    replicas: 17,
    nodePort: 30811,
    tls: { nodePort: 30843, publicPort: 30877 },
    availability: { answerTimeoutSeconds: 600 },
};

/** The image of etcd does not appear in the values of the chart, since etcd is not part of the release. */
const NOT_RENDERED = { etcdImage: "" };

const SETTINGS = { namespace: NAMESPACE, retry: 5, release: RELEASE };

/** Metrics settings with which the chart's values may have been rendered. */
function metricsIn(values: unknown): ObservabilitySettings[] {
    const [ports, annotations] = [at(values, "apisix.prometheus"), at(values, "podAnnotations")];
    const off = ports === undefined || ports === UNKNOWN ? [{}] : [];
    const kinds = ports === undefined ? [] : annotations === UNKNOWN ? [true, false] : [annotations === undefined];
    return [...off, ...kinds.map((podMonitor) => ({ metrics: { scrapers: [], podMonitor } }))];
}

/**
 * Expected forms of the chart's values, for every choice in a stack config.
 * @param observed possible metrics settings
 */
function releases(
    observed: ObservabilitySettings[],
    render: (release: ReleaseSettings, settings: typeof SETTINGS) => unknown,
    problems?: (settings: typeof SETTINGS) => string[],
): Form[] {
    return combinations({
        metrics: observed,
        accessLog: [true, undefined],
        open: [true, undefined],
        minimumVersion: ["1.2", "1.3", undefined],
        available: [true, undefined],
    }).map(({ metrics, accessLog, open, minimumVersion, available }) =>
        form(
            SETTINGS,
            (settings) => {
                const { nodePort, tls, availability, ...rest } = settings.release;
                return render(
                    {
                        ...{ ...rest, ...NOT_RENDERED },
                        ...(open ? { nodePort } : {}),
                        ...(minimumVersion ? { tls: { ...tls, minimumVersion: minimumVersion } } : {}),
                        ...(available ? { availability } : {}),
                        observability: { ...metrics, ...(accessLog ? { accessLog } : {}) },
                    },
                    settings,
                );
            },
            problems,
        ),
    );
}

const repositoryProblems = (repository: string) =>
    (rampartInstall.shape.repository.safeParse(repository).error?.issues ?? []).map(
        ({ message }) => `repositoryOpts.repo: ${message}.`,
    );

/** Renders a release with its chart and repository. */
const installed = (
    { release, namespace }: Installation,
    chart: { name: string; repository: string },
    values: object,
) => ({ name: release, namespace, chart: chart.name, repositoryOpts: { repo: chart.repository }, values });

const OPERATOR = {
    repository: "https://charts.example.org",
    version: "1.6.99",
    image: { repository: "mirror.example.org/sample", tag: "v1.6.99-sample" },
};

/** The compared inputs of a Helm release: name, chart, repository and values. */
function given({ props }: Resource): unknown {
    const { name, namespace, chart, repositoryOpts } = props;
    const repo = at(repositoryOpts, "repo");
    const values = props.values === UNKNOWN ? UNKNOWN : map(props.values);
    return { name, namespace, chart, repositoryOpts: repo === undefined ? {} : { repo }, values };
}

export function apisixRelease(resource: Resource): { actual: unknown; forms: Form[] } {
    const observed = metricsIn(resource.props.values);
    return {
        actual: given(resource),
        forms: cachedForms(`release ${JSON.stringify(observed)}`, () =>
            releases(
                observed,
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
}

export function otherRelease(resource: Resource): { actual: unknown; forms: Form[] } {
    return {
        actual: given(resource),
        forms: cachedForms("other releases", () => [
            // Rampart's chart comes from a private repository, so it may have any name. It gets no values.
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
    gateway: ({ props }) => {
        const observed = metricsIn(at(props, "spec.graph.components.apisix.config"));
        return cachedForms(`graph ${JSON.stringify(observed)}`, () =>
            releases(observed, (release, { namespace, retry }) => ({
                metadata: { namespace },
                spec: renderGraph({ namespace, release, retry }),
            })),
        );
    },
    [OPT_GRAPH]: () =>
        cachedForms("graph of the operator", () => [
            form({ namespace: NAMESPACE, operator: OPERATOR, retry: 5 }, ({ namespace, operator, retry }) => ({
                metadata: { namespace },
                spec: renderOperatorGraph(namespace, operator, retry),
            })),
        ]),
};

/** Expected form of APISIX's settings file, compared by content. */
export function profile({ props }: Resource): { actual: unknown; forms: Form[] } {
    const text = at(props, "data");
    const file = map(text)[PROFILE_FILE];
    return {
        actual: {
            metadata: { namespace: at(props, "metadata.namespace") },
            data: { ...map(text), ...(typeof file === "string" ? { [PROFILE_FILE]: parsed(file) } : {}) },
        },
        forms: cachedForms("profile", () =>
            combinations({
                installer: ["helm", "rampart"],
                minimumVersion: ["1.2", "1.3", undefined],
                counted: [true, undefined],
                accessLog: [true, undefined],
            }).map(({ installer, minimumVersion, counted, accessLog }) =>
                form(
                    { namespace: NAMESPACE, tls: RELEASE.tls, availability: RELEASE.availability },
                    ({ namespace, tls, availability }) => {
                        const of = installer === "helm" ? releaseInstallation : componentInstallation;
                        const installation = of(namespace);
                        const { nodePort: _n, ...rest } = RELEASE;
                        const settings = {
                            ...{ ...rest, ...NOT_RENDERED },
                            availability,
                            tls: minimumVersion && { ...tls, minimumVersion: minimumVersion },
                            observability: {
                                ...(counted ? { metrics: { scrapers: [], podMonitor: false } } : {}),
                                ...(accessLog ? { accessLog } : {}),
                            },
                        } as ReleaseSettings;
                        return {
                            metadata: { namespace: installation.namespace },
                            data: { [PROFILE_FILE]: parse(profileOf(settings, namespace)) },
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
