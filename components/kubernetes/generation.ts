import * as pulumi from "@pulumi/pulumi";

/** A resource of the Kubernetes provider. */
interface KubernetesObject {
    metadata: pulumi.Output<{ generation?: number }>;
}

/**
 * `metadata.generation` of an object. The API server cannot return a generation in the preview of an object whose namespace
 * or kind does not exist yet. The generation is then unknown and not undefined: with undefined, a plan would require that the
 * generation stays undefined (Pulumi 3.274).
 */
export function generationOf({ metadata }: KubernetesObject): pulumi.Output<number | undefined> {
    return metadata.apply(
        ({ generation }) => generation ?? (pulumi.runtime.isDryRun() ? (pulumi.unknown as never) : undefined),
    );
}
