import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ADMIN_KEYS_SECRET } from "./gateway-pods";
import { metadata } from "../kubernetes/ownership";
import { secretData } from "../kubernetes/secret-data";

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
    const key = (role: string) =>
        new random.RandomPassword(`${name}-${role}`, { length: 40, special: false }, { parent: opts.parent }).result;
    return new k8s.core.v1.Secret(
        `${name}-secret`,
        {
            metadata: metadata(ADMIN_KEYS_SECRET.name, namespace),
            // The viewer's key is always in the Secret, since no pod starts without it.
            data: secretData({ [ADMIN_KEYS_SECRET.admin]: key("admin"), [ADMIN_KEYS_SECRET.viewer]: key("viewer") }),
        },
        opts,
    );
}
