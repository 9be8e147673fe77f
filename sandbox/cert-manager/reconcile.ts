/** Reconciles one Certificate as cert-manager does. */
import { X509Certificate } from "node:crypto";
import type { V1Secret } from "@kubernetes/client-node";
import type { Rest } from "../rampart/kubernetes/rest";
import { sign, type Pair } from "./sign";

/** Namespace of cert-manager. The Secrets of ClusterIssuers are in it. */
export const HOME = "cert-manager";

interface Condition {
    type: string;
    status: string;
    reason: string;
    message: string;
    observedGeneration?: number;
    lastTransitionTime?: string;
}

export interface Certificate {
    metadata: { name: string; namespace: string; generation: number };
    spec: {
        secretName: string;
        dnsNames?: string[];
        issuerRef: { group?: string; kind?: string; name: string };
        privateKey?: { algorithm?: string; encoding?: string; rotationPolicy?: string; size?: number };
    };
    status?: { conditions?: Condition[]; revision?: number };
}

export interface Issuer {
    kind: string;
    metadata: { name: string; namespace?: string };
    spec: { ca?: { secretName: string } };
}

const MANUAL = "ManuallyTriggered";
const OWN_GROUP = "cert-manager.io";
/** Prefix of cert-manager's annotations on a Secret. */
const PREFIX = "cert-manager.io/";
const UP_TO_DATE = ready(true, "Ready", "Certificate is up to date and has not expired");

export async function reconcile(rest: Rest, certificate: Certificate, issuers: Issuer[]): Promise<void> {
    const { metadata, spec, status } = certificate;
    const refused = unsupported(certificate);
    if (refused !== undefined)
        return say(rest, certificate, [ready(false, "Unsupported", `unsupported by the sandbox: ${refused}`)]);
    const path = `/api/v1/namespaces/${metadata.namespace}/secrets/${spec.secretName}`;
    const secret = await rest.find<V1Secret>(path);
    const manually = status?.conditions?.some((c) => c.type === "Issuing" && c.reason === MANUAL);
    const stale = staleness(certificate, secret);
    if (stale === undefined && !manually) return say(rest, certificate, [UP_TO_DATE], { times: timesOf(secret!) });
    // During a renewal, Ready stays true, because the old certificate is still valid.
    if (stale !== undefined) {
        const [reason, message] = stale;
        const issuing = { type: "Issuing", status: "True", reason, message };
        const times = secret === undefined ? NO_TIMES : timesOf(secret);
        await say(rest, certificate, [ready(false, reason, message), issuing], { times });
    }
    const authority = await authorityOf(rest, certificate, issuers);
    // The Certificate waits, as in cert-manager: the issuer may be created later.
    if (authority === undefined) return;
    const { certificate: pem, key } = await sign(spec.dnsNames!, authority);
    await rest.apply(path, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
            name: spec.secretName,
            namespace: metadata.namespace,
            annotations: annotations(certificate),
            labels: { "controller.cert-manager.io/fao": "true" },
        },
        type: "kubernetes.io/tls",
        stringData: { "tls.crt": pem, "tls.key": key, "ca.crt": authority.certificate },
    });
    const revision = (status?.revision ?? 0) + 1;
    await say(rest, certificate, [UP_TO_DATE], { times: timesIn(pem), revision });
}

/** Reason and message if a new certificate must be issued; undefined if the one in the Secret is up to date. */
function staleness(
    { metadata, spec, status }: Certificate,
    secret: V1Secret | undefined,
): [string, string] | undefined {
    if (secret === undefined) return ["DoesNotExist", "Issuing certificate as Secret does not exist"];
    const said = (name: string) => secret.metadata?.annotations?.[`${PREFIX}${name}`] ?? "";
    const issuer = (name: string, kind?: string, group?: string) => `${kind || "Issuer"}.${group || OWN_GROUP}/${name}`;
    const [before, after] = [
        issuer(said("issuer-name"), said("issuer-kind"), said("issuer-group")),
        issuer(spec.issuerRef.name, spec.issuerRef.kind, spec.issuerRef.group),
    ];
    if (before !== after)
        return ["IncorrectIssuer", `Issuing certificate as Secret was previously issued by "${before}"`];
    const owner = said("certificate-name");
    if (owner !== metadata.name)
        return [
            "IncorrectCertificate",
            `Secret was issued for "${owner}". If this message is not transient, you might have two conflicting Certificates pointing to the same secret.`,
        ];
    const names = (all: string[]) => all.slice().sort().join();
    if (names(said("alt-names").split(",")) === names(spec.dnsNames!)) return undefined;
    // Until cert-manager has issued a certificate, it compares the Secret with the spec. After that, it compares the
    // CertificateRequest with the spec.
    return status?.revision === undefined
        ? [
              "SecretMismatch",
              "Issuing certificate as Existing issued Secret is not up to date for spec: [spec.dnsNames]",
          ]
        : ["RequestChanged", "Fields on existing CertificateRequest resource not up to date: [spec.dnsNames]"];
}

/** The validity times in a Certificate's status. */
type Times = Record<"notBefore" | "notAfter" | "renewalTime", string | null>;

const NO_TIMES: Times = { notBefore: null, notAfter: null, renewalTime: null };

function timesOf(secret: V1Secret): Times {
    return timesIn(Buffer.from(secret.data?.["tls.crt"] ?? "", "base64").toString());
}

function timesIn(pem: string): Times {
    const { validFrom, validTo } = new X509Certificate(pem);
    const [notBefore, notAfter] = [new Date(validFrom), new Date(validTo)];
    const renewalTime = new Date(notAfter.getTime() - (notAfter.getTime() - notBefore.getTime()) / 3);
    return {
        notBefore: notBefore.toISOString(),
        notAfter: notAfter.toISOString(),
        renewalTime: renewalTime.toISOString(),
    };
}

function unsupported({ spec }: Certificate): string | undefined {
    const { algorithm = "RSA", encoding = "PKCS1", rotationPolicy = "Always", size = 256 } = spec.privateKey ?? {};
    if (!spec.dnsNames?.length) return "a Certificate without dnsNames";
    if (algorithm !== "ECDSA" || size !== 256 || encoding !== "PKCS1" || rotationPolicy !== "Always")
        return "a privateKey that is not ECDSA of size 256 with encoding PKCS1 and rotationPolicy Always";
    if ((spec.issuerRef.group ?? OWN_GROUP) !== OWN_GROUP) return `an issuerRef with a group other than ${OWN_GROUP}`;
    return undefined;
}

/** Annotations of the Secret. They name the Certificate and the issuer for which the certificate in it was issued. */
function annotations({ metadata, spec }: Certificate): Record<string, string> {
    const { name, kind = "Issuer", group = "" } = spec.issuerRef;
    return {
        [`${PREFIX}alt-names`]: spec.dnsNames!.join(","),
        [`${PREFIX}certificate-name`]: metadata.name,
        [`${PREFIX}common-name`]: "",
        [`${PREFIX}ip-sans`]: "",
        [`${PREFIX}issuer-group`]: group,
        [`${PREFIX}issuer-kind`]: kind,
        [`${PREFIX}issuer-name`]: name,
        [`${PREFIX}uri-sans`]: "",
    };
}

async function authorityOf(rest: Rest, { metadata, spec }: Certificate, issuers: Issuer[]): Promise<Pair | undefined> {
    const { kind = "Issuer", name } = spec.issuerRef;
    const namespace = kind === "Issuer" ? metadata.namespace : undefined;
    const issuer = issuers.find(
        (one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace,
    );
    if (!issuer?.spec.ca) return undefined;
    const path = `/api/v1/namespaces/${namespace ?? HOME}/secrets/${issuer.spec.ca.secretName}`;
    const secret = await rest.find<V1Secret>(path);
    const text = (key: string) => Buffer.from(secret?.data?.[key] ?? "", "base64").toString();
    return secret && { certificate: text("tls.crt"), key: text("tls.key") };
}

function ready(yes: boolean, reason: string, message: string): Condition {
    return { type: "Ready", status: yes ? "True" : "False", reason, message };
}

/**
 * Writes the conditions and the other fields of the status, but only if the conditions differ: every write triggers another
 * reconciliation.
 */
async function say(
    rest: Rest,
    certificate: Certificate,
    wanted: Condition[],
    { times, ...more }: { times?: Times; revision?: number } = {},
): Promise<void> {
    const { namespace, name, generation } = certificate.metadata;
    const before = certificate.status?.conditions ?? [];
    const same = (a: Condition, b?: Condition) =>
        b !== undefined && a.status === b.status && a.reason === b.reason && b.observedGeneration === generation;
    const known = (one: Condition) => before.find(({ type }) => type === one.type);
    if (before.length === wanted.length && wanted.every((one) => same(one, known(one)))) return;
    const conditions = wanted.map((one) => ({
        ...one,
        observedGeneration: generation,
        lastTransitionTime:
            known(one)?.status === one.status ? known(one)!.lastTransitionTime : new Date().toISOString(),
    }));
    const path = `/apis/cert-manager.io/v1/namespaces/${namespace}/certificates/${name}/status`;
    await rest.call("PATCH", path, { status: { ...times, ...more, conditions } });
}
