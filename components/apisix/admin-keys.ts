import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ADMIN_KEYS_SECRET } from "./gateway-pods";
import { metadata } from "../kubernetes/ownership";
import { derivedSecret, randomSeed, secretData } from "../kubernetes/secret-data";

/**
 * The two keys of APISIX's Admin API. They are generated, because the chart's default keys are publicly known.
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the Secret: it is deleted with its namespace.
 * @param namespace namespace APISIX runs in
 */
export function adminKeys(
    name: string,
    namespace: pulumi.Input<string>,
    opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Secret {
    // Both keys come from one seed, since they are always rotated together.
    const seed = randomSeed(`${name}-seed`, { parent: opts.parent });
    return new k8s.core.v1.Secret(
        `${name}-secret`,
        {
            metadata: metadata(ADMIN_KEYS_SECRET.name, namespace),
            // The viewer's key is always in the Secret, since no pod starts without it.
            data: secretData({
                [ADMIN_KEYS_SECRET.admin]: derivedSecret(seed, "admin key"),
                [ADMIN_KEYS_SECRET.viewer]: derivedSecret(seed, "viewer key"),
            }),
        },
        opts,
    );
}
