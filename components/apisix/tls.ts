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

/** Certificate and private key in PEM form; the key is a secret. */
type Files = { kind: "files"; certificate: string; key: pulumi.Output<string> };
/** ClusterIssuer of cert-manager, which issues and renews the certificate. */
type Issued = { kind: "cert-manager"; issuer: string };

/** TLS settings of the gateway. */
export interface GatewayTlsSettings {
    /** Host names of the certificate. The TLS handshake fails for a caller with another name or without SNI. */
    hostnames: string[];
    source: Files | Issued;
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
        const ref = { apiVersion: "apisix.apache.org/v2", kind: "ApisixTls" };
        const object = new k8s.apiextensions.CustomResource(
            `${name}-served`,
            {
                ...ref,
                metadata: metadata(TLS_OBJECT, namespace),
                spec: {
                    ingressClassName: binding.ingressClass,
                    hosts: hostnames,
                    secret: { name: tlsSecret(source), namespace },
                },
            },
            { parent: this, dependsOn: certificate },
        );
        new Awaited(
            `${name}-accepted`,
            {
                ...{ cluster, object: { ...ref, namespace, name: TLS_OBJECT }, generation: generationOf(object) },
                until: { kind: "condition", type: "Accepted" },
                timeoutSeconds: readiness.acceptTimeoutSeconds,
                settleSeconds: readiness.settleSeconds,
            },
            { parent: this, dependsOn: object },
        );
        this.registerOutputs({});
    }

    private given(name: string, namespace: string, source: Files): pulumi.Resource {
        return new k8s.core.v1.Secret(
            `${name}-secret`,
            {
                metadata: credentialMetadata(tlsSecret(source), namespace),
                type: "kubernetes.io/tls",
                data: secretData({ "tls.crt": source.certificate, "tls.key": source.key }),
            },
            { parent: this },
        );
    }

    private issued(name: string, { namespace, cluster, hostnames }: GatewayTlsArgs, issuer: string): pulumi.Resource {
        const ref = { apiVersion: "cert-manager.io/v1", kind: "Certificate" };
        const certificate = new k8s.apiextensions.CustomResource(
            `${name}-certificate`,
            {
                ...ref,
                metadata: metadata(TLS_CERTIFICATE, namespace),
                spec: {
                    secretName: TLS_CERTIFICATE,
                    dnsNames: hostnames,
                    issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: issuer },
                    // Each renewal creates a new key. By default, older versions of cert-manager would keep the same key.
                    privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
                },
            },
            { parent: this },
        );
        return new Awaited(
            `${name}-issued`,
            {
                ...{ cluster, object: { ...ref, namespace, name: TLS_CERTIFICATE } },
                // Condition Ready is False while cert-manager issues the certificate, so False is no error.
                until: { kind: "condition", type: "Ready", patient: true },
                generation: generationOf(certificate),
                timeoutSeconds: ISSUE_SECONDS,
            },
            { parent: this, dependsOn: certificate },
        );
    }
}

/**
 * Name of the Secret with the certificate. The name depends on the certificate: the provider replaces a Secret whose data
 * changes, and with a fixed name it would first delete the Secret that is in use.
 */
export function tlsSecret(source: Files | Issued): string {
    if (source.kind === "cert-manager") return TLS_CERTIFICATE;
    return `alpa-tls-${createHash("sha256").update(source.certificate).digest("hex").slice(0, 10)}`;
}
