import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { chainOf, day, hasEnded, which } from "../../../components/apisix/certificate-chain";
import type { CheckContext, Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { isGiven, type Raw } from "../../unchecked";
import { DEFAULT_NODE_PORT } from "../../values";
import { DAY_MS } from "../consumers/credentials";

/** Each run warns about a certificate that expires in fewer days than this, since it should already be renewed. */
const WARN_DAYS = 30;
/** Shortest RSA key: OpenSSL rejects shorter keys at its default security level, in APISIX and in clients. */
const LEAST_RSA_BITS = 2048;
const CERTIFICATE = "tls.certificate";
const KEY = "tls.key";

/** Host names for TLS; empty if none is known. */
export function tlsHostnames(
    tls: { hostnames?: (string | undefined)[] } | undefined,
    azure: { hostname?: string } | undefined,
): string[] {
    return (tls?.hostnames ?? [azure?.hostname]).filter((name) => name !== undefined);
}

/** Checks the keys of `tls` against each other and against other keys. @param given the config before parsing */
export function tlsProblems(
    { tls, azure, gateway }: Sound<ParsedGatewayOption>,
    given: Raw,
    { isSecret, today }: CheckContext,
): string[] {
    if (!isGiven(given, "tls")) return [];
    if (gateway?.installer === "existing")
        return ["tls: only valid for a gateway that this stack installs (got installer existing). Remove it."];
    const problems: string[] = [];
    const names = tlsHostnames(tls, azure);
    if (names.length === 0 && tls?.hostnames === undefined)
        problems.push("tls.hostnames: required without azure.hostname. Name the hosts that callers use.");
    if (tls?.hostnames?.length === 0)
        problems.push("tls.hostnames: must name at least one host. Remove the key to use azure.hostname.");
    if (azure?.hostname !== undefined && names.length > 0 && !names.includes(azure.hostname))
        problems.push(
            `tls.hostnames: must include azure.hostname, ${azure.hostname} (got ${names.join(", ")}). Add it.`,
        );
    const nodePort = tls?.nodePort;
    if (nodePort === (gateway?.nodePort ?? DEFAULT_NODE_PORT))
        problems.push(`tls.nodePort: must differ from the port of HTTP (got ${nodePort} for both). Change one.`);
    const { certificate, key } = tls ?? {};
    if (key !== undefined && !isSecret("tls", key))
        problems.push(
            `${KEY}: must be stored encrypted (it is in the stack file in plain text). Run: pulumi config set --secret --path ${KEY} < tls.key`,
        );
    if (certificate !== undefined && certificate !== "")
        problems.push(...certificateProblems(certificate, key ?? "", names, today));
    return problems;
}

/** Warns of certificates that expire soon. */
export function tlsWarnings(certificate: string, today: Date): string[] {
    return chainOf(certificate).certificates.flatMap((one, i) => {
        const days = Math.floor((new Date(one.validTo).getTime() - today.getTime()) / DAY_MS);
        if (days >= WARN_DAYS || hasEnded(one, today)) return [];
        return [`${CERTIFICATE}: ${which(i)} expires in ${days} days, on ${day(one.validTo)}. Renew it.`];
    });
}

function certificateProblems(pem: string, keyPem: string, hostnames: string[], today: Date): string[] {
    if (/PRIVATE KEY-----/.test(pem))
        return [
            `${CERTIFICATE}: must contain only certificates (got a private key). Move the private key to ${KEY}, as a secret.`,
        ];
    const { certificates, unreadable } = chainOf(pem);
    if (unreadable !== undefined)
        return [`${CERTIFICATE}: must be certificates in PEM form (${unreadable}). Give the content of the file.`];
    const problems: string[] = [];
    const [leaf] = certificates;
    for (const [i, one] of certificates.entries()) {
        if (new Date(one.validFrom) > today)
            problems.push(
                `${CERTIFICATE}: ${which(i)} must be valid now (it is valid from ${day(one.validFrom)}). Wait until that day, or correct the clock.`,
            );
        const next = certificates[i + 1];
        if (next && !one.checkIssued(next))
            problems.push(
                `${CERTIFICATE}: each certificate must come before the certificate of its issuer (number ${i + 2} did not issue number ${i + 1}). Put the server's certificate first, then the intermediate certificates in order.`,
            );
    }
    for (const name of hostnames)
        if (leaf.checkHost(name, { subject: "never" }) === undefined)
            problems.push(
                `${CERTIFICATE}: must be valid for ${name} (it names ${namesOf(leaf)}). Order a certificate for that name.`,
            );
    return [...problems, ...keyProblems(leaf, keyPem)];
}

/** Problems of the private key. They never quote it. */
function keyProblems(leaf: X509Certificate, pem: string): string[] {
    if (pem === "") return []; // The schema already reports an empty key.
    if (/ENCRYPTED/.test(pem))
        return [
            `${KEY}: must be a key without a passphrase, since APISIX cannot enter one. Decrypt the key with: openssl pkey`,
        ];
    let key: KeyObject;
    try {
        key = createPrivateKey(pem);
    } catch {
        return [`${KEY}: must be a private key in PEM form. Give the content of the file.`];
    }
    if (!leaf.checkPrivateKey(key))
        return [`${KEY}: must be the key of the first certificate. Set the matching key and certificate.`];
    const bits = key.asymmetricKeyDetails?.modulusLength;
    if (key.asymmetricKeyType === "rsa" && bits !== undefined && bits < LEAST_RSA_BITS)
        return [
            `${KEY}: must have ${LEAST_RSA_BITS} bits or more, since it is an RSA key (got ${bits}). Create a longer key, and order a certificate for it.`,
        ];
    return [];
}

function namesOf({ subjectAltName }: X509Certificate): string {
    return subjectAltName?.replaceAll("DNS:", "") ?? "none";
}
