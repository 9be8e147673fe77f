import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ADMIN_KEYS_SECRET } from "./gateway-pods";
import { metadata } from "../kubernetes/ownership";
import { derivedSecret, secretData } from "../kubernetes/secret-data";

export interface AdminKeysArgs {
    /** Namespace APISIX runs in. */
    namespace: pulumi.Input<string>;
}

/**
 * The two keys of APISIX's Admin API. They are generated, because the chart's default keys are publicly known.
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the Secret: it is deleted with its namespace.
 */
export class AdminKeys extends pulumi.ComponentResource {
    /** Name of the Secret with both keys. */
    readonly secretName: pulumi.Output<string>;

    constructor(name: string, args: AdminKeysArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:AdminKeys", name, {}, opts);

        // Both keys come from one seed, since they are always rotated together.
        const seed = new random.RandomPassword(`${name}-seed`, { length: 64, special: false }, { parent: this }).result;
        const secret = new k8s.core.v1.Secret(
            `${name}-secret`,
            {
                metadata: metadata(ADMIN_KEYS_SECRET.name, args.namespace),
                // The viewer's key is always in the Secret, since no pod starts without it.
                data: secretData({
                    [ADMIN_KEYS_SECRET.admin]: derivedSecret(seed, "admin key"),
                    [ADMIN_KEYS_SECRET.viewer]: derivedSecret(seed, "viewer key"),
                }),
            },
            { parent: this, deletedWith: opts?.deletedWith },
        );

        this.secretName = secret.metadata.name;
        this.registerOutputs({ secretName: this.secretName });
    }
}
