import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ADMIN_KEYS_SECRET } from "./gateway-pods";
import { ADMIN_SERVICE, controllerName } from "./values";
import { metricsMetadata, type ObservabilitySettings } from "./observability";
import { metadata } from "../kubernetes/ownership";

/** Objects that routes and consumers refer to. */
export interface GatewayBinding {
    /** IngressClass of the routes and of the ApisixTls. */
    ingressClass: string;
    /** Gateway of consumers, and its namespace. */
    gateway: string;
    gatewayNamespace: string;
}

interface GatewayWiringArgs {
    /** Namespace of APISIX, where the GatewayProxy looks for the Service and the Secret of the Admin API. */
    apisixNamespace: string;
    /** Namespace of the routes. The two cluster-wide classes have the same name. */
    namespace: string;
    /** Settings of APISIX's metrics. Default: no metrics. */
    observability?: ObservabilitySettings;
}

/**
 * Namespace in the inputs of the two classes, which are cluster-wide objects. The API server drops the field, and the
 * provider ignores differences in it (Check and Diff of pulumi-kubernetes 4.34).
 *
 * While the CRD of a kind is missing, the provider adds a namespace by itself. Without this field, the inputs of a
 * first `up` would therefore differ from its preview and violate its plan.
 */
const CLASS_NAMESPACE = "default";

const GROUP = "apisix.apache.org";
const { name: SECRET, admin } = ADMIN_KEYS_SECRET;
const AUTH = { type: "AdminKey", adminKey: { valueFrom: { secretKeyRef: { name: SECRET, key: admin } } } };

/** Time limit for deleting a GatewayClass. While the controller is stopped, nothing removes the class's finalizer. */
const BROKEN_CONTROLLER = { delete: "2m" };

/**
 * Binds routes and consumers to one APISIX.
 *
 * IngressClass (for routes) and Gateway (for consumers) refer to the same GatewayProxy, so that both are written into one
 * configuration. The controller would reject a second GatewayProxy for the same Admin API.
 */
export function gatewayWiring(
    name: string,
    { apisixNamespace, namespace, observability }: GatewayWiringArgs,
    opts: pulumi.CustomResourceOptions,
): { binding: GatewayBinding; ready: pulumi.Resource[] } {
    const to = { kind: "GatewayProxy", name: namespace };
    const proxy = new k8s.apiextensions.CustomResource(
        `${name}-proxy`,
        {
            apiVersion: "apisix.apache.org/v1alpha1",
            kind: "GatewayProxy",
            metadata: metadata(namespace, apisixNamespace),
            spec: {
                provider: { type: "ControlPlane", controlPlane: { service: ADMIN_SERVICE, auth: AUTH } },
                ...(observability?.metrics && { pluginMetadata: metricsMetadata(observability) }),
            },
        },
        opts,
    );
    const ingressClass = new k8s.networking.v1.IngressClass(
        `${name}-ingress-class`,
        {
            metadata: metadata(namespace),
            spec: {
                controller: controllerName(namespace),
                parameters: { apiGroup: GROUP, ...to, namespace: apisixNamespace, scope: "Namespace" },
            },
        },
        { ...opts, dependsOn: proxy },
    );
    const gatewayClass = new k8s.apiextensions.CustomResource(
        `${name}-gateway-class`,
        {
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "GatewayClass",
            metadata: metadata(namespace, CLASS_NAMESPACE),
            spec: { controllerName: controllerName(namespace) },
        },
        { ...opts, customTimeouts: BROKEN_CONTROLLER },
    );
    const gateway = new k8s.apiextensions.CustomResource(
        `${name}-gateway`,
        {
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "Gateway",
            metadata: metadata(namespace, apisixNamespace),
            spec: {
                gatewayClassName: namespace,
                // Consumers need a Gateway, and a Gateway needs a listener, which receives no traffic.
                listeners: [{ name: "http", protocol: "HTTP", port: 80 }],
                infrastructure: { parametersRef: { group: GROUP, ...to } },
            },
        },
        { ...opts, dependsOn: [proxy, gatewayClass], customTimeouts: BROKEN_CONTROLLER },
    );
    const binding = { ingressClass: namespace, gateway: namespace, gatewayNamespace: apisixNamespace };
    return { binding, ready: [ingressClass, gateway] };
}
