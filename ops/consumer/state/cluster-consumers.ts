import { openApiServer, type ApiServer, type PlainAccess } from "../../../components/kubernetes/api-server";
import { openLister, openReader } from "../../../components/kubernetes/cluster-reader";
import { OWNER_ANNOTATION } from "../../../components/kubernetes/ownership";
import { judge } from "../../../components/kubernetes/readiness";
import { ROUTE } from "../../../components/route/route-served";
import { errorMessage, Failure } from "../../errors";

/** The used fields of a Consumer object in the cluster. */
export type LiveConsumer = ReturnType<typeof readConsumer>;

export interface Live {
    consumers: LiveConsumer[];
    /**
     * Problem of the route, if there is one. The route shows whether APISIX accepts the controller's changes: a
     * Consumer stays Available even if APISIX rejects it.
     */
    routeProblem?: string;
    /** Names of the Secrets of the namespace. */
    secrets: Set<string>;
}

/** Longest wait for the API server, in seconds. */
const LIMIT_SECONDS = 30;

/** Reads the callers of a namespace from the cluster. */
export async function readLive(access: PlainAccess, namespace: string, limitSeconds = LIMIT_SECONDS): Promise<Live> {
    let server: ApiServer;
    try {
        server = openApiServer(access);
    } catch (error) {
        throw new Failure(
            `cluster: no usable kubeconfig (${errorMessage(error)}). Set cluster.kubeconfig, cluster.context or KUBECONFIG.`,
        );
    }
    // A connection to a silent server would keep the process running.
    const signal = AbortSignal.timeout(limitSeconds * 1000);
    const api = { ...server, options: async () => ({ ...(await server.options()), signal }) };
    try {
        return await readAll(access, api, namespace);
    } catch (error) {
        throw new Failure(`cluster: the API server at ${server.server} ${whyUnread(error, namespace, limitSeconds)}`);
    }
}

async function readAll(access: PlainAccess, api: ApiServer, namespace: string): Promise<Live> {
    const list = openLister(access, api);
    const route = { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: ROUTE };
    const [consumers, found, secrets] = await Promise.all([
        list("apisix.apache.org/v1alpha1", "Consumer", namespace),
        openReader(access, api)(route),
        list("v1", "Secret", namespace),
    ]);
    const verdict = judge({ kind: "condition", type: "Accepted" }, found);
    // Before the first `pulumi up` the route does not have to exist.
    const isFine = verdict.state === "ready" || (!found && consumers.length === 0);
    return {
        consumers: (consumers as unknown as ConsumerObject[]).map(readConsumer),
        ...(isFine ? {} : { routeProblem: `ApisixRoute ${namespace}/${ROUTE}: ${verdict.why}` }),
        secrets: new Set(secrets.map(({ metadata }) => metadata!.name!)),
    };
}

/** Says why the callers could not be read, and what to do. The text continues the sentence "the API server at …". */
function whyUnread(error: unknown, namespace: string, limitSeconds: number): string {
    const { code, message } = error as Error & { code?: number | string };
    if (code === 401) return "rejects the kubeconfig's credentials (HTTP 401). Renew them.";
    if (code === 403)
        return `does not let the kubeconfig's user read consumers, Secrets and the ApisixRoute ${ROUTE} in ${namespace} (HTTP 403). Grant the missing permission (RBAC).`;
    if (typeof code === "number") return `answers with HTTP ${code}. Check the API server, then run the command again.`;
    const reason = code === "ABORT_ERR" ? `no answer in ${limitSeconds} s` : (code ?? message.split("\n")[0]);
    return `does not answer (${reason}). Start the cluster if it is stopped; otherwise check the address in the kubeconfig, and the network.`;
}

interface ConsumerObject {
    metadata: { name: string; generation?: number; annotations?: Record<string, string> };
    spec?: { credentials?: { name?: string; type?: string; secretRef?: { name?: string } }[] };
    status?: { conditions?: Condition[] };
}

type Condition = Record<"type" | "status", string> & { observedGeneration?: number } & Partial<
        Record<"message" | "lastTransitionTime", string>
    >;

export function readConsumer({ metadata, spec, status }: ConsumerObject) {
    // A Consumer has the condition Available. A condition with an older observedGeneration is ignored.
    const condition = status?.conditions?.find(({ type }) => type === "Available");
    const current = condition?.observedGeneration === metadata.generation;
    const { credentials = [] } = spec ?? {};
    return {
        name: metadata.name,
        /** Stack that created it. */
        owner: metadata.annotations?.[OWNER_ANNOTATION],
        /** `type` as APISIX calls it: `key-auth`, `jwt-auth`. */
        credentials: credentials.map(({ name: id = "(no name)", type, secretRef }) => ({
            id,
            type,
            secret: secretRef?.name,
        })),
        /** Whether the ingress controller has accepted the current generation, with its message. */
        accepted: current && condition?.status === "True",
        message: current ? condition?.message : "not seen by the ingress controller yet",
        since: condition?.lastTransitionTime,
    };
}
