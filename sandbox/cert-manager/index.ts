/**
 * Stand-in for cert-manager 1.18 on a sandbox cluster: kinds, a controller, and issuers of kind `ca`. Facts: its API types
 * (pkg/apis/certmanager/v1), the definitions it installs, and its documentation of issuing, renewal and the Secret.
 *
 *     const manager = await startCertManager({ kubeConfig, log });
 *     await manager.addAuthority("internal");   // a ClusterIssuer `internal` and the Secret behind it
 *     await manager.renew("llm", "alpa-tls");   // as `cmctl renew`
 *
 * Imitated: an Issuer takes its Secret from its own namespace, a ClusterIssuer from `cert-manager`; a Certificate is not Ready and
 * Issuing while it waits, for an issuer that is not there too; the Secret has the type, annotations and label of the real one and
 * stays when the Certificate goes; changed names or another issuer are a new certificate; each one has a new key; what was issued
 * is in `status`.
 *
 * Refused: every other issuer and field by the definitions, which do not know them; another private key than ECDSA 256 that
 * is made anew each time, and a Certificate without names, in the condition Ready with the reason NotImitated. Not imitated:
 * CertificateRequests, backoff, the webhook, renewal by time, a Secret that somebody deletes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { ApiError } from "../rampart/api";
import { installDefinitions, type NewDefinition } from "../rampart/install";
import { Rest } from "../rampart/rest";
import { makeAuthority } from "./sign";
import { HOME, reconcile, type Certificate, type Issuer } from "./reconcile";

const DEFINITIONS = join(__dirname, "../crds/cert-manager");
const GROUP = "/apis/cert-manager.io/v1";
/** How long one watch lasts, in seconds. */
const WATCH_SECONDS = 300;

export interface CertManagerOptions {
    kubeConfig: KubeConfig;
    log?: (line: string) => void;
}

export interface CertManager {
    /** Makes a ClusterIssuer with an authority of its own. @returns that one's certificate, for callers to trust */
    addAuthority(name: string): Promise<string>;
    /** Has a certificate issued anew, as `cmctl renew` does. */
    renew(namespace: string, name: string): Promise<void>;
    close(): Promise<void>;
}

export async function startCertManager({
    kubeConfig,
    log = () => undefined,
}: CertManagerOptions): Promise<CertManager> {
    const rest = new Rest(kubeConfig);
    await installDefinitions(rest, definitions());
    const stop = new AbortController();
    let dirty = true;
    let wake = () => {};
    const changed = () => {
        dirty = true;
        wake();
    };
    const watched = ["certificates", "issuers", "clusterissuers"].map((plural) =>
        watching(rest, `${GROUP}/${plural}`, changed, stop.signal),
    );
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
                // An object that changed or went meanwhile: the change itself brings another look.
                if (stop.signal.aborted) return;
                if (!(error instanceof ApiError && [404, 409].includes(error.status)))
                    log(`cert-manager: ${(error as Error).message.split("\n")[0]}`);
            }
        }
    })();
    return {
        addAuthority: (name) => addAuthority(rest, name),
        renew: (namespace, name) => renew(rest, namespace, name),
        close: async () => {
            stop.abort();
            wake();
            await Promise.all([working, ...watched]);
        },
    };
}

function definitions(): NewDefinition[] {
    return readdirSync(DEFINITIONS).map(
        (file) => parse(readFileSync(join(DEFINITIONS, file), "utf8")) as NewDefinition,
    );
}

async function watching(rest: Rest, path: string, changed: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
        await rest.watch(path, WATCH_SECONDS, () => changed(), signal).catch(() => undefined);
        // A watch that could not be opened is opened again, and what happened meanwhile is looked at.
        if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 200));
        changed();
    }
}

async function addAuthority(rest: Rest, name: string): Promise<string> {
    const { certificate, key } = await makeAuthority(name);
    await rest.apply(`/api/v1/namespaces/${HOME}`, { apiVersion: "v1", kind: "Namespace", metadata: { name: HOME } });
    await rest.apply(`/api/v1/namespaces/${HOME}/secrets/${name}`, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: HOME },
        type: "kubernetes.io/tls",
        stringData: { "tls.crt": certificate, "tls.key": key },
    });
    await rest.apply(`${GROUP}/clusterissuers/${name}`, {
        apiVersion: "cert-manager.io/v1",
        kind: "ClusterIssuer",
        metadata: { name },
        spec: { ca: { secretName: name } },
    });
    return certificate;
}

async function renew(rest: Rest, namespace: string, name: string): Promise<void> {
    const path = `${GROUP}/namespaces/${namespace}/certificates/${name}`;
    const { status, metadata } = await rest.call<Certificate>("GET", path);
    const triggered = {
        type: "Issuing",
        status: "True",
        reason: "ManuallyTriggered",
        message: "Certificate re-issuance manually triggered",
        observedGeneration: metadata.generation,
        lastTransitionTime: new Date().toISOString(),
    };
    const conditions = [...(status?.conditions ?? []).filter(({ type }) => type !== "Issuing"), triggered];
    await rest.call("PATCH", `${path}/status`, { status: { conditions } });
}
