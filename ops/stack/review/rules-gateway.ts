/** The installation of APISIX: a RampartGraph or a Helm release, and the values of its chart. */
import type { Change } from "./changes";
import { isMap, valueAt, type Difference, type Path } from "./differences";
import { nothing, UNNOTICED, type KindRule, type Row, type Verdict, type Verdicts } from "./rule";

const GRAPH_VALUES: Path = ["spec", "graph", "components", "apisix", "config"];
const RELEASE_VALUES: Path = ["values"];

/** Rows of the chart's values. Between the parts of a path stands `/`, since names in it have dashes and dots. */
function valueRows(base: Path): Row[] {
    const at = (path: string) => [...base, path].join("/");
    return [
        [at("replicaCount"), replicas],
        [at("service/http/nodePort"), port],
        [at("service/tls/nodePort"), port],
        [at("service/type"), serviceType],
        [at("service/externalTrafficPolicy"), nothing], // follows from the type
        [
            at("service/**"),
            (_, change) => ({ code: "way-in-changed", says: `The entry point of ${gateway(change)} changes` }),
        ],
        [
            at("apisix/admin/**"),
            (_, change) => ({
                code: "protection-weakened",
                says: `The Admin API of ${gateway(change)} is guarded in another way`,
            }),
        ],
        [
            at("apisix/ssl/**"),
            (d, change) => [
                ...restart(base)(d, change),
                { code: "certificate-changed", says: "TLS at the entry point changes" },
            ],
        ],
        [at("etcd/replicaCount"), etcd("has another number of members")],
        [at("etcd/persistence/**"), etcd("keeps its data elsewhere")],
        [at("etcd/pdb/**"), nothing],
        [at("etcd/**"), etcd("restarts")],
        [
            at("ingress-controller/enabled"),
            () => ({
                code: "gateway-changed",
                severity: "breaks-callers",
                says: "The ingress controller comes or goes: without it no change arrives",
            }),
        ],
        [at("ingress-controller/podDisruptionBudget/**"), nothing],
        [
            at("ingress-controller/**"),
            () => ({
                code: "pods-restart",
                says: "The ingress controller restarts: callers notice nothing, changes wait meanwhile",
                severity: "harmless",
            }),
        ],
        [
            at("podDisruptionBudget/**"),
            (_, change) => ({
                code: "protection-weakened",
                says: `${gateway(change)}: how many pods may be away at once changes`,
            }),
        ],
        [
            at("updateStrategy/**"),
            (_, change) => ({ code: "gateway-changed", says: `${gateway(change)}: pods are replaced in another way` }),
        ],
        [at("**"), restart(base)],
    ];
}

function gateway({ name }: Change): string {
    return `Gateway ${name}`;
}

function replicas({ old, new: now }: Difference, change: Change): Verdict {
    const fewer = Number(now) < Number(old);
    const says = `${gateway(change)}: ${String(old)} pods become ${String(now)}`;
    if (!fewer) return { code: "gateway-changed", severity: "harmless", says };
    return { code: "gateway-changed", says: `${says}; answers of those that go may be cut` };
}

function port({ old, new: now }: Difference, change: Change): Verdict {
    if (old === undefined)
        return {
            code: "opens-to-network",
            severity: "risk",
            says: `${gateway(change)}: port ${String(now)} opens on every node`,
        };
    if (now === undefined)
        return { code: "way-in-removed", says: `${gateway(change)}: port ${String(old)} of the nodes closes` };
    return {
        code: "way-in-changed",
        says: `${gateway(change)}: callers come to port ${String(now)}, and ${String(old)} closes`,
    };
}

function serviceType({ old, new: now }: Difference, change: Change): Verdict {
    const opens =
        ["ClusterIP", "NodePort", "LoadBalancer"].indexOf(String(now)) >
        ["ClusterIP", "NodePort", "LoadBalancer"].indexOf(String(old));
    const says = `${gateway(change)}: Service of type ${String(old)} becomes ${String(now)}`;
    return opens ? { code: "opens-to-network", severity: "risk", says } : { code: "way-in-removed", says };
}

/** Whether callers notice depends on how many pods there are, before and after. */
function restart(base: Path) {
    return (_: Difference, change: Change): Verdict[] => {
        const count = (props: unknown) => Number(valueAt(props, [...base, "replicaCount"]) ?? 1);
        const rolls = Math.min(count(change.old), count(change.new)) > 1;
        return [
            rolls
                ? {
                      code: "pods-restart",
                      says: `${gateway(change)}: the pods of APISIX are replaced, one after another`,
                  }
                : {
                      code: "service-interrupted",
                      says: `${gateway(change)}: its only pod restarts; connections are refused until it is up, and counts begin again`,
                  },
        ];
    };
}

function etcd(does: string) {
    return (_: Difference, change: Change): Verdict => ({
        code: "pods-restart",
        says: `${gateway(change)}: etcd ${does}; callers notice nothing while APISIX keeps running, changes wait`,
    });
}

const deleted = (change: Change): Verdict[] => [
    { code: "gateway-deleted", says: `${gateway(change)} goes: no caller is served` },
    {
        code: "data-deleted",
        says: `${gateway(change)}: the volume of etcd goes with it; a new gateway fills it anew from the cluster`,
        severity: "risk",
    },
];
const replaced = (change: Change): Verdict[] => [
    { code: "gateway-deleted", says: `${gateway(change)} is deleted and made anew: no caller is served for minutes` },
    {
        code: "data-deleted",
        says: `${gateway(change)}: the volume of etcd goes with it; a new gateway fills it anew from the cluster`,
        severity: "risk",
    },
];

export const graph: KindRule = {
    created: (change) => ({ code: "added", says: `${gateway(change)} is installed` }),
    deleted,
    replaced,
    rows: [
        ...valueRows(GRAPH_VALUES),
        ["spec.graph.components.apisix.chart.**", restart(GRAPH_VALUES)],
        [
            "spec/graph/components/apisix/$ui/**",
            (_, change) => ({
                code: "gateway-changed",
                says: `${gateway(change)}: Rampart deploys the same graph again`,
            }),
        ],
        [
            "spec.deploy",
            ({ new: now }, change): Verdicts =>
                now === false ? deleted(change) : { code: "gateway-changed", says: `${gateway(change)} is deployed` },
        ],
        [
            "spec.graph.components.**",
            (_, change) => ({ code: "gateway-changed", says: `${gateway(change)}: Rampart deploys other components` }),
        ],
        ["metadata.name", nothing], // Another name is another graph: told by its replacement.
        ["metadata.namespace", nothing],
        // The way into the cluster, and how long to wait: nothing of them reaches the graph.
        ["kubeconfig", nothing],
        ["context", nothing],
        ["timeoutSeconds", nothing],
        ["generation", nothing],
        ["uid", nothing],
    ],
};

const isGateway = ({ old, new: now }: Change) => /apisix/.test(String((now ?? old)?.chart));

/** Of APISIX, or of Rampart. */
export const release: KindRule = {
    created: (change) => ({ code: "added", says: `Release ${change.name} is installed` }),
    deleted: (change) =>
        isGateway(change)
            ? deleted(change)
            : { code: "deleted", says: `Release ${change.name} goes: Rampart no longer looks after its graphs` },
    replaced: (change) =>
        isGateway(change)
            ? replaced(change)
            : { code: "replaced", says: `Release ${change.name} is deleted and made anew` },
    rows: [
        ...valueRows(RELEASE_VALUES).map(([at, judge]): Row => [
            at,
            (d, change, run) => (isGateway(change) ? judge(d, change, run) : controller(change)),
        ]),
        ["chart", (d, change, run) => ofRelease(d, change, run)],
        ["version", (d, change, run) => ofRelease(d, change, run)],
        ["repositoryOpts.**", (d, change, run) => ofRelease(d, change, run)],
        ["name", nothing],
        ["namespace", nothing],
        ["timeout", nothing],
        ["skipAwait", nothing],
        // What the provider knows of the chart's content besides.
        ["checksum", nothing],
        ["resourceNames.**", nothing],
        ["manifest", nothing],
        ["valueYamlFiles.**", nothing],
    ],
};

function ofRelease(difference: Difference, change: Change, _run: unknown): Verdicts {
    return isGateway(change) ? restart(RELEASE_VALUES)(difference, change) : controller(change);
}

function controller({ name }: Change): Verdict {
    return {
        code: "gateway-changed",
        says: `Release ${name}: the controller of Rampart restarts; graphs wait meanwhile`,
    };
}

/** One field of the gateway's Deployment, beside Helm. */
export const deploymentPatch: KindRule = {
    created: (change) => ({
        code: "pods-restart",
        says: `${change.name}: the pods of APISIX are replaced, one after another`,
    }),
    deleted: (change) => ({
        code: "pods-restart",
        says: `${change.name}: pods of APISIX no longer finish their answers when they stop`,
    }),
    replaced: nothing,
    rows: [
        // Changes with every installation, so that the field is set again after it.
        ["metadata/annotations/**", nothing],
        [
            "spec.template.spec.terminationGracePeriodSeconds",
            ({ old, new: now }) => [
                { code: "pods-restart", says: "The pods of APISIX are replaced, one after another" },
                ...(Number(now) < Number(old)
                    ? [
                          {
                              code: "timeout-lowered",
                              severity: "risk",
                              says: "Pods that stop have less time to finish their answers",
                          } as const,
                      ]
                    : []),
            ],
        ],
    ],
};

/** Settings under a name made of their content: pods take another only with another name, which is a value of the chart. */
export const configMap: KindRule = {
    ...UNNOTICED,
    deleted: (change, { changes }) =>
        changes.some((other) => other !== change && other.kind === "kubernetes ConfigMap" && other.op !== "delete")
            ? undefined
            : { code: "deleted", says: `ConfigMap ${change.name} goes: pods that need it do not start again` },
    rows: [
        [
            "data",
            (_, change) =>
                // Replaced by one of another name, as it is meant.
                isMap(change.old?.metadata) &&
                isMap(change.new?.metadata) &&
                change.old.metadata.name !== change.new.metadata.name
                    ? undefined
                    : {
                          code: "pods-restart",
                          says: `ConfigMap ${change.name}: other settings, taken at the next restart`,
                      },
        ],
        ["metadata/name", nothing],
    ],
};
