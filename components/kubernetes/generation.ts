import * as pulumi from "@pulumi/pulumi";

/** A resource of the provider of Kubernetes. */
interface KubernetesObject {
    metadata: pulumi.Output<{ generation?: number }>;
}

/**
 * `metadata.generation` of an object. Unknown as long as there is none: in the preview of an object that the API server
 * cannot be asked about, because its namespace or kind is not there yet. A plan then leaves it open, where it would
 * otherwise hold the run to having none (seen with Pulumi 3.274).
 */
export function generationOf({ metadata }: KubernetesObject): pulumi.Output<number | undefined> {
    return metadata.apply(
        ({ generation }) => generation ?? (pulumi.runtime.isDryRun() ? (pulumi.unknown as never) : undefined),
    );
}
