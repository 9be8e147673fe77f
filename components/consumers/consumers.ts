import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AcceptSettings } from "../kubernetes/awaited";
import { ConsumersAccepted } from "./consumers-accepted";
import { CredentialsRevoked } from "./credentials-revoked";
import type { GatewayPods } from "../apisix/gateway-pods";
import { GeneratedSecrets } from "./generated-secrets";
import { generationOf } from "../kubernetes/generation";
import type { Counters } from "../apisix/open-requests";
import type { GatewayBinding } from "../apisix/wiring";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { limitPlugins, type Limits } from "./limits";
import { credentialMetadata, metadata } from "../kubernetes/ownership";
import { Revocations } from "./revocations";
import type { RevocationsArgs } from "./revocations-provider";
import type { PublicKeyAlgorithm } from "./signing-algorithms";
import { secretData } from "../kubernetes/secret-data";

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

export interface ConsumersArgs {
    consumers: ConsumerSettings[];
    namespace: string;
    binding: GatewayBinding;
    cluster: ClusterAccess;
    readiness: AcceptSettings;
    /** The gateway pods, each of which must apply a change of a caller. */
    pods: GatewayPods;
    /**
     * Resource whose deletion also deletes these objects. In that case no check verifies that pods reject the
     * credentials. Default: none.
     */
    deletedWith?: pulumi.Resource;
    /** Counter server. Default: none, and each APISIX pod counts limits for itself. */
    counters?: Counters;
}

/**
 * The callers with their credentials. Each consumer has its own resources, so that a change affects no other consumer:
 * a Secret for each credential, a salt for each generated key, and one Consumer object.
 *
 * All consumers share the seed of generated keys, and the two resources that wait for pods. With a copy for each consumer,
 * these three resources would make up most of the state of a large stack.
 */
export class Consumers extends pulumi.ComponentResource {
    /** Key by `<consumer>/<credential>`; secret. */
    readonly keys: Record<string, pulumi.Output<string>> = {};
    /** Secret that signs tokens, by `<consumer>/<credential>`; secret. */
    readonly jwtSecrets: Record<string, pulumi.Output<string>> = {};
    private readonly generated: GeneratedSecrets;
    /** Digests of each consumer's Secrets, by the consumer's name. */
    private readonly digests: Record<string, pulumi.Output<string>> = {};

    constructor(name: string, args: ConsumersArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:Consumers", name, {}, opts);
        const { consumers, namespace, cluster, readiness } = args;
        const wait = {
            cluster,
            namespace,
            gateway: args.pods,
            timeoutSeconds: readiness.acceptTimeoutSeconds,
            settleSeconds: readiness.settleSeconds,
        };

        this.generated = new GeneratedSecrets(name, this);
        const memory = new Revocations(`${name}-revocations`, broughtKeys(consumers), { parent: this });
        const secrets = consumers.map((consumer) => this.secrets(consumer, namespace, memory));
        const revoked = new CredentialsRevoked(
            `${name}-revoked`,
            { ...wait, credentials: secretNames(consumers) },
            { parent: this, dependsOn: secrets.flat(), deletedWith: args.deletedWith },
        );
        const objects = consumers.map((consumer, i) => this.consumer(consumer, args, [...secrets[i], revoked]));
        new ConsumersAccepted(
            `${name}-accepted`,
            {
                ...wait,
                generations: Object.fromEntries(consumers.map((c, i) => [c.name, generationOf(objects[i])])),
                materials: pulumi.secret(this.digests),
            },
            { parent: this },
        );

        this.registerOutputs({});
    }

    private secrets(consumer: ConsumerSettings, namespace: string, memory: Revocations): k8s.core.v1.Secret[] {
        const materials = consumer.credentials.map((credential) => {
            const name = secretName(consumer.name, credential.id);
            return { name, material: this.material(name, namespace, consumer.name, credential) };
        });
        this.digests[consumer.name] = pulumi
            .all(materials.map(({ material }) => pulumi.output(material)))
            .apply(materialsDigest);
        return materials.map(
            ({ name, material }) =>
                new k8s.core.v1.Secret(
                    `${name}-secret`,
                    { metadata: credentialMetadata(name, namespace), data: secretData(material) },
                    // `Revocations` fails the run if the config declares a revoked key, before a Secret with that key is created.
                    { parent: this, dependsOn: memory },
                ),
        );
    }

    private consumer(
        consumer: ConsumerSettings,
        { namespace, binding, counters }: ConsumersArgs,
        dependsOn: pulumi.Resource[],
    ): k8s.apiextensions.CustomResource {
        return new k8s.apiextensions.CustomResource(
            `${consumer.name}-consumer`,
            {
                apiVersion: "apisix.apache.org/v1alpha1",
                kind: "Consumer",
                metadata: metadata(consumer.name, namespace),
                spec: renderConsumer(consumer, binding, namespace, counters),
            },
            // The ingress controller silently skips a credential whose Secret is missing.
            { parent: this, dependsOn },
        );
    }

    /**
     * Fields of a credential's Secret. APISIX reads each field as a setting of the credential, and its value as text. The
     * Secret has no numbers or booleans, because APISIX rejects them as text.
     */
    private material(
        name: string,
        namespace: string,
        consumer: string,
        credential: Credential,
    ): Record<string, pulumi.Input<string>> {
        const who = `${consumer}/${credential.id}`;
        if (credential.method === "key") {
            this.keys[who] = credential.key ?? this.generated.make(name, "key");
            return { key: this.keys[who] };
        }
        const settings = tokenSettings(namespace, consumer, credential);
        if (credential.algorithm !== "HS256") return settings;
        this.jwtSecrets[who] = this.generated.make(name, "jwt-secret");
        return { ...settings, secret: this.jwtSecrets[who] };
    }
}

/** Digest of the Secrets of one consumer, to detect changes. @param materials fields of each Secret, in order */
function materialsDigest(materials: Record<string, string>[]): string {
    return createHash("sha256").update(JSON.stringify(materials)).digest("hex");
}

/** The keys that operators have set, for {@link Revocations}. */
function broughtKeys(consumers: ConsumerSettings[]): RevocationsArgs {
    const all = consumers.flatMap(({ name, brought = [] }) =>
        brought.map(({ id, ...key }) => [`${name}/${id}`, key] as const),
    );
    return {
        declared: pulumi.secret(Object.fromEntries(all.map(([who, { digest }]) => [who, digest]))),
        readmit: Object.fromEntries(
            all.flatMap(([who, { readmit }]) => (readmit === undefined ? [] : [[who, readmit]])),
        ),
    };
}

/** Name of the Secret of one credential. Labels are joined by a dot, since with a dash a-b.c and a.b-c would collide. */
export function secretName(consumer: string, credential: string): string {
    return `${consumer}.${credential}`;
}

/**
 * Command that blocks credentials without a run of Pulumi: the ingress controller removes a credential from APISIX when its
 * Secret is deleted. A conversion does not create the Secret again.
 */
export function blockCommand(namespace: string, secrets: string[]): string {
    return `kubectl -n ${namespace} delete secret ${secrets.join(" ")}`;
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

/** Name of each credential's Secret, by `<consumer>/<credential>`. */
function secretNames(consumers: ConsumerSettings[]): Record<string, string> {
    return Object.fromEntries(
        consumers.flatMap(({ name, credentials }) =>
            credentials.map(({ id }) => [`${name}/${id}`, secretName(name, id)]),
        ),
    );
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
        // The CRD does not require the name, but the controller does.
        credentials: consumer.credentials.map(({ id, method }) => ({
            name: id,
            type: `${method}-auth`,
            secretRef: { name: secretName(consumer.name, id) },
        })),
        ...(plugins.length > 0 ? { plugins } : {}),
    };
}
