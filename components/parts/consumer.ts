import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AcceptSettings } from "./alpa-route";
import { Awaited } from "./awaited";
import type { GatewayBinding } from "./gateway-wiring";
import type { ClusterAccess } from "./kubeconfig";
import { credentialMetadata, metadata } from "./ownership";

/** One caller, as the stack config lists it. */
export interface ConsumerSettings {
    /** DNS label; the APISIX username becomes `<namespace>_<name>`. */
    name: string;
    limits?: {
        /** Requests in each window of `perSeconds`; the two come together. */
        requests?: number;
        /** Length of the window, in seconds. */
        perSeconds?: number;
        /** Requests open at the same time. */
        concurrent?: number;
    };
    /** Every entry works; two entries are an overlap while the caller switches. */
    credentials: { id: string; method: "key" }[];
}

export interface ConsumerArgs {
    consumer: ConsumerSettings;
    namespace: string;
    binding: GatewayBinding;
    cluster: ClusterAccess;
    readiness: AcceptSettings;
}

/** Characters of a generated key, letters and digits: 238 bits. */
const KEY_LENGTH = 40;

/** One caller with its credentials. All it consists of is its own, so that a change of it touches no other. */
export class Consumer extends pulumi.ComponentResource {
    /** Key by credential id; secret. */
    readonly keys: Record<string, pulumi.Output<string>> = {};

    constructor(name: string, args: ConsumerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:Consumer", name, args, opts);
        const { consumer, namespace, binding, cluster, readiness } = args;

        const secrets = consumer.credentials.map(({ id }) => {
            // A dot joins the two labels: with a dash, a-b.c and a.b-c would have one name.
            const key = new random.RandomPassword(
                `${name}.${id}-key`,
                { length: KEY_LENGTH, special: false },
                { parent: this },
            );
            this.keys[id] = key.result;
            return new k8s.core.v1.Secret(
                `${name}.${id}-secret`,
                // Every field of the Secret becomes a setting of the credential: only `key` may be in it.
                {
                    metadata: credentialMetadata(secretName(consumer.name, id), namespace),
                    stringData: { key: key.result },
                },
                { parent: this },
            );
        });
        const resource = new k8s.apiextensions.CustomResource(
            `${name}-consumer`,
            {
                apiVersion: "apisix.apache.org/v1alpha1",
                kind: "Consumer",
                metadata: metadata(consumer.name, namespace),
                spec: renderConsumer(consumer, binding),
            },
            // A credential whose Secret is missing is left out without a word.
            { parent: this, dependsOn: secrets },
        );
        new Awaited(
            `${name}-accepted`,
            {
                cluster,
                object: { apiVersion: "apisix.apache.org/v1alpha1", kind: "Consumer", namespace, name: consumer.name },
                until: { kind: "condition", type: "Available" },
                generation: resource.metadata.generation,
                timeoutSeconds: readiness.acceptTimeoutSeconds,
                settleSeconds: readiness.settleSeconds,
            },
            { parent: this, dependsOn: resource },
        );

        this.registerOutputs({ keys: this.keys });
    }
}

/** Name of the Secret of one credential. */
export function secretName(consumer: string, credential: string): string {
    return `${consumer}.${credential}`;
}

/** Spec of the Consumer object. */
export function renderConsumer(consumer: ConsumerSettings, binding: GatewayBinding) {
    const { requests, perSeconds, concurrent } = consumer.limits ?? {};
    const plugins = [];
    if (concurrent !== undefined)
        plugins.push({
            name: "limit-conn",
            config: {
                conn: concurrent,
                burst: 0,
                default_conn_delay: 0.1,
                key: "consumer_name",
                rejected_code: 429,
                rejected_msg: `at most ${concurrent} requests at the same time`,
            },
        });
    if (requests !== undefined && perSeconds !== undefined)
        plugins.push({
            name: "limit-count",
            config: {
                count: requests,
                time_window: perSeconds,
                key: "consumer_name",
                rejected_code: 429,
                rejected_msg: `at most ${requests} requests in ${perSeconds} s`,
            },
        });
    return {
        gatewayRef: { name: binding.gateway, namespace: binding.gatewayNamespace },
        // The name is optional in the definition and required by the controller.
        credentials: consumer.credentials.map(({ id }) => ({
            name: id,
            type: "key-auth",
            secretRef: { name: secretName(consumer.name, id) },
        })),
        ...(plugins.length > 0 ? { plugins } : {}),
    };
}
