import { getProject, getStack } from "@pulumi/pulumi/metadata";
import type { Input } from "@pulumi/pulumi/output";

/** Annotation with the stack that created an object. */
export const OWNER_ANNOTATION = "alpa-auth.io/stack";

/**
 * Field manager for server-side apply. Without this annotation, the provider generates a field manager for each resource and
 * stores it in the state. If a run is killed, the generated field manager is lost, and the next run has a conflict with it.
 */
const FIELD_MANAGER = { "pulumi.com/patchFieldManager": "alpa-auth" };

/** Name of the running stack in annotations, the same on every machine and with every backend. */
export function owner(): string {
    return `${getProject()}/${getStack()}`;
}

/**
 * Metadata of every object of this project. Server-side apply would overwrite an object of another owner with the same name
 * without an error, so the annotation identifies the owner.
 */
export function metadata(name: string, namespace?: Input<string>) {
    return {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { "app.kubernetes.io/managed-by": "alpa-auth" },
        annotations: { [OWNER_ANNOTATION]: owner(), ...FIELD_MANAGER },
    };
}

/**
 * Metadata of a Secret with a credential. It prevents copies in sub-namespaces: HNC, which Rampart installs, can copy
 * Secrets, and Rampart creates the gateway's namespace as a sub-namespace of the routes' namespace.
 */
export function credentialMetadata(name: string, namespace: Input<string>) {
    const { annotations, ...rest } = metadata(name, namespace);
    return { ...rest, annotations: { ...annotations, "propagate.hnc.x-k8s.io/none": "true" } };
}

/** Adds an annotation with the number of the attempt. A new number makes Pulumi write the object again after a failed run. */
export function attempted(named: ReturnType<typeof metadata>, attempt = 0): ReturnType<typeof metadata> {
    if (attempt === 0) return named;
    return { ...named, annotations: { ...named.annotations, ...{ "alpa-auth.io/attempt": `${attempt}` } } };
}

/**
 * Metadata of an object for whose pods Pulumi does not wait. For a Service, Pulumi waits 10 s longer than for the workload
 * behind it: use this where a resource waits for that workload.
 */
export function skipAwait({ annotations, ...rest }: ReturnType<typeof metadata>) {
    return { ...rest, annotations: { ...annotations, "pulumi.com/skipAwait": "true" } };
}
