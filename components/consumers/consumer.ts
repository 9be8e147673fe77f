import type * as pulumi from "@pulumi/pulumi";
import type { Counters } from "../apisix/open-requests";
import type { GatewayBinding } from "../apisix/wiring";
import { limitPlugins, type Limits } from "./limits";
import type { PublicKeyAlgorithm } from "./signing-algorithms";

/** One credential of a caller. */
export type Credential = { id: string } & (
    | {
          method: "key";
          /** A key that the caller already has. Default: a generated key. */
          key?: pulumi.Output<string>;
      }
    /** Tokens are signed with a generated secret that caller and gateway share. */
    | { method: "jwt"; algorithm: "HS256" }
    /** Tokens are signed with the caller's private key, which only the caller has. */
    | { method: "jwt"; algorithm: PublicKeyAlgorithm; publicKey: string }
);

/** One caller of the stack config. */
export interface ConsumerSettings {
    /** DNS label. The consumer's name in APISIX is `<namespace>_<name>`. */
    name: string;
    limits: Limits;
    /** Credentials, all valid at the same time: two of them overlap while the caller switches. */
    credentials: Credential[];
    /** Keys that operators have set for the caller, also of expired credentials. Default: none. */
    brought?: BroughtKey[];
}

/**
 * A key that an operator has set. If its entry is removed and declared again, the key is the same. A generated key would
 * be a new one.
 */
export interface BroughtKey {
    /** Id of the credential. */
    id: string;
    /** Digest of the key; a secret. */
    digest: pulumi.Output<string>;
    /** Id of the revocation of this key, if the config accepts the revoked key again. */
    readmit?: string;
}

/** Name of the Secret of one credential. Labels are joined by a dot, since with a dash a-b.c and a.b-c would collide. */
export function secretName(consumer: string, credential: string): string {
    return `${consumer}.${credential}`;
}

/**
 * Command that blocks credentials without a run of Pulumi: the ingress controller removes a credential from APISIX when its
 * Secret is deleted. A conversion does not create the Secret again.
 * @param kubectl kubectl for the namespace of the consumers
 */
export function blockCommand(kubectl: string, secrets: string[]): string {
    return `${kubectl} delete secret ${secrets.join(" ")}`;
}

/**
 * Value of the claim `key`, by which APISIX finds the credential of a token. It is unique for each credential: two
 * credentials with the same value would overwrite each other.
 */
export function claimKey(namespace: string, consumer: string, credential: string): string {
    return `${namespace}_${consumer}.${credential}`;
}

/** Fields of the Secret of a credential with tokens, without the signing secret. */
export function tokenSettings(
    namespace: string,
    consumer: string,
    credential: Extract<Credential, { method: "jwt" }>,
): Record<string, string> {
    const claim = { key: claimKey(namespace, consumer, credential.id), algorithm: credential.algorithm };
    return credential.algorithm === "HS256" ? claim : { ...claim, public_key: credential.publicKey };
}

export function renderConsumer(
    consumer: ConsumerSettings,
    binding: GatewayBinding,
    namespace: string,
    counters?: Counters,
) {
    const plugins = limitPlugins(consumer.limits, namespace, counters);
    return {
        gatewayRef: { name: binding.gateway, namespace: binding.gatewayNamespace },
        // Sorted, so that another order in the config changes no object. The CRD does not require the name, but the
        // controller does.
        credentials: [...consumer.credentials]
            .sort((a, b) => (a.id < b.id ? -1 : 1))
            .map(({ id, method }) => ({
                name: id,
                type: `${method}-auth`,
                secretRef: { name: secretName(consumer.name, id) },
            })),
        ...(plugins.length > 0 ? { plugins } : {}),
    };
}
