import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Counters } from "../apisix/open-requests";
import type { GatewayBinding } from "../apisix/wiring";
import { credentialMetadata, metadata } from "../kubernetes/ownership";
import { secretData } from "../kubernetes/secret-data";
import { renderConsumer, secretName, tokenSettings, type ConsumerSettings, type Credential } from "./consumer";
import { generatedSecret } from "./generated-secrets";
import type { CallerMeaning } from "./caller-meaning";

export interface CallerArgs {
    consumer: ConsumerSettings;
    meaning: CallerMeaning;
    /** Secret of the stack from which keys are derived. */
    seed: pulumi.Output<string>;
    /** Namespace of the caller's objects. */
    namespace: string;
    binding: GatewayBinding;
    /** Counter server. Default: none, and each APISIX pod counts limits for itself. */
    counters?: Counters;
    /** Record of revoked keys. It fails the run if the config declares a revoked key, before its Secret is created. */
    memory: pulumi.Resource;
}

/** The Secret of a credential. */
interface Material {
    id: string;
    name: string;
    /** Fields of the Secret. */
    fields: Record<string, pulumi.Input<string>>;
    /** The part that its caller needs, and its fingerprint if the stack generates it. Unset for a public key. */
    key?: pulumi.Output<string>;
    jwtSecret?: pulumi.Output<string>;
    fingerprint?: pulumi.Input<string>;
}

/** A caller: a Secret for each credential, and one Consumer. */
export class Caller extends pulumi.ComponentResource {
    /** Key by `<consumer>/<credential>`; secret. */
    readonly keys: Record<string, pulumi.Output<string>> = {};
    /** Secret that signs tokens, by `<consumer>/<credential>`; secret. */
    readonly jwtSecrets: Record<string, pulumi.Output<string>> = {};
    readonly secrets: k8s.core.v1.Secret[];
    /** Digest of the Secrets, to detect changes. */
    readonly digest: pulumi.Output<string>;

    /** @param opts its parent also gets the salts of the keys, whose fingerprints are inputs of this component */
    constructor(
        name: string,
        private readonly args: CallerArgs,
        opts: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] },
    ) {
        const { consumer, namespace, memory } = args;
        const materials = consumer.credentials.map((credential) => materialOf(credential, args, opts.parent));
        super("alpa-auth:index:Caller", name, withFingerprints(args.meaning, materials), opts);
        for (const { id, key, jwtSecret } of materials) {
            if (key !== undefined) this.keys[`${consumer.name}/${id}`] = key;
            if (jwtSecret !== undefined) this.jwtSecrets[`${consumer.name}/${id}`] = jwtSecret;
        }
        this.digest = pulumi.all(materials.map(({ fields }) => pulumi.output(fields))).apply(materialsDigest);
        this.secrets = materials.map(
            ({ name: secret, fields }) =>
                new k8s.core.v1.Secret(
                    `${secret}-secret`,
                    { metadata: credentialMetadata(secret, namespace), data: secretData(fields) },
                    { parent: this, dependsOn: memory },
                ),
        );
    }

    /** Creates the Consumer, after every gateway pod rejects the credentials that are gone. */
    admit(revoked: pulumi.Resource): k8s.apiextensions.CustomResource {
        const { consumer, binding, namespace, counters } = this.args;
        const object = new k8s.apiextensions.CustomResource(
            `${consumer.name}-consumer`,
            {
                apiVersion: "apisix.apache.org/v1alpha1",
                kind: "Consumer",
                metadata: metadata(consumer.name, namespace),
                spec: renderConsumer(consumer, binding, namespace, counters),
            },
            // The ingress controller silently skips a credential whose Secret is missing.
            { parent: this, dependsOn: [...this.secrets, revoked] },
        );
        this.registerOutputs({});
        return object;
    }
}

/**
 * Fields of a credential's Secret. APISIX reads each field as a setting of the credential, and its value as text. The
 * Secret has no numbers or booleans, because APISIX rejects them as text.
 */
function materialOf(
    credential: Credential,
    { consumer, namespace, seed }: CallerArgs,
    parent: pulumi.Resource,
): Material {
    const { id } = credential;
    const name = secretName(consumer.name, id);
    if (credential.method === "key") {
        const own = credential.key && { secret: credential.key, fingerprint: undefined };
        const { secret: key, fingerprint } = own ?? generatedSecret(name, "key", seed, parent);
        return { id, name, fields: { key }, key, fingerprint };
    }
    const settings = tokenSettings(namespace, consumer.name, credential);
    if (credential.algorithm !== "HS256") return { id, name, fields: settings };
    const { secret, fingerprint } = generatedSecret(name, "jwt-secret", seed, parent);
    return { id, name, fields: { ...settings, secret }, jwtSecret: secret, fingerprint };
}

function withFingerprints(meaning: CallerMeaning, materials: Material[]): CallerMeaning {
    const credentials = materials.map(({ id, fingerprint }) => {
        const one = meaning.credentials[id];
        return [id, fingerprint === undefined ? one : { ...one, fingerprint }] as const;
    });
    return { ...meaning, credentials: Object.fromEntries(credentials) };
}

/** Digest of the Secrets of one caller. @param materials fields of each Secret, in order */
function materialsDigest(materials: Record<string, string>[]): string {
    return createHash("sha256").update(JSON.stringify(materials)).digest("hex");
}
