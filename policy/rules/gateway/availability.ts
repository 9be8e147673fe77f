import { apisixCharts, type Chart } from "../../resources/charts";
import { podsOf } from "../../resources/pods";
import { isInside, kindOf, objectName, type Resource } from "../../resources/resource";
import { at, list, map, number, shown, UNKNOWN } from "../../resources/values";
import { longestAnswer } from "../../resources/routes";
import type { Rule } from "../rule";

const TOPOLOGY = "InterCluster";
/** Labels of the ingress controller's pods in the chart. */
const CONTROLLER_LABELS = { "app.kubernetes.io/name": "ingress-controller" };
/** Least numbers of pods: while one node is down, the loss of another must not be an outage. */
const LEAST = { gateways: 3, etcd: 3, controllers: 2, connectors: 2 };

export const interOutlivesANode: Rule = {
    name: "inter-outlives-a-node",
    title: "With option inter every part runs on several nodes, and a drain evicts one pod at a time.",
    reason: "The option promises to survive the loss of a node. A part with a single pod or no disruption budget breaks this promise for all callers.",
    example: {
        type: "kubernetes:helm.sh/v3:Release",
        inputs: { chart: "apisix", values: { replicaCount: 1 } },
        inside: "alpa-auth:components:InterCluster",
    },
    check: (resource) =>
        isInside(resource, TOPOLOGY)
            ? [...apisixCharts(resource).flatMap(chart), ...connectors(resource), ...members(resource)]
            : [],
    checkStack: (resources) => {
        const inside = resources.filter((resource) => isInside(resource, TOPOLOGY));
        return [...withoutBudget(inside), ...killedEarly(inside)];
    },
};

function chart({ values, where }: Chart): string[] {
    const atLeast = (path: string, least: number) => {
        const got = at(values, path);
        return got === UNKNOWN || number(got) >= least
            ? []
            : [`${where}.${path}: must be ${least} or more (got ${shown(got)}). Raise it.`];
    };
    const on = (path: string, what: string) => {
        const got = at(values, path);
        return got === true || got === UNKNOWN
            ? []
            : [
                  `${where}.${path}: must be true (got ${shown(got)}): ${what} needs a disruption budget. Set it to true.`,
              ];
    };
    const least = at(values, "podDisruptionBudget.minAvailable");
    return [
        ...(at(values, "autoscaling.enabled") === true ? [] : atLeast("replicaCount", LEAST.gateways)),
        ...on("podDisruptionBudget.enabled", "APISIX"),
        ...(least === "" || least === null || least === UNKNOWN
            ? []
            : [
                  `${where}.podDisruptionBudget.minAvailable: must be "" (got ${shown(least)}), since any other value would block drains. Set it.`,
              ]),
        ...(list(at(values, "topologySpreadConstraints")).length > 0 || at(values, "affinity.podAntiAffinity")
            ? []
            : [
                  `${where}.topologySpreadConstraints: must keep the pods on different nodes (got nothing). Add a constraint.`,
              ]),
        ...atLeast("ingress-controller.deployment.replicas", LEAST.controllers),
    ];
}

const isConnectors = (resource: Resource) =>
    kindOf(resource) === "Deployment" && isInside(resource, "CloudflaredDeployment");

function connectors(resource: Resource): string[] {
    const replicas = at(resource.props, "spec.replicas");
    if (!isConnectors(resource) || replicas === UNKNOWN || number(replicas) >= LEAST.connectors) return [];
    return [`spec.replicas: must be ${LEAST.connectors} or more (got ${shown(replicas)}). Raise it.`];
}

/** Checks the number of members of etcd, the only StatefulSet of this project. */
function members(resource: Resource): string[] {
    const replicas = at(resource.props, "spec.replicas");
    if (kindOf(resource) !== "StatefulSet" || replicas === UNKNOWN || number(replicas) >= LEAST.etcd) return [];
    return [`spec.replicas: must be ${LEAST.etcd} or more (got ${shown(replicas)}). Raise it.`];
}

/**
 * Reports Deployments and StatefulSets without a PodDisruptionBudget: a drain may evict all their pods at once. Also checks
 * the ingress controller of the chart.
 */
function withoutBudget(inside: Resource[]) {
    const budgets = inside.filter((resource) => kindOf(resource) === "PodDisruptionBudget");
    const covered = (labels: Record<string, unknown>, namespace?: string) =>
        budgets.some((budget) => {
            const wanted = Object.entries(map(at(budget.props, "spec.selector.matchLabels")));
            return (
                objectName(budget).namespace === namespace &&
                wanted.length > 0 &&
                wanted.every(([label, value]) => labels[label] === value)
            );
        });
    const controllers = inside.flatMap((resource) =>
        apisixCharts(resource)
            .filter(({ namespace }) => !covered(CONTROLLER_LABELS, namespace))
            .map(({ where }) => ({
                urn: resource.urn,
                message: `${where}.ingress-controller: must have a PodDisruptionBudget outside the chart (there is none), since the chart cannot create one. Add it.`,
            })),
    );
    const deployments = inside.flatMap((resource) => {
        if (!["Deployment", "StatefulSet"].includes(kindOf(resource)) || resource.type.endsWith("Patch")) return [];
        const { replicas, template } = map(resource.props.spec);
        const labels = map(at(template, "metadata.labels"));
        if (!(number(replicas) > 1) || covered(labels, objectName(resource).namespace)) return [];
        const message = `spec.replicas: ${replicas} pods must have a PodDisruptionBudget (there is none). Add one.`;
        return [{ urn: resource.urn, message }];
    });
    return [...controllers, ...deployments];
}

/** Reports APISIX pods that are killed before the longest answer is complete. */
function killedEarly(inside: Resource[]) {
    const longest = longestAnswer(inside);
    const installed = inside.filter((resource) => apisixCharts(resource).length > 0);
    const graces = inside
        .filter((resource) => resource.type.endsWith(":DeploymentPatch") && objectName(resource).name === "apisix")
        .flatMap(podsOf)
        .map(({ spec }) => spec.terminationGracePeriodSeconds);
    if (longest === 0 || graces.some((grace) => grace === UNKNOWN || number(grace) > longest)) return [];
    const message = `terminationGracePeriodSeconds of APISIX: must be more than the longest answer, ${longest} s (got ${shown(graces[0])}; the default of Kubernetes is 30). Patch the Deployment.`;
    return installed.map(({ urn }) => ({ urn, message }));
}
