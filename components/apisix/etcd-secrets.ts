import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
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
}

/**
 * Form of APISIX's generated encryption key. 16 bytes are a key for AES-128, the only length that every supported version
 * of APISIX accepts. The key has no digits: APISIX parses an environment variable of digits as a number, and rejects such a key.
 */
const KEYRING = { length: 16, special: false, numeric: false };

/**
 * The Secret that APISIX needs to read its configuration in etcd. It has the password of etcd's user root, and the key that
 * encrypts stored credentials. The key is generated, because APISIX's default keys are publicly known.
 *
 * With the option `deletedWith`, Pulumi sends no request to delete the Secret: it is deleted with its namespace.
 */
export function etcdSecret(
    name: string,
    { namespace, secretName, password }: EtcdSecretArgs,
    opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Secret {
    const keyring = new random.RandomPassword(`${name}-keyring`, KEYRING, { parent: opts.parent });
    const data = secretData({ [ETCD_SECRET.password]: password, [ETCD_SECRET.keyring]: keyring.result });
    return new k8s.core.v1.Secret(`${name}-secret`, { metadata: metadata(secretName, namespace), data }, opts);
}
