import { renderPolicy, renderService } from "../../../components/opt/opt-component";
import { IMAGES, OPT, renderImages, renderRayCluster } from "../../../components/opt/opt-pods";
import type { OptSettings } from "../../../components/opt/opt-settings";
import { at, list, UNKNOWN } from "../../resources/values";
import { combinations, form } from "./form";
import { cachedForms, type ByName } from "./gateway";

// Expected forms (form.ts) of the objects of Alpa in the cluster.

/** Charts by component of the model's graph. Their values are not compared, since they are private charts of Rampart. */
export const OPT_CHARTS: Record<string, string> = {
    operator: "kuberay-operator",
    ray: "ray-cluster",
    alpa: "alpa-opt-service",
};

/** Example settings of Alpa as a component, with the number of nodes and the command of the object. */
function opts(
    nodes: number,
    command: string,
    render: (settings: { opt: OptSettings; answerTimeoutSeconds: number; running: boolean }) => unknown,
) {
    return combinations({
        hostNetwork: [true, false],
        running: [true, false],
        weights: ["claim", "hostPath", undefined],
        runtimeClass: [true, undefined],
        watchdog: [true, undefined],
    }).map((choices) =>
        form(
            {
                image: "registry.example.org/sample-alpa:1.2.99",
                nodes: Array.from({ length: nodes }, (_, i) => `sample-node-${i}`),
                gpusPerNode: 13,
                rayVersion: "2.0.99",
                mountPath: "/sample-mount",
                weights: "/sample-weights",
                sharedMemory: "17Gi",
                cpu: "19",
                memory: "23Gi",
                runtimeClass: "sample-class",
                seconds: 600,
                model: "sample-model",
                idleSeconds: 29,
                stuckSeconds: 1201,
            },
            ({ mountPath, weights, runtimeClass, seconds, model, idleSeconds, stuckSeconds, ...rest }) => ({
                spec: render({
                    opt: {
                        ...rest,
                        command,
                        shape: "kuberay",
                        hostNetwork: choices.hostNetwork!,
                        startTimeoutSeconds: 0,
                        weights: { mountPath, ...(choices.weights ? { [choices.weights]: weights } : {}) },
                        ...(choices.runtimeClass ? { runtimeClass } : {}),
                        ...(choices.watchdog ? { watchdog: { model, idleSeconds, stuckSeconds } } : {}),
                    },
                    answerTimeoutSeconds: seconds,
                    running: choices.running!,
                }),
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
        // If the workers are unknown, the head's variable ALPA_NODES has the number of nodes.
        const nodes = workers === UNKNOWN ? Number(variable("ALPA_NODES")) || 1 : 1 + list(workers).length;
        const command = variable("ALPA_COMMAND");
        return cachedForms(`ray ${nodes} ${String(command)}`, () => opts(nodes, String(command), renderRayCluster));
    },
};

/** Expected forms of the DaemonSet that downloads the image. */
export const daemonSets: ByName = {
    [IMAGES]: ({ props }) => {
        const place = "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
        const [term] = list(at(props, `${place}.nodeSelectorTerms`));
        const nodes = list(at(list(at(term, "matchExpressions"))[0], "values")).length;
        return cachedForms(`images ${nodes}`, () => opts(nodes, "", ({ opt }) => renderImages(opt)));
    },
};

export const optPolicies: ByName = {
    [OPT]: () =>
        cachedForms("policy of opt", () => [
            form({ namespace: "sample-namespace" }, ({ namespace }) => ({ spec: renderPolicy(namespace) })),
        ]),
};

export const optServices: ByName = {
    [OPT]: () => cachedForms("service of opt", () => [form({}, () => ({ spec: renderService() }))]),
};
