import * as pulumi from "@pulumi/pulumi";

/** Annotation that says which stack made an object. */
export const OWNER_ANNOTATION = "alpa-auth.io/stack";

/**
 * Field manager for server-side apply. The provider otherwise generates one for each resource and keeps it in the
 * state; a killed run loses it with the state, and the next run would conflict with it as another field manager.
 */
const FIELD_MANAGER = { "pulumi.com/patchFieldManager": "alpa-auth" };

/** Name of the running stack in annotations: the same on every machine and with every backend. */
export function owner(): string {
    return `${pulumi.getProject()}/${pulumi.getStack()}`;
}

/**
 * Metadata of every object this project makes. Server-side apply would overwrite another's object of the same name
 * without an error; the annotation is what tells ours from theirs.
 */
export function metadata(name: string, namespace?: pulumi.Input<string>) {
    return {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { "app.kubernetes.io/managed-by": "alpa-auth" },
        annotations: { [OWNER_ANNOTATION]: owner(), ...FIELD_MANAGER },
    };
}

/**
 * Metadata of a Secret with a credential. A cluster may be set to copy Secrets into sub-namespaces (HNC, which Rampart
 * brings), and Rampart makes the gateway's namespace below ours.
 */
export function credentialMetadata(name: string, namespace: pulumi.Input<string>) {
    const { annotations, ...rest } = metadata(name, namespace);
    return { ...rest, annotations: { ...annotations, "propagate.hnc.x-k8s.io/none": "true" } };
}

/** Annotation for objects whose last change may have been interrupted: a new number writes them again. */
export function attempted(named: ReturnType<typeof metadata>, attempt = 0): ReturnType<typeof metadata> {
    if (attempt === 0) return named;
    return { ...named, annotations: { ...named.annotations, ...{ "alpa-auth.io/attempt": `${attempt}` } } };
}
