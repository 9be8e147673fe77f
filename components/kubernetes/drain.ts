import { askApi, openApiServer, type PlainAccess } from "./api-server";
import { kubectlOf } from "./kubeconfig-content";
import { apiErrorMessage, isAbsent, openFinder, openLister, pathOf, titleOf, type Live } from "./cluster-reader";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** A Deployment whose pods finish their open requests before its installation is deleted. */
export interface Drain {
    namespace: string;
    name: string;
    /** Labels of the Deployment's pods. */
    pods: Record<string, string>;
    /** Longest wait until the pods are gone, in seconds. */
    timeoutSeconds: number;
}

/**
 * Scales a Deployment to 0 and waits until its pods are gone. Otherwise the namespace's deletion would meet terminating pods,
 * and Kubernetes looks at such a namespace again only after half of their grace period, although they may end at once. The
 * Service and the network policies stay until then.
 */
export async function drainPods(access: PlainAccess, { namespace, name, pods, timeoutSeconds }: Drain): Promise<void> {
    const api = openApiServer(access);
    const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace, name };
    const sent = { method: "PATCH", body: { spec: { replicas: 0 } }, type: "application/merge-patch+json" };
    await pathOf(openFinder(api), ref)
        .then((path) => askApi(api, path, sent))
        .catch((error: unknown) => {
            if (isAbsent(error)) return;
            throw new Error(`${titleOf(ref)}: could not be scaled to 0 (${apiErrorMessage(error)}). Repeat the run.`);
        });
    const list = openLister(access, api);
    const start = Date.now();
    for (;;) {
        // A failed read does not show which pods still exist, so it is repeated until the time limit.
        const left = await list("v1", "Pod", namespace).then(
            (all) => all.filter((pod) => runsWith(pod, pods)).map(({ metadata }) => metadata!.name),
            (error) => [`not known (${apiErrorMessage(error)})`],
        );
        if (left.length === 0) return;
        if (Date.now() - start > timeoutSeconds * 1000)
            throw new Error(
                `${titleOf(ref)}: pods not gone after ${timeoutSeconds} s: ${left.join(", ")}. A pod ends once it has no open ` +
                    `request. Delete the pods of a lost node, and repeat the run: ${kubectlOf(access, namespace)} delete pod --force`,
            );
        await new Promise((resolve) => setTimeout(resolve, 500));
    }
}

/** Whether a pod has these labels, and its containers have not ended. An evicted pod stays without containers. */
function runsWith({ metadata, status }: Live, labels: Record<string, string>): boolean {
    const ended = status?.phase === "Succeeded" || status?.phase === "Failed";
    return !ended && Object.entries(labels).every(([key, value]) => metadata?.labels?.[key] === value);
}
