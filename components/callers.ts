import * as pulumi from "@pulumi/pulumi";
import { evidencePath } from "./server-checks";
import { callerMeaning } from "./consumers/caller-meaning";
import type { ConsumerSettings } from "./consumers/consumer";
import { Consumers } from "./consumers/consumers";
import { GatewayServes } from "./consumers/gateway-serves";
import { stackSeed } from "./consumers/generated-secrets";
import { secretMap } from "./kubernetes/secret-data";
import { APISIX_PODS } from "./kubernetes/network-policies";
import { fingerprints } from "./meaning/fingerprint";

/** Arguments of {@link Callers}. */
export interface CallersArgs {
    /**
     * Content of a kubeconfig of the cluster. Pulumi's provider creates the objects; this access proves that the gateway's
     * pods apply them, so it needs permission to list pods, to forward ports to them, and to read the objects.
     */
    kubeconfig: pulumi.Input<string>;
    /** Namespace of the callers' objects. It must exist. APISIX names a consumer `<namespace>_<name>`. */
    namespace: string;
    /** The Gateway (`gateway.networking.k8s.io`) of APISIX's ingress controller. The APISIX pods run in its namespace. */
    gateway: { name: string; namespace: string };
    /** The callers, each with its limits and credentials. All credentials of a caller are valid at the same time. */
    callers: ConsumerSettings[];
    /** Labels of the APISIX pods. @default `app.kubernetes.io/name: apisix`, as the public chart sets it */
    podLabels?: Record<string, string>;
    /** Longest wait until every pod applies a change, in seconds. @default 120, which thousands of callers need */
    timeoutSeconds?: number;
}

/** Settle time if the pods cannot be queried, in seconds: the ingress controller synchronizes within this time. */
const SETTLE_SECONDS = 15;

/**
 * Callers of an APISIX that exists, for programs of other teams. A run ends when every gateway pod accepts the declared
 * credentials and rejects removed ones.
 */
export class Callers extends pulumi.ComponentResource {
    /** Key by `<caller>/<credential>`, for the header `apikey`; secret. */
    readonly keys: pulumi.Output<Record<string, string>>;
    /** Secret that signs the tokens of a credential with HS256, by `<caller>/<credential>`; secret. */
    readonly jwtSecrets: pulumi.Output<Record<string, string>>;

    /** @param opts `provider`: the Kubernetes provider of the same cluster */
    constructor(name: string, args: CallersArgs, opts: pulumi.ComponentResourceOptions = {}) {
        super("alpa-auth:index:Callers", name, {}, opts);
        const { namespace, gateway, callers: consumers } = args;
        const seed = stackSeed({ parent: this });
        const secret = fingerprints(seed);
        const proof = {
            cluster: { kubeconfig: pulumi.secret(args.kubeconfig) },
            namespace,
            readiness: { acceptTimeoutSeconds: args.timeoutSeconds ?? 120, settleSeconds: SETTLE_SECONDS },
        };
        const pods = {
            namespace: gateway.namespace,
            labels: args.podLabels ?? APISIX_PODS.matchLabels,
            unasked: "settle" as const,
            evidence: evidencePath("alpa"),
        };
        const meanings = consumers.map((one) => [one.name, callerMeaning(one, { expires: {} }, secret)] as const);
        const binding = { ingressClass: "", gateway: gateway.name, gatewayNamespace: gateway.namespace };
        const made = new Consumers(
            `${name}-consumers`,
            { ...proof, consumers, seed, binding, pods, meanings: Object.fromEntries(meanings) },
            this,
        );
        new GatewayServes(
            `${name}-served`,
            { ...proof, gateway: pods, served: { installed: "existing", ...made.served } },
            { parent: this },
        );
        this.keys = secretMap(made.keys);
        this.jwtSecrets = secretMap(made.jwtSecrets);
        this.registerOutputs({});
    }
}
