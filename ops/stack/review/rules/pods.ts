/** Pods: their number, and objects that only have an effect together with the pods of a Deployment. */
import { at, map } from "../../../../policy/resources/values";
import type { Change, Operation } from "../changes";
import type { Difference } from "../differences";
import { goes, objectName, type Run, type Verdict } from "../rule";

/**
 * Whether the run creates or deletes a Deployment with the name of the changed object and with all these labels on its pods.
 * The name is compared too, because unchanged Deployments may have the same labels, and a preview does not show them.
 */
export function comeAlong({ changes }: Run, op: Operation, change: Change, labels: unknown): boolean {
    const wanted = Object.entries(map(labels));
    return deployments(changes, op, namespaceOf(change)).some((one) => {
        const theirs = map(at(one.new ?? one.old, "spec.template.metadata.labels"));
        const all = wanted.length > 0 && wanted.every(([label, value]) => theirs[label] === value);
        return all && objectName(one) === objectName(change);
    });
}

/** Whether the run deletes a Deployment or an ApisixTls that uses the named object. */
export function goWithUser({ changes }: Run, namespace: unknown, name: string): boolean {
    return changes.some(
        (one) =>
            /^kubernetes (Deployment|ApisixTls)$/.test(one.kind) &&
            goes(one) &&
            namespaceOf(one) === namespace &&
            JSON.stringify(one.old?.spec ?? "").includes(JSON.stringify(name)),
    );
}

/** Whether the run deletes Alpa's RayCluster, to which the changed object belongs. All objects of Alpa have one name. */
export function goesWithRay({ changes }: Run, change: Change): boolean {
    return changes.some(
        (one) =>
            one.kind === "kubernetes RayCluster" &&
            goes(one) &&
            namespaceOf(one) === namespaceOf(change) &&
            objectName(one) === objectName(change),
    );
}

function deployments(changes: Change[], op: Operation, namespace: unknown): Change[] {
    return changes.filter(
        (one) =>
            one.kind === "kubernetes Deployment" &&
            one.op === op &&
            (op !== "delete" || goes(one)) &&
            namespaceOf(one) === namespace,
    );
}

/**
 * Verdict about a changed number of pods. Without a value the number is 1, the default of Kubernetes and of the charts.
 * @param title pods as findings name them @param none verdict if no pod is left @param fewer text about the effect of fewer pods
 */
export function podCount(
    { old: before, new: after }: Difference,
    title: string,
    none: (says: string) => Verdict,
    fewer = "",
): Verdict {
    const [old, now] = [before ?? 1, after ?? 1];
    const says = `${title}: ${String(old)} pods become ${String(now)}`;
    if (Number(now) === 0) return none(says);
    return Number(now) >= Number(old)
        ? { code: "gateway-changed", severity: "harmless", says }
        : { code: "gateway-changed", says: `${says}${fewer}` };
}

export function namespaceOf({ new: now, old }: Change): unknown {
    return at(now ?? old, "metadata.namespace") ?? (now ?? old)?.namespace;
}
