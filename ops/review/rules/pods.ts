/** Objects that only have an effect together with the pods of a Deployment. */
import type { Change, Operation } from "../changes";
import { isMap, valueAt } from "../differences";
import { goes, objectName, type Run } from "../rule";

/**
 * Whether a Deployment whose pods have all these labels is created or deleted. It must have the same name, since a
 * preview does not show unchanged Deployments with these labels.
 */
export function comeAlong({ changes }: Run, op: Operation, change: Change, labels: unknown): boolean {
    const wanted = Object.entries(isMap(labels) ? labels : {});
    return deployments(changes, op, namespaceOf(change)).some((one) => {
        const theirs = valueAt(one.new ?? one.old, ["spec", "template", "metadata", "labels"]);
        const all = wanted.length > 0 && wanted.every(([label, value]) => isMap(theirs) && theirs[label] === value);
        return all && objectName(one) === objectName(change);
    });
}

/** Whether the object that uses this one is deleted: a Deployment, or a listener with a certificate. */
export function goWithUser({ changes }: Run, namespace: unknown, name: string): boolean {
    return changes.some(
        (one) =>
            /^kubernetes (Deployment|ApisixTls)$/.test(one.kind) &&
            goes(one) &&
            namespaceOf(one) === namespace &&
            JSON.stringify(one.old?.spec ?? "").includes(JSON.stringify(name)),
    );
}

/** Whether the change belongs to the deletion of Alpa in the cluster, whose objects all have the same name. */
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

export function namespaceOf({ new: now, old }: Change): unknown {
    const props = now ?? old ?? {};
    return valueAt(props, ["metadata", "namespace"]) ?? props.namespace;
}
