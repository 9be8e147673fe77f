import type { GatewayClusterArgs } from "../../components/gateway-args";
import { chainOf, endedIn } from "../../components/apisix/certificate-chain";
import { tlsSecret } from "../../components/apisix/tls";
import { problem, warning, type Finding } from "../findings";
import type { ClusterView } from "./cluster";

/**
 * Rejects a new certificate that has expired, because every TLS handshake would fail. If the expired certificate is already
 * in use, there is only a warning, so that credentials can still be revoked.
 * @param cluster undefined before the cluster exists
 */
export async function endedCertificate(
    { tls, namespace }: Pick<GatewayClusterArgs, "tls" | "namespace">,
    cluster?: ClusterView,
): Promise<Finding[]> {
    if (tls?.source.kind !== "files") return [];
    const ended = endedIn(chainOf(tls.source.certificate).certificates, new Date());
    if (ended.length === 0) return [];
    // The Secret's name contains the certificate's hash, so it exists only if this certificate was applied.
    const secret = { apiVersion: "v1", kind: "Secret", namespace, name: tlsSecret(tls.source) };
    const isServed = (await cluster?.read(secret)) !== undefined;
    return ended.map(({ name, on }) =>
        (isServed ? warning : problem)(`tls.certificate: ${name} expired on ${on}. Renew it.`),
    );
}
