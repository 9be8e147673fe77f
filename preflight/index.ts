import { deafGateway, nodePort, prerequisites, storageClass } from "./kubernetes/checks";
import { onlyProblems, type Findings } from "./findings";
import { answered, opened } from "./kubernetes/check-cluster";
import { openCluster, type ClusterView } from "./kubernetes/cluster";
import { crdProblems } from "./kubernetes/crds";
import { nodes, podNetworks, type InstalledGateway } from "./kubernetes/nodes";
import { etcdInPlace } from "./kubernetes/etcd";
import { componentOnItsWay } from "./alpa/alpa-in-cluster";
import { foreignOwners } from "./kubernetes/owners";
import { certManager, endedCertificate } from "./kubernetes/tls";
import { PreflightError } from "./preflight-error";

/**
 * Checks the cluster before any change.
 * @param owner name of the running stack, as in the owner annotations
 * @returns warnings for the operator
 * @throws PreflightError with every problem, or with the address of a cluster that does not answer in 30 s
 */
export async function preflight(
    settings: InstalledGateway,
    owner: string,
    open: typeof openCluster = openCluster,
): Promise<string[]> {
    const cluster = await opened(settings.cluster, open);
    const checked = cluster.version().then(() => Promise.all(checks(settings, owner, cluster)));
    const found = await answered(cluster, checked);
    const problems = found.flatMap((one) => one.problems);
    if (problems.length > 0) throw new PreflightError("the cluster", problems);
    return found.flatMap(({ warnings }) => warnings);
}

function checks(settings: InstalledGateway, owner: string, cluster: ClusterView): Promise<Findings>[] {
    return [
        // First, since in the wrong cluster no other problem matters.
        onlyProblems(foreignOwners(settings, cluster, owner)),
        componentOnItsWay(settings, cluster),
        nodes(settings, cluster),
        podNetworks(settings, cluster),
        onlyProblems(prerequisites(settings, cluster)),
        onlyProblems(crdProblems(settings, cluster, owner)),
        onlyProblems(storageClass(settings, cluster)),
        onlyProblems(etcdInPlace(settings, cluster)),
        onlyProblems(nodePort(settings, cluster)),
        onlyProblems(certManager(settings, cluster)),
        endedCertificate(settings, cluster),
        onlyProblems(deafGateway(settings, cluster)),
    ];
}
