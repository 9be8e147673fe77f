import type { GatewayClusterArgs } from "../../components/gateway-cluster";
import { chainOf, endedIn } from "../../components/apisix/certificate-chain";
import { titleOf } from "../../components/kubernetes/cluster-reader";
import { tlsSecret } from "../../components/apisix/tls";
import { absent } from "./checks";
import type { ClusterView } from "./cluster";
import { NO_FINDINGS, type Findings } from "../findings";

/** Requires the issuer, and so cert-manager: without it, a run would wait for the certificate in vain. */
export async function certManager({ tls, namespace }: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    if (tls?.source.kind !== "cert-manager") return [];
    const { kind, name } = tls.source.issuer;
    const issuer = { apiVersion: "cert-manager.io/v1", kind, name, ...(kind === "Issuer" ? { namespace } : {}) };
    const missing = await absent(cluster, [issuer]);
    return missing.map(
        (o) =>
            `tls.certificate.certManager.issuer: ${titleOf(o)} does not exist. Install cert-manager, and create the issuer, or correct its name.`,
    );
}

/**
 * Rejects a new certificate that has expired, because every TLS handshake would fail. If the expired certificate is already
 * in use, there is only a warning, so that credentials can still be revoked.
 */
export async function endedCertificate(
    { tls, namespace }: GatewayClusterArgs,
    cluster: ClusterView,
): Promise<Findings> {
    const said = endedFiles(tls);
    if (tls === undefined || said.length === 0) return NO_FINDINGS;
    // The Secret's name contains the certificate's hash, so it exists only if this certificate was applied.
    const secret = { apiVersion: "v1", kind: "Secret", namespace, name: tlsSecret(tls.source) };
    const isServed = (await absent(cluster, [secret])).length === 0;
    return isServed ? { problems: [], warnings: said } : { problems: said, warnings: [] };
}

/** Rejects an expired certificate before the cluster exists. */
export function endedFiles(tls: GatewayClusterArgs["tls"]): string[] {
    if (tls?.source.kind !== "files") return [];
    return endedIn(chainOf(tls.source.certificate).certificates, new Date()).map(
        ({ name, on }) => `tls.certificate.files.certificate: ${name} expired on ${on}. Renew it.`,
    );
}
