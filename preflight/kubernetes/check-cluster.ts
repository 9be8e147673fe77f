import { answerWithin } from "../../components/kubernetes/until-settled";
import { plainAccess, type ClusterAccess } from "../../components/kubernetes/kubeconfig";
import type { Findings } from "../findings";
import { openCluster, type ClusterView } from "./cluster";
import { PreflightError } from "../preflight-error";

/** Time limit of all checks, in seconds, so that an operator gets the error soon if the cluster is down. */
export const LIMIT_SECONDS = 30;

/**
 * Runs all checks on a cluster that answers.
 * @returns warnings
 * @throws PreflightError with every problem, or with the address of a cluster that does not answer in 30 s
 */
export async function checkCluster(
    access: ClusterAccess,
    open: typeof openCluster = openCluster,
    checks: (cluster: ClusterView) => Promise<Findings>[],
): Promise<string[]> {
    const cluster = await opened(access, open);
    const answers = cluster.version().then(() => Promise.all(checks(cluster)));
    const found = await answerWithin(LIMIT_SECONDS, answers).catch((error: unknown) => {
        throw new PreflightError("the cluster", [unanswered(cluster.server, error)]);
    });
    const problems = found.flatMap((one) => one.problems);
    if (problems.length > 0) throw new PreflightError("the cluster", problems);
    return found.flatMap(({ warnings }) => warnings);
}

async function opened(cluster: ClusterAccess, open: typeof openCluster): Promise<ClusterView> {
    const access = await plainAccess(cluster);
    try {
        return open(access);
    } catch (error) {
        throw new PreflightError("the cluster", [noKubeconfig(error)]);
    }
}

/** Message for a kubeconfig that is missing or unusable. */
export function noKubeconfig(error: unknown): string {
    return `cluster: no usable kubeconfig (${(error as Error).message}). Set cluster.kubeconfig, cluster.context or KUBECONFIG.`;
}

/** Message for a cluster that is down, or rejects the credentials or the request. */
export function unanswered(server: string, error: unknown): string {
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
