import { openApiServer, type PlainAccess } from "../../components/kubernetes/api-server";
import {
    apiErrorMessage,
    openLister,
    openReader,
    type Lister,
    type Reader,
} from "../../components/kubernetes/cluster-reader";
import { kubectlOf } from "../../components/kubernetes/kubeconfig-content";
import { answerWithin } from "../../components/kubernetes/until-settled";
import { PreflightError } from "../findings";

/** Time limit of all checks, in seconds, so that an operator gets the error soon if the cluster is down. */
const LIMIT_SECONDS = 30;

/** Read access to the cluster for the checks. Tests use a fake. */
export interface ClusterView {
    /** Address of the API server, for messages. */
    readonly server: string;
    /** Start of a kubectl command that reaches this cluster, for messages. */
    readonly kubectl: string;
    read: Reader;
    list: Lister;
}

/** Opens the cluster of a stack. @throws Error if the kubeconfig has no cluster */
export function openCluster(access: PlainAccess): ClusterView {
    const api = openApiServer(access);
    const [read, list] = [openReader(access, api), openLister(access, api)];
    return { server: api.server, kubectl: kubectlOf(access), read, list };
}

/** Limits the wait for a cluster. @throws PreflightError with its address if it fails or does not answer in 30 s */
export function answered<T>(server: string, answer: Promise<T>): Promise<T> {
    return answerWithin(LIMIT_SECONDS, answer).catch((error: unknown) => {
        throw new PreflightError("the cluster", [
            `cluster: the checks cannot read the cluster at ${server} (${apiErrorMessage(error)}). Check its address, the network, and the credentials and permissions (RBAC) of the kubeconfig.`,
        ]);
    });
}
