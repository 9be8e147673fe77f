/**
 * Controller of the emulator of cert-manager 1.18, with issuers of kind `ca`. Facts: cert-manager's API types
 * (pkg/apis/certmanager/v1), its CRDs, and its documentation of issuing, renewal and the Secret.
 *
 * Emulated: an Issuer takes its Secret from its own namespace, a ClusterIssuer from `cert-manager`. While a Certificate waits,
 * even for a missing issuer, it has the conditions Issuing and not Ready. The Secret has the type, annotations and label that
 * cert-manager sets. It stays when the Certificate is deleted, and is re-created when only the Secret is deleted. Changed names
 * or another issuer cause a new certificate, and each certificate has a new key. `status` describes the issued certificate.
 *
 * Rejected by the CRDs: all other kinds of issuers, and all other fields. Reported as Unsupported in the condition Ready:
 * private keys other than ECDSA 256 with rotation, and Certificates without names. Unsupported: CertificateRequests,
 * backoff, the webhook, renewal by time.
 */
import { ApiError } from "../rampart/kubernetes/api";
import type { Rest } from "../rampart/kubernetes/rest";
import { reconcile, type Certificate, type Issuer } from "./reconcile";

const GROUP = "/apis/cert-manager.io/v1";
/** Duration of one watch, in seconds. */
const WATCH_SECONDS = 300;

export function startController(rest: Rest, log: (line: string) => void): { close(): Promise<void> } {
    const stop = new AbortController();
    let dirty = true;
    let wake = () => {};
    const changed = () => {
        dirty = true;
        wake();
    };
    const paths = ["certificates", "issuers", "clusterissuers"].map((plural) => `${GROUP}/${plural}`);
    const watched = [...paths, "/api/v1/secrets"].map((path) => watching(rest, path, changed, stop.signal));
    const working = (async () => {
        while (!stop.signal.aborted) {
            if (!dirty) await new Promise<void>((resolve) => (wake = resolve));
            dirty = false;
            if (stop.signal.aborted) return;
            try {
                const list = async <T>(plural: string) =>
                    (await rest.call<{ items: T[] }>("GET", `${GROUP}/${plural}`)).items;
                const issuers = [
                    ...(await list<Issuer>("issuers")).map((one) => ({ ...one, kind: "Issuer" })),
                    ...(await list<Issuer>("clusterissuers")).map((one) => ({ ...one, kind: "ClusterIssuer" })),
                ];
                for (const one of await list<Certificate>("certificates")) await reconcile(rest, one, issuers);
            } catch (error) {
                // 404 or 409: another client has deleted or changed the object. The watch reports this and starts the next
                // reconciliation, so the error is not logged.
                if (stop.signal.aborted) return;
                if (!(error instanceof ApiError && [404, 409].includes(error.status)))
                    log(`cert-manager: ${(error as Error).message.split("\n")[0]}`);
            }
        }
    })();
    return {
        close: async () => {
            stop.abort();
            wake();
            await Promise.all([working, ...watched]);
        },
    };
}

async function watching(rest: Rest, path: string, changed: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
        await rest.watch(path, WATCH_SECONDS, () => changed(), signal).catch(() => undefined);
        // If the watch fails, the loop opens a new one. The next reconciliation finds changes between the two watches.
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 200));
        changed();
    }
}
