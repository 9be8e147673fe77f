import type { IntraClusterArgs } from "../components/intra-cluster";
import { plainAccess } from "../components/parts/kubeconfig";
import { ProblemList } from "../problems";
import { foreignObjects, nodePort, prerequisites } from "./checks";
import { openCluster, type ClusterView } from "./cluster";

/** All that stands in the way in the cluster. Thrown before the first resource, in preview too. */
export class PreflightError extends ProblemList {
    constructor(problems: string[]) {
        super("the cluster", problems);
    }
}

/** Longest time for all checks, in seconds: an operator whose cluster is away should not wait longer to hear it. */
const LIMIT_SECONDS = 30;

/**
 * Looks at the cluster before anything is asked of it.
 * @param owner name of the running stack, as its objects carry it
 * @throws PreflightError naming every problem, or the address of a cluster that does not answer in 30 s
 */
export async function preflight(
    settings: IntraClusterArgs,
    owner: string,
    open: typeof openCluster = openCluster,
): Promise<void> {
    const cluster = await opened(settings, open);
    const problems = await within(LIMIT_SECONDS, cluster.server, async () => {
        await cluster.version();
        return (
            await Promise.all([
                prerequisites(settings, cluster),
                nodePort(settings, cluster),
                foreignObjects(settings, cluster, owner),
            ])
        ).flat();
    });
    if (problems.length > 0) throw new PreflightError(problems);
}

async function opened(settings: IntraClusterArgs, open: typeof openCluster): Promise<ClusterView> {
    const access = await plainAccess(settings.cluster);
    try {
        return open(access);
    } catch (error) {
        throw new PreflightError([
            `cluster: must name a reachable cluster (${(error as Error).message}). Set cluster.kubeconfig, cluster.context or KUBECONFIG.`,
        ]);
    }
}

async function within<T>(seconds: number, server: string, work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer in ${seconds} s`)), seconds * 1000);
    });
    try {
        return await Promise.race([work(), limit]);
    } catch (error) {
        throw new PreflightError([
            `cluster: the API server at ${server} must answer (${firstLine(error)}). Check the address, the network and the credentials.`,
        ]);
    } finally {
        clearTimeout(timer);
    }
}

/** What an error says first; of an answer of the API server, its own message. */
function firstLine(error: unknown): string {
    const { message, body, code, cause } = error as Record<string, unknown> & { cause?: { message?: string } };
    const said = typeof body === "string" ? /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] : undefined;
    return String(said ?? cause?.message ?? message ?? code).split("\n")[0];
}
