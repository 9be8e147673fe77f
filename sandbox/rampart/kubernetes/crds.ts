/**
 * Custom resource definitions of Rampart and of hierarchical namespaces (HNC), with the kinds that Rampart uses. The real
 * manifests are not public, so these were written for the sandbox. `spec` is optional and accepts everything: the admission
 * webhook validates it, and a graph without a spec must reach the webhook and crash it.
 */

/** How the API server reaches the emulator's webhook. */
export interface WebhookAddress {
    port: number;
    /** PEM of the certificate, in base64. */
    caBundle: string;
}

const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

interface VersionOptions {
    storage: boolean;
    columns?: object[];
}

const version = (name: string, { storage, columns }: VersionOptions) => ({
    name,
    served: true,
    storage,
    subresources: { status: {} },
    schema: { openAPIV3Schema: { type: "object", properties: { spec: anything, status: anything } } },
    ...(columns ? { additionalPrinterColumns: columns } : {}),
});

function crd(group: string, kind: string, plural: string, versions: object[], more: object = {}) {
    return {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: `${plural}.${group}` },
        spec: {
            group,
            scope: "Namespaced",
            names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
            versions,
            ...more,
        },
    };
}

const column = (name: string, type: string, jsonPath: string) => ({ name, type, jsonPath });
const graphColumns = [
    column("Phase", "string", ".status.phase"),
    column("Reason", "string", ".status.reason"),
    column("Age", "date", ".metadata.creationTimestamp"),
];

/** The CRDs of Rampart and HNC. @param webhook converts v1beta1; without it, the API server serves only v1beta2 */
export function crds(webhook?: WebhookAddress) {
    const old = version("v1beta1", { storage: false, columns: graphColumns });
    const current = version("v1beta2", { storage: true, columns: graphColumns });
    const conversion = webhook && {
        strategy: "Webhook",
        webhook: {
            conversionReviewVersions: ["v1"],
            clientConfig: { url: webhookUrl(webhook, "conversion"), caBundle: webhook.caBundle },
        },
    };
    const graphVersions = webhook ? [old, current] : [current];
    return [
        crd("rampart.petuum.com", "RampartGraph", "rampartgraphs", graphVersions, conversion ? { conversion } : {}),
        crd("rampart.petuum.com", "RampartInfra", "rampartinfras", [version("v1beta1", { storage: true })]),
        crd("hnc.x-k8s.io", "SubnamespaceAnchor", "subnamespaceanchors", [version("v1alpha2", { storage: true })]),
        crd("hnc.x-k8s.io", "HierarchyConfiguration", "hierarchyconfigurations", [
            version("v1alpha2", { storage: true }),
        ]),
    ];
}

function webhookUrl({ port }: WebhookAddress, path: "validate" | "conversion"): string {
    return `https://127.0.0.1:${port}/${path}`;
}

/** Name of the webhook in rejections: `admission webhook "…" denied the request`. */
const WEBHOOK_NAME = "validator.rampart.petuum.com";

/**
 * The webhook's registration. With matchPolicy Equivalent, the API server converts a v1beta1 object before v1beta2 is
 * validated.
 */
export function webhookConfiguration(webhook: WebhookAddress) {
    const apiGroups = ["rampart.petuum.com"];
    return {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: "rampart-validator" },
        webhooks: [
            {
                name: WEBHOOK_NAME,
                clientConfig: { url: webhookUrl(webhook, "validate"), caBundle: webhook.caBundle },
                rules: [
                    {
                        apiGroups,
                        apiVersions: ["v1beta2"],
                        operations: ["CREATE", "UPDATE"],
                        resources: ["rampartgraphs"],
                    },
                ],
                failurePolicy: "Fail",
                matchPolicy: "Equivalent",
                sideEffects: "None",
                admissionReviewVersions: ["v1"],
                timeoutSeconds: 30,
            },
        ],
    };
}
