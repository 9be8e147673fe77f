import * as pulumi from "@pulumi/pulumi";
import { provider } from "./credentials-revoked-provider";
import type { GatewayPods } from "./gateway-pods";
import type { ClusterAccess } from "./kubeconfig";

export interface CredentialsRevokedArgs {
    cluster: ClusterAccess;
    /** Namespace of the consumers and of the route. */
    namespace: string;
    /** Each declared credential, as `<consumer>/<credential>`. */
    credentials: string[];
    /** The pods that must reject those that are removed. */
    gateway: GatewayPods;
    /** Longest wait, in seconds. */
    timeoutSeconds: number;
    /** How long to wait where the pods cannot be asked, in seconds. */
    settleSeconds: number;
}

/**
 * Ends an `up` that removes credentials only when every gateway pod rejects them.
 *
 * Pulumi deletes last, and what depends on a resource before the resource itself. So this resource is replaced when a
 * credential is removed: the Consumers depend on it, which means that the old one is deleted after them, and its deletion is
 * the proof. It depends on the credentials' Secrets, so they still exist then, for the requests of the proof.
 */
export class CredentialsRevoked extends pulumi.dynamic.Resource {
    constructor(name: string, args: CredentialsRevokedArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "CredentialsRevoked");
    }
}
