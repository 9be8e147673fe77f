import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ETCD_SECRET } from "./values";
import { metadata } from "../kubernetes/ownership";
import { secretData } from "../kubernetes/secret-data";

interface EtcdSecretArgs {
    /** Namespace APISIX and its etcd run in. */
    namespace: pulumi.Input<string>;
    /** Name of the Secret. */
    secretName: string;
    /** Password of etcd's user root; secret. */
    password: pulumi.Input<string>;
    /** Key that encrypts the credentials in etcd; secret. */
    keyring: pulumi.Input<string>;
    /** Value of `Authorization` for the server; secret. Default: none. */
    serverKey?: pulumi.Input<string>;
}

/**
 * The Secret that APISIX needs to read its configuration in etcd. It has the password of etcd's user root, and the key that
 * encrypts stored credentials. The key is generated, because APISIX's default keys are publicly known.
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the Secret: it is deleted with its namespace.
 */
export function etcdSecret(
    name: string,
    { namespace, secretName, password, keyring, serverKey }: EtcdSecretArgs,
    opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Secret {
    const data = secretData({
        [ETCD_SECRET.password]: password,
        [ETCD_SECRET.keyring]: keyring,
        ...(serverKey !== undefined && { [ETCD_SECRET.serverKey]: serverKey }),
    });
    return new k8s.core.v1.Secret(`${name}-secret`, { metadata: metadata(secretName, namespace), data }, opts);
}
