import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };
import { OWNER_ANNOTATION } from "../../../components/kubernetes/ownership";
import { kubeConfigOf, kubernetesClient, type PlainAccess } from "../../../components/kubernetes/api-server";
import { readEach } from "../../../components/kubernetes/cluster-reader";
import type { ConsumerPlugin } from "../../../components/consumers/limits";
import { judge, type Observed } from "../../../components/kubernetes/readiness";
import { errorMessage, Failure } from "../../errors";

/** The used fields of a Consumer object in the cluster. */
export interface LiveConsumer {
    name: string;
    /** Stack that created it, according to its owner annotation. */
    owner?: string;
    /** Type as APISIX calls it: `key-auth`, `jwt-auth`. */
    credentials: { id: string; type?: string; secret?: string }[];
    /** Plugins that the Consumer object contains, unchanged. */
    plugins: ConsumerPlugin[];
    /** Whether the ingress controller has accepted the current generation. */
    accepted: boolean;
    /** Message of the ingress controller. */
    message?: string;
    /** When the condition last changed, as the ingress controller reports it. */
    since?: string;
}

export interface Live {
    consumers: LiveConsumer[];
    /**
     * Problem of the route, if there is one. The route shows whether APISIX accepts the controller's changes: a
     * Consumer stays Available even if APISIX rejects it.
     */
    routeProblem?: string;
    /** Names of the Secrets of the namespace, without their content. */
    secrets: Set<string>;
    /** Settings of tokens, from their Secrets, without the signing secret; by the name of the Secret. */
    tokens: Map<string, Record<string, string>>;
}

/** Longest wait for the API server, in seconds. */
const LIMIT_SECONDS = 30;
/** Media type with which the API server sends only the names of Secrets. */
const NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/**
 * Reads the callers of a namespace from the cluster.
 * @param tokens names of the Secrets from which the settings of tokens are read
 */
export async function readLive(
    access: PlainAccess,
    namespace: string,
    tokens: string[],
    limitSeconds = LIMIT_SECONDS,
): Promise<Live> {
    const k8s = kubernetesClient();
    let config: ReturnType<typeof kubeConfigOf>;
    try {
        config = kubeConfigOf(access);
    } catch (error) {
        const why = errorMessage(error);
        throw new Failure(
            `cluster: no usable kubeconfig (${why}). Set cluster.kubeconfig, cluster.context or KUBECONFIG.`,
        );
    }
    const { server } = config.getCurrentCluster()!;
    try {
        return await readAll(k8s, config, namespace, tokens, abortAfter(limitSeconds));
    } catch (error) {
        throw new Failure(`cluster: the API server at ${server} ${whyUnread(error, namespace, limitSeconds)}`);
    }
}

async function readAll(
    k8s: ReturnType<typeof kubernetesClient>,
    config: ReturnType<typeof kubeConfigOf>,
    namespace: string,
    tokens: string[],
    limit: ReturnType<typeof abortAfter>,
): Promise<Live> {
    const custom = config.makeApiClient(k8s.CustomObjectsApi);
    const core = config.makeApiClient(k8s.CoreV1Api);
    const kind = { group: "apisix.apache.org", version: "v1alpha1", plural: "consumers", namespace };
    const route = { group: "apisix.apache.org", version: "v2", plural: "apisixroutes", namespace, name: "alpa" };
    const names = k8s.setHeaderOptions("Accept", NAMES_ONLY, limit);
    const settings = new Map<string, Record<string, string>>();
    // The Secret is listed by its name instead of read, because the user already needs permission to list Secrets.
    const readToken = async (name: string) => {
        const { items } = await core.listNamespacedSecret({ namespace, fieldSelector: `metadata.name=${name}` }, limit);
        if (items[0]) settings.set(name, tokenFields(items[0].data ?? {}));
    };
    const [consumers, found, secrets] = await Promise.all([
        custom.listNamespacedCustomObject(kind, limit).catch(absent({ items: [] })) as Promise<{
            items: ConsumerObject[];
        }>,
        custom.getNamespacedCustomObject(route, limit).catch(absent(undefined)) as Promise<Observed | undefined>,
        core.listNamespacedSecret({ namespace }, names),
    ]);
    await readEach(tokens, readToken);
    const verdict = judge({ kind: "condition", type: "Accepted" }, found);
    return {
        consumers: consumers.items.map(readConsumer),
        // Before the first `pulumi up` the route does not have to exist.
        ...(verdict.state === "ready" || (!found && consumers.items.length === 0)
            ? {}
            : { routeProblem: `ApisixRoute ${namespace}/alpa: ${verdict.why}` }),
        // The API server answers `items: null` if there is no Secret, because the request asks for names only.
        secrets: new Set((secrets.items ?? []).map((secret) => secret.metadata!.name!)),
        tokens: settings,
    };
}

/** Handles 404: the object or the CRD of its kind does not exist yet. */
function absent<T>(instead: T): (error: { code?: number }) => T {
    return (error) => {
        if (error.code === 404) return instead;
        throw error;
    };
}

/** Says why the callers could not be read, and what to do. The text continues the sentence "the API server at …". */
function whyUnread(error: unknown, namespace: string, limitSeconds: number): string {
    const { name, code, cause, message } = error as Error & { code?: number | string; cause?: Error };
    if (code === 401) return "rejects the kubeconfig's credentials (HTTP 401). Renew them.";
    if (code === 403)
        return `does not let the kubeconfig's user read consumers, Secrets and the ApisixRoute alpa in ${namespace} (HTTP 403). Grant the missing permission (RBAC).`;
    if (typeof code === "number") return `answers with HTTP ${code}. Check the API server, then run the command again.`;
    const reason = code ?? (cause?.message ?? message).split("\n")[0];
    return `does not answer (${name === "AbortError" ? `no answer in ${limitSeconds} s` : reason}). Start the cluster if it is stopped; otherwise check the address in the kubeconfig, and the network.`;
}

interface ConsumerObject {
    metadata: { name: string; generation?: number; annotations?: Record<string, string> };
    spec?: {
        credentials?: { name?: string; type?: string; secretRef?: { name?: string } }[];
        plugins?: ConsumerPlugin[];
    };
    status?: { conditions?: Condition[] };
}

interface Condition {
    type: string;
    status: string;
    message?: string;
    observedGeneration?: number;
    lastTransitionTime?: string;
}

export function readConsumer({ metadata, spec, status }: ConsumerObject): LiveConsumer {
    // A Consumer has the condition Available. A condition with an older observedGeneration is ignored.
    const condition = status?.conditions?.find(({ type }) => type === "Available");
    const current = condition?.observedGeneration === metadata.generation;
    return {
        name: metadata.name,
        owner: metadata.annotations?.[OWNER_ANNOTATION],
        credentials: (spec?.credentials ?? []).map(({ name, type, secretRef }) => ({
            id: name ?? "(no name)",
            type,
            secret: secretRef?.name,
        })),
        plugins: spec?.plugins ?? [],
        accepted: current && condition?.status === "True",
        message: current ? condition?.message : "not seen by the ingress controller yet",
        since: condition?.lastTransitionTime,
    };
}

/** Fields of a Secret for tokens without the signing secret, which is dropped here. */
function tokenFields({ secret: _, ...rest }: Record<string, string>): Record<string, string> {
    return Object.fromEntries(
        Object.entries(rest).map(([name, data]) => [name, Buffer.from(data, "base64").toString()]),
    );
}

/** Options that abort requests after a time: a connection to a silent server would keep the process running. */
function abortAfter(seconds: number): client.ConfigurationOptions<client.ObservableMiddleware> {
    const { Observable } = kubernetesClient();
    const signal = AbortSignal.timeout(seconds * 1000);
    const middleware: client.ObservableMiddleware = {
        pre: (request) => {
            request.setSignal(signal);
            return new Observable(Promise.resolve(request));
        },
        post: (response) => new Observable(Promise.resolve(response)),
    };
    return { middleware: [middleware], middlewareMergeStrategy: "append" };
}
