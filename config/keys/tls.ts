import * as z from "zod";
import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { chainOf, day, hasEnded, which } from "../../components/apisix/certificate-chain";
import { type CheckContext, at, type Problems, type Sound } from "../cross-check";
import { DAY_MS } from "./consumers/credentials";
import type { ParsedGatewayOption } from "./gateway-option";
import { isGiven, type Raw } from "../unchecked";
import { dnsLabel, hostName, nodePort, text, DEFAULT_NODE_PORT } from "../values";
import { optional } from "../schema";

const DEFAULT_TLS_NODE_PORT = 30843;

export const tls = z
    .strictObject({
        certificate: optional(text("certificates in PEM form"), {
            description: "A certificate of your own in PEM form, followed by its intermediate certificates in order.",
            examples: ["-----BEGIN CERTIFICATE-----…"],
            unset: "not set; `issuer` is set instead",
        }),
        key: text("a private key in PEM form").meta({ secret: "tls.key" }).optional().meta({
            description: "Private key of `certificate` in PEM form, as a secret, without a passphrase.",
            unset: "not set; `issuer` is set instead",
        }),
        issuer: dnsLabel.optional().meta({
            description:
                "Name of the ClusterIssuer with which cert-manager in the cluster issues and renews a certificate.",
            examples: ["letsencrypt"],
            unset: "not set; `certificate` and `key` are set instead",
        }),
        hostnames: optional(z.array(hostName), {
            description: "Host names that TLS is served for. Callers must use one of them.",
            examples: [["llm.example.com"]],
            unset: "`azure.hostname`",
        }),
        nodePort: nodePort(DEFAULT_TLS_NODE_PORT).default(DEFAULT_TLS_NODE_PORT).meta({
            description: "Port of HTTPS on every node.",
            reason: "A fixed port lets a load balancer be set up before the first run.",
        }),
        redirect: z.boolean().default(true).meta({
            description:
                "Whether HTTP redirects to HTTPS. With `false` callers can use both, and keys that they send over HTTP can be read on the network.",
            reason: "Callers that still use HTTP are moved to HTTPS.",
        }),
    })
    .refine(
        ({ certificate, key, issuer }) =>
            issuer !== undefined
                ? certificate === undefined && key === undefined
                : certificate !== undefined && key !== undefined,
        { error: "must have either certificate and key, or issuer. Set one of them." },
    )
    .optional()
    .meta({
        description: "TLS at the gateway, with exposure `direct`.",
        examples: [{ hostnames: ["llm.example.com"], issuer: "letsencrypt" }],
        unset: "the gateway serves HTTP",
    });

/** Each run warns about a certificate that expires in fewer days than this, since it should already be renewed. */
const WARN_DAYS = 30;
/** Shortest RSA key: OpenSSL rejects shorter keys at its default security level, in APISIX and in clients. */
const LEAST_RSA_BITS = 2048;
const CERTIFICATE = ["tls", "certificate"];

/** Host names for TLS; empty if none is known. */
export function tlsHostnames(
    tls: { hostnames?: (string | undefined)[] } | undefined,
    azure: { hostname?: string } | undefined,
): string[] {
    return (tls?.hostnames ?? [azure?.hostname]).filter((name) => name !== undefined);
}

export function* tlsProblems(
    { tls: { hostnames, nodePort, certificate = "", key } = {}, azure, gateway }: Sound<ParsedGatewayOption>,
    given: Raw,
    { today }: Pick<CheckContext, "today">,
): Problems {
    if (!isGiven(given, "tls") || gateway?.installer === "existing") return;
    const names = tlsHostnames({ hostnames }, azure);
    if (names.length === 0)
        yield at`${["tls", "hostnames"]}: ${
            hostnames === undefined
                ? "required without azure.hostname. Name the hosts that callers use."
                : "must name at least one host. Remove the key to use azure.hostname."
        }`;
    else if (azure?.hostname !== undefined && !names.includes(azure.hostname))
        yield at`${["tls", "hostnames"]}: must include azure.hostname, ${azure.hostname} (got ${names.join(", ")}). Add it.`;
    if (nodePort === (gateway?.nodePort ?? DEFAULT_NODE_PORT))
        yield at`${["tls", "nodePort"]}: must differ from the port of HTTP (got ${nodePort} for both). Change one.`;
    if (certificate !== "") yield* certificateProblems(certificate, key ?? "", names, today);
}

export function* tlsWarnings(certificate: string, today: Date): Iterable<string> {
    for (const [i, one] of chainOf(certificate).certificates.entries()) {
        const days = Math.floor((new Date(one.validTo).getTime() - today.getTime()) / DAY_MS);
        if (days < WARN_DAYS && !hasEnded(one, today))
            yield `tls.certificate: ${which(i)} expires in ${days} days, on ${day(one.validTo)}. Renew it.`;
    }
}

function* certificateProblems(pem: string, keyPem: string, hostnames: string[], today: Date): Problems {
    const { certificates, unreadable } = chainOf(pem);
    if (/PRIVATE KEY-----/.test(pem))
        yield at`${CERTIFICATE}: must contain only certificates (got a private key). Move the private key to tls.key, as a secret.`;
    else if (unreadable !== undefined)
        yield at`${CERTIFICATE}: must be certificates in PEM form (${unreadable}). Give the content of the file.`;
    else {
        yield* chainProblems(certificates, today);
        const [leaf] = certificates;
        for (const name of hostnames)
            if (leaf.checkHost(name, { subject: "never" }) === undefined)
                yield at`${CERTIFICATE}: must be valid for ${name} (it names ${namesOf(leaf)}). Order a certificate for that name.`;
        const wrong = keyProblem(leaf, keyPem);
        if (wrong !== undefined) yield at`${["tls", "key"]}: ${wrong}`;
    }
}

function* chainProblems(certificates: X509Certificate[], today: Date): Problems {
    for (const [i, one] of certificates.entries()) {
        if (new Date(one.validFrom) > today)
            yield at`${CERTIFICATE}: ${which(i)} must be valid now (it is valid from ${day(one.validFrom)}). Wait until that day, or correct the clock.`;
        const next = certificates[i + 1];
        if (next && !one.checkIssued(next))
            yield at`${CERTIFICATE}: each certificate must come before the certificate of its issuer (number ${i + 2} did not issue number ${i + 1}). Put the server's certificate first, then the intermediate certificates in order.`;
    }
}

/** Problem of the private key; undefined if there is none. It never quotes the key. */
function keyProblem(leaf: X509Certificate, pem: string): string | undefined {
    if (pem === "") return undefined; // The schema already reports an empty key.
    if (/ENCRYPTED/.test(pem))
        return "must be a key without a passphrase, since APISIX cannot enter one. Decrypt the key with: openssl pkey";
    let key: KeyObject;
    try {
        key = createPrivateKey(pem);
    } catch {
        return "must be a private key in PEM form. Give the content of the file.";
    }
    if (!leaf.checkPrivateKey(key))
        return "must be the key of the first certificate. Set the matching key and certificate.";
    const bits = key.asymmetricKeyDetails?.modulusLength;
    if (key.asymmetricKeyType === "rsa" && bits !== undefined && bits < LEAST_RSA_BITS)
        return `must have ${LEAST_RSA_BITS} bits or more, since it is an RSA key (got ${bits}). Create a longer key, and order a certificate for it.`;
    return undefined;
}

function namesOf({ subjectAltName }: X509Certificate): string {
    return subjectAltName?.replaceAll("DNS:", "") ?? "none";
}
