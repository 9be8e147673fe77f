import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ETCD_SECRET } from "./values";
import { metadata } from "../kubernetes/ownership";
import { secretData } from "../kubernetes/secret-data";

export interface EtcdSecretsArgs {
    /** Namespace APISIX and its etcd run in. */
    namespace: pulumi.Input<string>;
    /** Name of the Secret. */
    secretName: string;
    /** Password of etcd's user root; secret. */
    password: pulumi.Input<string>;
    /** Key that encrypts the credentials in etcd; secret. */
    keyring: pulumi.Input<string>;
}

/**
 * The Secret that APISIX needs to read its configuration in etcd. It has the password of etcd's user root, and the key that
 * encrypts stored credentials. The key is generated, because APISIX's default keys are publicly known.
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the Secret: it is deleted with its namespace.
 */
export class EtcdSecrets extends pulumi.ComponentResource {
    constructor(name: string, args: EtcdSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:EtcdSecrets", name, {}, opts);
        const { namespace, secretName, password, keyring } = args;
        new k8s.core.v1.Secret(
            `${name}-secret`,
            {
                metadata: metadata(secretName, namespace),
                data: secretData({
                    [ETCD_SECRET.password]: password,
                    [ETCD_SECRET.keyring]: keyring,
                }),
            },
            { parent: this, deletedWith: opts?.deletedWith },
        );
        this.registerOutputs({});
    }
}
