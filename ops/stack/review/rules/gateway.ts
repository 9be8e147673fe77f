/** The installation of APISIX: a RampartGraph or a Helm release, and patches of its objects. */
import { apisixCharts } from "../../../../policy/resources/charts";
import { at, type Path } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { always, nothing, UNNOTICED, when, type KindRule, type Row, type Verdict, type Verdicts } from "../rule";
import { restart, valueRows } from "./chart";
import { gateway } from "./entry";

const GRAPH_VALUES: Path = ["spec", "graph", "components", "apisix", "config"];
const RELEASE_VALUES: Path = ["values"];

const gone = (change: Change, how: string): Verdict[] => [
    { code: "gateway-deleted", says: `${gateway(change)} is deleted${how}` },
    {
        code: "data-deleted",
        says: `${gateway(change)}: the volume of etcd is deleted too; a new gateway writes the same data again, from the objects in the cluster`,
        severity: "risk",
    },
];
const deleted = (change: Change) => gone(change, ": no caller is served");
const replaced = (change: Change) => gone(change, " and created again: no caller is served for minutes");

/** Rows of every RampartGraph, independent of its components. */
export const OF_GRAPHS: Row[] = [
    ["metadata.name", nothing], // Another name means a replacement, which has its own finding.
    ["metadata.namespace", nothing],
    // Access to the cluster and timeouts do not change what Rampart deploys.
    ["kubeconfig", nothing],
    ["context", nothing],
    ["timeoutSeconds", nothing],
    ["generation", nothing],
    ["uid", nothing],
];

/** A RampartGraph that contained APISIX before the change. */
export const gatewayGraphWithout: KindRule = {
    deleted,
    replaced,
    rows: [["spec.graph.**", (_, change) => deleted(change)], ...OF_GRAPHS],
};

/** A RampartGraph that contains APISIX. */
export const gatewayGraph: KindRule = {
    created: (change) => ({ code: "added", says: `${gateway(change)} is installed` }),
    deleted,
    replaced,
    rows: [
        ...valueRows(GRAPH_VALUES),
        ["spec.graph.components.apisix.chart.**", restart(GRAPH_VALUES)],
        [
            "spec/graph/components/apisix/$ui/**",
            always("gateway-changed", (change) => `${gateway(change)}: Rampart deploys the same graph again`),
        ],
        [
            "spec.deploy",
            ({ new: now }, change): Verdicts =>
                now !== true ? deleted(change) : { code: "gateway-changed", says: `${gateway(change)} is deployed` },
        ],
        [
            "spec.graph.components.**",
            always("gateway-changed", (change) => `${gateway(change)}: Rampart deploys other components`),
        ],
        ...OF_GRAPHS,
    ],
};

const isApisix = ({ type }: Change, props: Change["old"] = {}) => apisixCharts({ type, props }).length > 0;
const isGateway = (change: Change) => isApisix(change, change.old) || isApisix(change, change.new);

/** A Helm release of APISIX or of Rampart. */
export const release: KindRule = {
    created: (change) => ({ code: "added", says: `Release ${change.name} is installed` }),
    deleted: (change) =>
        isGateway(change)
            ? deleted(change)
            : { code: "deleted", says: `Release ${change.name} is deleted: Rampart no longer manages its graphs` },
    replaced: (change) =>
        isGateway(change)
            ? replaced(change)
            : { code: "replaced", says: `Release ${change.name} is deleted and created again` },
    rows: [
        ...valueRows(RELEASE_VALUES).map(([at, judge]): Row => [
            at,
            (d, change, run) => (isGateway(change) ? judge(d, change, run) : controller(change)),
        ]),
        [
            "chart",
            (d, change, run) =>
                isApisix(change, change.old) && !isApisix(change, change.new)
                    ? otherChart(change)
                    : ofRelease(d, change, run),
        ],
        ["version", (d, change, run) => ofRelease(d, change, run)],
        ["repositoryOpts.**", (d, change, run) => ofRelease(d, change, run)],
        ["name", nothing],
        ["namespace", nothing],
        ["timeout", nothing],
        ["skipAwait", nothing],
        // Properties that the provider itself sets.
        ["checksum", nothing],
        ["resourceNames.**", nothing],
        ["manifest", nothing],
        [
            "valueYamlFiles.**",
            always(
                "gateway-changed",
                (change) =>
                    `Release ${change.name}: files with values of the chart change, and this review does not read them`,
            ),
        ],
    ],
};

function ofRelease(difference: Difference, change: Change, _run: unknown): Verdicts {
    return isGateway(change) ? restart(RELEASE_VALUES)(difference, change) : controller(change);
}

function otherChart(change: Change): Verdict {
    return {
        code: "gateway-deleted",
        says: `${gateway(change)} has a chart that this review does not recognize as APISIX: its routes may be lost`,
    };
}

function controller({ name }: Change): Verdict {
    return {
        code: "gateway-changed",
        says: `Release ${name}: the controller of Rampart restarts, and deploys no graph meanwhile`,
    };
}

/** One field of the gateway's Deployment, which Helm does not set. */
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
        // The annotation changes with every installation, so that the field is set again afterwards.
        ["metadata/annotations/**", nothing],
        [
            "spec.template.spec.terminationGracePeriodSeconds",
            ({ old, new: now }) => [
                { code: "pods-restart", says: "The pods of APISIX are replaced, one after another" },
                ...when(Number(now) < Number(old), {
                    code: "timeout-lowered",
                    severity: "risk",
                    says: "Pods that stop have less time to finish their answers",
                }),
            ],
        ],
    ],
};

/** A ConfigMap whose name depends on its content. Pods use a new ConfigMap only after the chart's values name it. */
export const configMap: KindRule = {
    ...UNNOTICED,
    deleted: (change, { changes }) =>
        changes.some((other) => other !== change && other.kind === "kubernetes ConfigMap" && other.op !== "delete")
            ? undefined
            : { code: "deleted", says: `ConfigMap ${change.name} is deleted: pods that need it can no longer start` },
    rows: [
        [
            "data",
            (_, change) =>
                // New content gives the ConfigMap a new name, so pods do not read the new content under the old name.
                at(change.old, "metadata.name") !== at(change.new, "metadata.name")
                    ? undefined
                    : {
                          code: "pods-restart",
                          says: `ConfigMap ${change.name} has other settings: pods use them after their next restart`,
                      },
        ],
        ["metadata/name", nothing],
    ],
};
