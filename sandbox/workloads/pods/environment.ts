/** A container's variables, as kubelet sets them. Unsupported: envFrom, resourceFieldRef. */
import type { V1Container, V1Pod } from "@kubernetes/client-node";
import { decoded, type Snapshot } from "../cluster";

/** @throws Error if a reference is unsupported, or its object or key does not exist */
export function variablesOf(pod: V1Pod, container: V1Container, now: Snapshot): Record<string, string> {
    const variables: Record<string, string> = {};
    for (const { name, value, valueFrom } of container.env ?? []) {
        const found = valueFrom ? referenced(pod, valueFrom, now) : expanded(value ?? "", variables);
        if (found !== undefined) variables[name] = found;
    }
    return variables;
}

type Source = NonNullable<NonNullable<V1Container["env"]>[number]["valueFrom"]>;

function referenced(pod: V1Pod, source: Source, now: Snapshot): string | undefined {
    const { namespace } = pod.metadata!;
    const { secretKeyRef, configMapKeyRef, fieldRef } = source;
    if (fieldRef) return field(pod, fieldRef.fieldPath);
    const ref = secretKeyRef ?? configMapKeyRef;
    if (!ref) throw new Error(`unsupported by the sandbox: valueFrom ${Object.keys(source).join(", ")}`);
    const named = ({ metadata }: { metadata?: { namespace?: string; name?: string } }) =>
        metadata!.namespace === namespace && metadata!.name === ref.name;
    const secret = secretKeyRef && now.secrets.find(named);
    const values = secret ? decoded(secret) : configMapKeyRef && now.configMaps.find(named)?.data;
    const value = values?.[ref.key];
    if (value === undefined && !ref.optional) throw new Error(`couldn't find key ${ref.key} of ${ref.name}`);
    return value;
}

function field({ metadata, spec, status }: V1Pod, path: string): string | undefined {
    const fields: Record<string, string | undefined> = {
        "metadata.name": metadata!.name,
        "metadata.namespace": metadata!.namespace,
        "metadata.uid": metadata!.uid,
        "spec.nodeName": spec!.nodeName,
        "spec.serviceAccountName": spec!.serviceAccountName,
        "status.podIP": status?.podIP,
    };
    if (!(path in fields)) throw new Error(`unsupported by the sandbox: fieldRef ${path}`);
    return fields[path];
}

/** Replaces each `$(NAME)` of a known variable in a text. Unknown ones stay, as with kubelet. */
export function expanded(text: string, variables: Record<string, string>): string {
    return text.replace(/\$\((\w+)\)/g, (whole, name: string) => variables[name] ?? whole);
}
