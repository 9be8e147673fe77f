import { ALPA_PATHS } from "../alpa/paths";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { timeouts, upstreamName } from "../route/alpa-upstreams";
import { Awaited, type AcceptSettings } from "../kubernetes/awaited";
import { renderConsumer, secretName } from "../consumers/consumer";
import { VERIFIER } from "./conversion-phases";
import type { GatewayBinding } from "../apisix/wiring";
import { generatedSecret } from "../consumers/generated-secrets";
import { generationOf } from "../kubernetes/generation";
import type { GuardSettings } from "../route/request-guard";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { attempted, credentialMetadata, metadata } from "../kubernetes/ownership";
import { alpaChain, type Observed } from "../route/plugin-chain";
import { NO_QUERY } from "../route/route-rules";
import { secretData } from "../kubernetes/secret-data";

export interface VerificationArgs {
    namespace: string;
    binding: GatewayBinding;
    cluster: ClusterAccess;
    readiness: AcceptSettings;
    guard: GuardSettings;
    /** Longest time for one answer, in seconds. */
    answerTimeoutSeconds: number;
    /** Secret of the stack from which keys are derived. */
    seed: pulumi.Output<string>;
    /** Settings of the gateway's access log and metrics. Default: none. */
    observed?: Observed;
    /** Number of the attempt in a conversion. With a new number, the rules are written again. Default: 0. */
    attempt?: number;
}

/** Name of the ApisixRoute, and its path prefix in front of Alpa's paths. */
const VERIFICATION = "alpa-verification";
export const VERIFICATION_PREFIX = `/${VERIFICATION}`;
const CREDENTIAL = "key";

/**
 * A route only for the verifier, which stays open during a conversion. It uses the same gateway, plugins and target as the
 * callers' route.
 */
export class Verification extends pulumi.ComponentResource {
    /** Key of the verifier, for the header `apikey`; secret. */
    readonly key: pulumi.Output<string>;
    /** Resolves when the gateway has accepted the route and its consumer. */
    readonly accepted: pulumi.Output<string>;

    constructor(name: string, args: VerificationArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:Verification", name, {}, opts);
        const { namespace, cluster, readiness } = args;
        const wait = {
            cluster,
            timeoutSeconds: readiness.acceptTimeoutSeconds,
            settleSeconds: readiness.settleSeconds,
        };

        this.key = generatedSecret(`${VERIFIER}.${CREDENTIAL}`, "key", args.seed, this).secret;
        const consumer = this.verifier(name, args);
        const route = new k8s.apiextensions.CustomResource(
            `${name}-rules`,
            {
                apiVersion: "apisix.apache.org/v2",
                kind: "ApisixRoute",
                metadata: attempted(metadata(VERIFICATION, namespace), args.attempt),
                spec: renderVerification(args),
            },
            { parent: this, dependsOn: consumer },
        );
        const rules = new Awaited(
            `${name}-accepted`,
            {
                ...wait,
                object: { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: VERIFICATION },
                until: { kind: "condition", type: "Accepted" },
                generation: generationOf(route),
            },
            { parent: this, dependsOn: route },
        );
        const verifier = new Awaited(
            `${name}-consumer-accepted`,
            {
                ...wait,
                object: { apiVersion: "apisix.apache.org/v1alpha1", kind: "Consumer", namespace, name: VERIFIER },
                until: { kind: "condition", type: "Available" },
                generation: generationOf(consumer),
            },
            { parent: this, dependsOn: consumer },
        );
        this.accepted = pulumi.all([rules.id, verifier.id]).apply(([id]) => id);
        this.registerOutputs({});
    }

    /** The only consumer that may use the verification route, with its key. */
    private verifier(name: string, { namespace, binding }: VerificationArgs) {
        const secret = new k8s.core.v1.Secret(
            `${name}-secret`,
            {
                metadata: credentialMetadata(secretName(VERIFIER, CREDENTIAL), namespace),
                data: secretData({ key: this.key }),
            },
            { parent: this },
        );
        const credentials = [{ id: CREDENTIAL, method: "key" as const }];
        return new k8s.apiextensions.CustomResource(
            `${name}-consumer`,
            {
                apiVersion: "apisix.apache.org/v1alpha1",
                kind: "Consumer",
                metadata: metadata(VERIFIER, namespace),
                spec: renderConsumer({ name: VERIFIER, limits: {}, credentials }, binding, namespace),
            },
            // The ingress controller silently skips a credential whose Secret is missing.
            { parent: this, dependsOn: secret },
        );
    }
}

/** Spec of the ApisixRoute: the two paths of Alpa for one consumer, independent of the callers' route. */
export function renderVerification(
    args: Pick<VerificationArgs, "namespace" | "binding" | "guard" | "answerTimeoutSeconds" | "observed">,
) {
    const { namespace, binding, guard, answerTimeoutSeconds, observed } = args;
    return {
        ingressClassName: binding.ingressClass,
        http: ALPA_PATHS.map((role) => ({
            name: role,
            match: {
                paths: [`${VERIFICATION_PREFIX}/${role}`],
                methods: ["POST"],
                exprs: NO_QUERY,
            },
            timeout: timeouts(answerTimeoutSeconds),
            upstreams: [{ name: upstreamName(role) }],
            plugins: alpaChain(`/${role}`, namespace, guard, { only: VERIFIER, observed }),
        })),
    };
}
