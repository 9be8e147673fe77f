import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Awaited, type AcceptSettings } from "../kubernetes/awaited";
import type { GatewayBinding } from "./wiring";
import { generationOf } from "../kubernetes/generation";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { credentialMetadata, metadata } from "../kubernetes/ownership";
import { secretData } from "../kubernetes/secret-data";
import type { Meaning } from "../meaning/plain";

/** Source of a certificate. */
type CertificateSource =
    /** Certificate and private key in PEM form; the key is a secret. */
    | { kind: "files"; certificate: string; key: pulumi.Output<string> }
    /** ClusterIssuer of cert-manager, which issues and renews the certificate. */
    | { kind: "cert-manager"; issuer: string };

/** TLS settings of the gateway. */
export interface GatewayTlsSettings {
    /** Host names of the certificate. The TLS handshake fails for a caller with another name or without SNI. */
    hostnames: string[];
    source: CertificateSource;
    /** Whether the gateway redirects HTTP requests to HTTPS. */
    redirect: boolean;
}

export interface GatewayTlsArgs extends Omit<GatewayTlsSettings, "redirect"> {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    /** Namespace of the route, and of the certificate. */
    namespace: string;
    binding: GatewayBinding;
    cluster: ClusterAccess;
    readiness: AcceptSettings;
}

/** Name of the Certificate, and of the Secret that cert-manager fills for it. */
const TLS_CERTIFICATE = "alpa-tls";
/** Name of the ApisixTls. */
const TLS_OBJECT = "alpa";
/** Longest wait for cert-manager, in seconds: an issuer with a DNS challenge waits for DNS. */
const ISSUE_SECONDS = 600;

/** The certificate that the gateway presents, and its host names. */
export class GatewayTls extends pulumi.ComponentResource {
    constructor(name: string, args: GatewayTlsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:GatewayTls", name, args.meaning, opts);
        const { namespace, binding, cluster, readiness, hostnames, source } = args;

        const certificate =
            source.kind === "files" ? this.given(name, namespace, source) : this.issued(name, args, source.issuer);
        const object = new k8s.apiextensions.CustomResource(
            `${name}-served`,
            {
                apiVersion: "apisix.apache.org/v2",
                kind: "ApisixTls",
                metadata: metadata(TLS_OBJECT, namespace),
                spec: renderTls({
                    ingressClass: binding.ingressClass,
                    ...{ namespace, hostnames, secret: tlsSecret(source) },
                }),
            },
            { parent: this, dependsOn: certificate },
        );
        new Awaited(
            `${name}-accepted`,
            {
                cluster,
                object: { apiVersion: "apisix.apache.org/v2", kind: "ApisixTls", namespace, name: TLS_OBJECT },
                until: { kind: "condition", type: "Accepted" },
                generation: generationOf(object),
                timeoutSeconds: readiness.acceptTimeoutSeconds,
                settleSeconds: readiness.settleSeconds,
            },
            { parent: this, dependsOn: object },
        );
        this.registerOutputs({});
    }

    private given(
        name: string,
        namespace: string,
        source: Extract<CertificateSource, { kind: "files" }>,
    ): pulumi.Resource {
        const { certificate, key } = source;
        return new k8s.core.v1.Secret(
            `${name}-secret`,
            {
                metadata: credentialMetadata(tlsSecret(source), namespace),
                type: "kubernetes.io/tls",
                data: secretData({ "tls.crt": certificate, "tls.key": key }),
            },
            { parent: this },
        );
    }

    private issued(name: string, { namespace, cluster, hostnames }: GatewayTlsArgs, issuer: string): pulumi.Resource {
        const apiVersion = "cert-manager.io/v1";
        const kind = "Certificate";
        const certificate = new k8s.apiextensions.CustomResource(
            `${name}-certificate`,
            {
                apiVersion,
                kind,
                metadata: metadata(TLS_CERTIFICATE, namespace),
                spec: renderCertificate(hostnames, issuer),
            },
            { parent: this },
        );
        return new Awaited(
            `${name}-issued`,
            {
                cluster,
                object: { apiVersion, kind, namespace, name: TLS_CERTIFICATE },
                // Condition Ready is False while cert-manager issues the certificate, so False is no error.
                until: { kind: "condition", type: "Ready", patient: true },
                generation: generationOf(certificate),
                timeoutSeconds: ISSUE_SECONDS,
            },
            { parent: this, dependsOn: certificate },
        );
    }
}

/** Spec of the ApisixTls. @param settings with the Secret of the certificate, in the same namespace */
function renderTls(settings: { namespace: string; ingressClass: string; hostnames: string[]; secret: string }) {
    const { namespace, ingressClass, hostnames, secret } = settings;
    return { ingressClassName: ingressClass, hosts: hostnames, secret: { name: secret, namespace } };
}

function renderCertificate(hostnames: string[], issuer: string) {
    return {
        secretName: TLS_CERTIFICATE,
        dnsNames: hostnames,
        issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: issuer },
        // Each renewal creates a new key. By default, older versions of cert-manager would keep the same key.
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
    };
}

/**
 * Name of the Secret with the certificate. The name depends on the certificate: the provider replaces a Secret whose data
 * changes, and with a fixed name it would first delete the Secret that is in use.
 */
export function tlsSecret(source: CertificateSource): string {
    if (source.kind === "cert-manager") return TLS_CERTIFICATE;
    return `alpa-tls-${createHash("sha256").update(source.certificate).digest("hex").slice(0, 10)}`;
}
