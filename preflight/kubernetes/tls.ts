import type { GatewayClusterArgs } from "../../components/gateway-cluster";
import { ROUTE } from "../../components/route/route-served";
import { chainOf, endedIn } from "../../components/apisix/certificate-chain";
import { titleOf } from "../../components/kubernetes/cluster-reader";
import { REDIRECT } from "../../components/route/plugin-chain";
import { tlsSecret } from "../../components/apisix/tls";
import { absent } from "./checks";
import type { ClusterView } from "./cluster";
import { definition } from "./crds";
import { NO_FINDINGS, type Findings } from "../findings";

/** Requires cert-manager, since an `up` without its CRDs would fail half-way. */
export async function certManager({ tls, namespace }: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    if (tls?.source.kind !== "cert-manager") return [];
    const kinds = [definition("certificates.cert-manager.io")];
    if ((await absent(cluster, kinds)).length > 0)
        return [
            `tls.certificate.certManager: needs cert-manager in the cluster (${kinds.map(titleOf)[0]} is missing). Install cert-manager, or set tls.certificate.files.`,
        ];
    const { kind, name } = tls.source.issuer;
    const issuer = {
        apiVersion: "cert-manager.io/v1",
        kind,
        name,
        ...(kind === "Issuer" ? { namespace } : {}),
    };
    const missing = await absent(cluster, [issuer]);
    return missing.map(
        (o) => `tls.certificate.certManager.issuer: ${titleOf(o)} does not exist. Correct the name, or create it.`,
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

/**
 * Rejects the removal of TLS while the route still redirects callers to HTTPS. The HTTPS port would close before the
 * redirect ends, so callers would be redirected to a closed port.
 */
export async function redirectLeft(settings: GatewayClusterArgs, cluster: ClusterView): Promise<string[]> {
    const { gateway, tls, namespace } = settings;
    // Without a node port for HTTP there is no redirect.
    if (tls !== undefined || gateway.installer === "existing" || gateway.release.nodePort === undefined) return [];
    const route = await cluster.read({
        apiVersion: "apisix.apache.org/v2",
        kind: "ApisixRoute",
        namespace,
        name: ROUTE,
    });
    const { http = [] } = (route?.spec ?? {}) as { http?: { plugins?: { name: string }[] }[] };
    if (!http.some(({ plugins = [] }) => plugins.some(({ name }) => name === REDIRECT))) return [];
    return [
        "tls: cannot be removed while HTTP redirects callers to HTTPS, because the HTTPS port would close first. Restore tls, set tls.redirect to false (and exposure to direct), run pulumi up, and then remove tls.",
    ];
}
