import { answerWithin } from "../../components/kubernetes/until-settled";
import type { PlainAccess } from "../../components/kubernetes/api-server";
import { plainAccess, type ClusterAccess } from "../../components/kubernetes/kubeconfig";
import type { ClusterView } from "./cluster";
import { PreflightError } from "../preflight-error";

/** Time limit of all checks, in seconds, so that an operator gets the error soon if the cluster is down. */
const LIMIT_SECONDS = 30;

/** Opens a cluster. @throws PreflightError if the kubeconfig is missing or unusable */
export async function opened<T>(cluster: ClusterAccess, open: (access: PlainAccess) => T): Promise<T> {
    const access = await plainAccess(cluster);
    try {
        return open(access);
    } catch (error) {
        throw new PreflightError("the cluster", [
            `cluster: no usable kubeconfig (${(error as Error).message}). Set cluster.kubeconfig, cluster.context or KUBECONFIG.`,
        ]);
    }
}

/** Limits the wait for a cluster. @throws PreflightError with its address if it fails or does not answer in 30 s */
export function answered<T>({ server }: Pick<ClusterView, "server">, answer: Promise<T>): Promise<T> {
    return answerWithin(LIMIT_SECONDS, answer).catch((error: unknown) => {
        throw new PreflightError("the cluster", [unanswered(server, error)]);
    });
}

/** Message for a cluster that is down, or rejects the credentials or the request. */
function unanswered(server: string, error: unknown): string {
    const said = firstLine(error);
    const { code } = error as { code?: unknown };
    if (code === 401)
        return `cluster: the API server at ${server} rejects the kubeconfig's credentials (${said}). Renew them.`;
    if (code === 403)
        return `cluster: the API server at ${server} does not let the kubeconfig's user read the cluster (${said}). Grant the missing permission (RBAC).`;
    return `cluster: the API server at ${server} does not answer (${said}). Check the address and the network.`;
}

/** First line of an error; for an answer of the API server, its message. */
function firstLine(error: unknown): string {
    const { message, body, code, cause } = error as Record<string, unknown> & { cause?: { message?: string } };
    const said = typeof body === "string" ? /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] : undefined;
    return String(said ?? cause?.message ?? message ?? code).split("\n")[0];
}
