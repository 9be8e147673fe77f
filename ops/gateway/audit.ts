/** Compares the objects in APISIX with those of the ingress controller. Reads only, with the Admin API's viewer key. */
import type { PlainAccess } from "../../components/kubernetes/api-server";
import { openLister, openReader } from "../../components/kubernetes/cluster-reader";
import { kubectlOf } from "../../components/kubernetes/kubeconfig-content";
import { openAdminApi, type AdminApiError } from "../../components/apisix/admin-api";
import type { GatewayBinding } from "../../components/apisix/wiring";
import { expectedObjects } from "./expected";
import { CONNECTIONS, foreignObjects, type Foreign } from "./foreign";

interface Audit {
    foreign: Foreign[];
    /** Why APISIX could not be read, or a problem of APISIX as a whole. Unset if all objects were read. */
    unread?: string;
    /** True if APISIX could not be read and was not installed by this project. Its Admin API may be closed on purpose. */
    isUnknown?: boolean;
}

/** Tests replace this function. */
export type AuditGateway = (access: PlainAccess, gateway: AuditedGateway) => Promise<Audit>;

interface AuditedGateway {
    binding: GatewayBinding;
    /** Whether a stack of this project installed the gateway. If so, its Admin API must be reachable. */
    isInstalled: boolean;
}

/**
 * An object without a Kubernetes object is reported after this time, in seconds. An object that was deleted in Kubernetes
 * stays in APISIX until the ingress controller has sent the change (3 s with 301 consumers).
 */
const SETTLE_SECONDS = 10;
const PAUSE_SECONDS = 2;

export const auditGateway: AuditGateway = async (access, { binding, isInstalled }) => {
    const namespace = binding.gatewayNamespace;
    const audit = async () => {
        const api = await openAdminApi(access, namespace, CONNECTIONS);
        const kubectl = kubectlOf(access, namespace);
        try {
            const read = async () =>
                foreignObjects(api, await expectedObjects(openLister(access), openReader(access), binding), kubectl);
            return { foreign: await lasting(read) };
        } finally {
            api.close();
        }
    };
    try {
        return await untilNotBusy(audit);
    } catch (error) {
        const { status, message } = error as AdminApiError;
        const why = message.split("\n")[0];
        return { foreign: [], unread: `APISIX of ${namespace}: ${why}`, isUnknown: !isInstalled && status === 404 };
    }
};

/**
 * Kubernetes answers 429 to requests that should be repeated: while it sets up a new kind of object, and under load.
 */
const BUSY = 429;

/** Repeats a request while Kubernetes answers 429, up to `seconds`. @throws the last 429 after that time, other errors at once */
export async function untilNotBusy<T>(ask: () => Promise<T>, seconds = 30, pause = PAUSE_SECONDS): Promise<T> {
    const start = Date.now();
    for (;;) {
        try {
            return await ask();
        } catch (error) {
            const isBusy = (error as { code?: unknown }).code === BUSY;
            if (!isBusy || Date.now() - start >= seconds * 1000) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    }
}

/** Returns the findings that persist: they are in every reading during a period. */
export async function lasting(
    read: () => Promise<Foreign[]>,
    seconds = SETTLE_SECONDS,
    pause = PAUSE_SECONDS,
): Promise<Foreign[]> {
    const start = Date.now();
    let found = await read();
    while (found.length > 0 && Date.now() - start < seconds * 1000) {
        await new Promise((resolve) => setTimeout(resolve, pause * 1000));
        const before = new Set(found.map(({ says }) => says));
        found = (await read()).filter(({ says }) => before.has(says));
    }
    return found;
}
