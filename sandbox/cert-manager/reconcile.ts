/** What cert-manager's stand-in does with one Certificate. */
import type { V1Secret } from "@kubernetes/client-node";
import type { Rest } from "../rampart/rest";
import { sign, type Pair } from "./sign";

/** Namespace of cert-manager, where a ClusterIssuer has its Secrets. */
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

export async function reconcile(rest: Rest, certificate: Certificate, issuers: Issuer[]): Promise<void> {
    const { metadata, spec, status } = certificate;
    const refused = notImitated(certificate);
    if (refused !== undefined) return say(rest, certificate, [ready(false, "NotImitated", `sandbox: ${refused}`)]);
    const path = `/api/v1/namespaces/${metadata.namespace}/secrets/${spec.secretName}`;
    const secret = await rest.find<V1Secret>(path);
    const wanted = annotations(certificate);
    const manually = status?.conditions?.some((c) => c.type === "Issuing" && c.reason === MANUAL);
    const stale = Object.entries(wanted).some(([key, value]) => secret?.metadata?.annotations?.[key] !== value);
    if (!stale && !manually)
        return say(rest, certificate, [ready(true, "Ready", "Certificate is up to date and has not expired")]);
    const why = secret
        ? ["SecretMismatch", "Issuing certificate as Secret was previously issued for other values"]
        : ["DoesNotExist", "Issuing certificate as Secret does not exist"];
    // A certificate that is renewed is good until then.
    if (!manually) {
        const [reason, message] = why;
        const issuing = { type: "Issuing", status: "True", reason, message };
        await say(rest, certificate, [ready(false, reason, message), issuing]);
    }
    const authority = await authorityOf(rest, certificate, issuers);
    // As in reality it goes on waiting: the issuer may come later.
    if (authority === undefined) return;
    const { certificate: pem, key, notBefore, notAfter } = await sign(spec.dnsNames!, authority);
    await rest.apply(path, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: {
            name: spec.secretName,
            namespace: metadata.namespace,
            annotations: wanted,
            labels: { "controller.cert-manager.io/fao": "true" },
        },
        type: "kubernetes.io/tls",
        stringData: { "tls.crt": pem, "tls.key": key, "ca.crt": authority.certificate },
    });
    const renewal = new Date(notAfter.getTime() - (notAfter.getTime() - notBefore.getTime()) / 3);
    await say(rest, certificate, [ready(true, "Ready", "Certificate is up to date and has not expired")], {
        notBefore: notBefore.toISOString(),
        notAfter: notAfter.toISOString(),
        renewalTime: renewal.toISOString(),
        revision: (status?.revision ?? 0) + 1,
    });
}

function notImitated({ spec }: Certificate): string | undefined {
    const { algorithm = "RSA", encoding = "PKCS1", rotationPolicy = "Always", size = 256 } = spec.privateKey ?? {};
    if (!spec.dnsNames?.length) return "a Certificate without dnsNames is not imitated";
    if (algorithm !== "ECDSA" || size !== 256 || encoding !== "PKCS1" || rotationPolicy !== "Always")
        return "another private key than ECDSA 256, in PKCS1, made anew each time, is not imitated";
    if ((spec.issuerRef.group ?? "cert-manager.io") !== "cert-manager.io") return "issuers of others are not imitated";
    return undefined;
}

/** What the Secret says of its certificate, and by which another one is noticed. */
function annotations({ metadata, spec }: Certificate): Record<string, string> {
    const { name, kind = "Issuer", group = "" } = spec.issuerRef;
    const prefix = "cert-manager.io/";
    return {
        [`${prefix}alt-names`]: spec.dnsNames!.join(","),
        [`${prefix}certificate-name`]: metadata.name,
        [`${prefix}common-name`]: "",
        [`${prefix}ip-sans`]: "",
        [`${prefix}issuer-group`]: group,
        [`${prefix}issuer-kind`]: kind,
        [`${prefix}issuer-name`]: name,
        [`${prefix}uri-sans`]: "",
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

/** Writes the conditions, and nothing where they are there already: every write brings another look. */
async function say(rest: Rest, certificate: Certificate, wanted: Condition[], more: object = {}): Promise<void> {
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
    await rest.call("PATCH", path, { status: { ...more, conditions } });
}
