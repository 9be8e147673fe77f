import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ETCD_SECRET } from "./values";
import { metadata } from "../kubernetes/ownership";
import { secretData } from "../kubernetes/secret-data";

export interface EtcdSecretsArgs {
    /** Namespace APISIX and its etcd run in. */
    namespace: pulumi.Input<string>;
    /** Name of the Secret. */
    secretName: string;
    /** Of etcd's user root; secret. */
    password: pulumi.Input<string>;
}

/**
 * Characters from which APISIX's key is generated. 16 bytes are a key for AES-128: the only length that every supported
 * version of APISIX takes. APISIX reads a variable of digits as a number, and a key must be text.
 */
export const KEYRING = { length: 16, special: false, numeric: false };

/**
 * What APISIX needs to read its configuration in etcd: the password of etcd's user root, and the key by which APISIX
 * encrypts credentials before it stores them. APISIX's own keys are known to everyone.
 *
 * The option `deletedWith` is handed on to the Secret: it stays until that takes the namespace with it.
 */
export class EtcdSecrets extends pulumi.ComponentResource {
    constructor(name: string, args: EtcdSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:EtcdSecrets", name, { ...args, password: undefined }, opts);
        const { namespace, secretName, password } = args;
        const keyring = new random.RandomPassword(`${name}-keyring`, KEYRING, { parent: this });
        new k8s.core.v1.Secret(
            `${name}-secret`,
            {
                metadata: metadata(secretName, namespace),
                data: secretData({
                    [ETCD_SECRET.password]: password,
                    [ETCD_SECRET.keyring]: keyring.result,
                }),
            },
            { parent: this, deletedWith: opts?.deletedWith },
        );
        this.registerOutputs({});
    }
}
