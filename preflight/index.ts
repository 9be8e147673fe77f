import type { GatewayClusterArgs } from "../components/gateway-args";
import { plainAccess } from "../components/kubernetes/kubeconfig";
import { componentFindings } from "./alpa/alpa-in-cluster";
import { warningsOf } from "./findings";
import { answered, openCluster } from "./kubernetes/cluster";
import { foreignCrds, nodePorts, secondController } from "./kubernetes/conflicts";
import { etcdInPlace } from "./kubernetes/etcd";
import { foreignOwners } from "./kubernetes/owners";
import { missingObjects, requiredObjects } from "./kubernetes/required";
import { modelFindings } from "./openai";
import { endedCertificate } from "./kubernetes/tls";

/**
 * Checks the cluster before any change.
 * @param owner name of the running stack, as in the owner annotations
 * @returns warnings for the operator
 * @throws PreflightError with every problem, or with the address of a cluster that does not answer in 30 s
 */
export async function preflight(
    settings: GatewayClusterArgs & { nodes?: object },
    owner: string,
    open: typeof openCluster = openCluster,
): Promise<string[]> {
    const cluster = open(await plainAccess(settings.cluster));
    const checks = [
        // First, since in the wrong cluster no other problem matters.
        foreignOwners(settings, cluster, owner),
        settings.server.kind === "openai"
            ? modelFindings(settings.server, settings.namespace, cluster)
            : componentFindings(settings, cluster),
        missingObjects(requiredObjects(settings, cluster.kubectl), cluster),
        foreignCrds(settings, cluster, owner),
        secondController(settings, cluster),
        etcdInPlace(settings, cluster),
        nodePorts(settings, cluster),
        endedCertificate(settings, cluster),
    ];
    return warningsOf("the cluster", (await answered(cluster.server, Promise.all(checks))).flat());
}
