/**
 * The real cert-manager 1.18 on a sandbox cluster, with its own CRDs and an issuer.
 *
 *     const manager = await startCertManager(ground, { kubeConfig, kubeconfigPath, issuer: "internal", found });
 *     await manager.renew("llm", "alpa-tls"); // as `cmctl renew`
 */
import type { KubeConfig } from "@kubernetes/client-node";
import { generate } from "selfsigned";
import { installDefinitions } from "../rampart/kubernetes/install";
import { Rest } from "../rampart/kubernetes/rest";
import type { Found } from "./parts";
import type { Ground } from "./run";
import { certManagerDefinitions } from "./cert-manager-crds";
import { startRealCertManager } from "./cert-manager";

const GROUP = "/apis/cert-manager.io/v1";
/** Namespace of cert-manager. The Secrets of ClusterIssuers are in it. */
const HOME = "cert-manager";

interface CertManagerOptions {
    kubeConfig: KubeConfig;
    /** Path of the same kubeconfig. */
    kubeconfigPath: string;
    /** Name of a ClusterIssuer, which is created with a new CA. */
    issuer: string;
    found: Found;
}

interface Certificate {
    metadata: { generation: number };
    status?: { conditions?: { type: string }[] };
}

export interface CertManager {
    /** CA certificate of the issuer in PEM form, which callers must trust. */
    authority: string;
    /** Renews a certificate, as `cmctl renew` does. */
    renew(namespace: string, name: string): Promise<void>;
    close(): Promise<void>;
}

export async function startCertManager(
    ground: Ground,
    { kubeConfig, kubeconfigPath, issuer, found }: CertManagerOptions,
): Promise<CertManager> {
    const rest = new Rest(kubeConfig);
    await installDefinitions(rest, certManagerDefinitions(found.paths.crds));
    await rest.apply(`/api/v1/namespaces/${HOME}`, { apiVersion: "v1", kind: "Namespace", metadata: { name: HOME } });
    const controller = await startRealCertManager(ground, { found, kubeconfigPath });
    try {
        return {
            authority: await addAuthority(rest, issuer),
            renew: (namespace, name) => renew(rest, namespace, name),
            close: () => controller.close(),
        };
    } catch (error) {
        await controller.close();
        throw error;
    }
}

async function addAuthority(rest: Rest, name: string): Promise<string> {
    const { cert: certificate, private: key } = await generate([{ name: "commonName", value: name }], {
        algorithm: "sha256",
        keyType: "ec",
        curve: "P-256",
        extensions: [{ name: "basicConstraints", cA: true, critical: true }],
    });
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
