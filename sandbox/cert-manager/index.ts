/**
 * cert-manager 1.18 on a sandbox cluster: the real controller with its own CRDs, or the emulator of controller.ts.
 *
 *     const manager = await startCertManager({ kubeConfig, issuer: "internal", log });
 *     await manager.renew("llm", "alpa-tls"); // as `cmctl renew`
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { installDefinitions, type NewDefinition } from "../rampart/kubernetes/install";
import { Rest } from "../rampart/kubernetes/rest";
import { startRealCertManager } from "../real/cert-manager";
import { certManagerDefinitions } from "../real/cert-manager-crds";
import type { Found } from "../real/parts";
import type { Ground } from "../real/run";
import { startController } from "./controller";
import { HOME, type Certificate } from "./reconcile";
import { makeAuthority } from "./sign";

const DEFINITIONS = join(__dirname, "../crds/cert-manager");
const GROUP = "/apis/cert-manager.io/v1";

interface CertManagerOptions {
    kubeConfig: KubeConfig;
    /** Name of a ClusterIssuer, which is created with a new CA. */
    issuer: string;
    /**
     * If set, the real controller is started, in this environment and with this kubeconfig file. @default the emulator
     */
    real?: { found: Found; ground: Ground; kubeconfigPath: string };
    log?: (line: string) => void;
}

export interface CertManager {
    /** CA certificate of the issuer in PEM form, which callers must trust. */
    authority: string;
    /** Renews a certificate, as `cmctl renew` does. */
    renew(namespace: string, name: string): Promise<void>;
    close(): Promise<void>;
}

export async function startCertManager({
    kubeConfig,
    issuer,
    real,
    log = () => undefined,
}: CertManagerOptions): Promise<CertManager> {
    const rest = new Rest(kubeConfig);
    await installDefinitions(rest, real ? certManagerDefinitions(real.found.paths.crds) : definitions());
    await rest.apply(`/api/v1/namespaces/${HOME}`, { apiVersion: "v1", kind: "Namespace", metadata: { name: HOME } });
    const controller = real ? await startRealCertManager(real.ground, real) : startController(rest, log);
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

function definitions(): NewDefinition[] {
    return readdirSync(DEFINITIONS).map(
        (file) => parse(readFileSync(join(DEFINITIONS, file), "utf8")) as NewDefinition,
    );
}

async function addAuthority(rest: Rest, name: string): Promise<string> {
    const { certificate, key } = await makeAuthority(name);
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
