import type { GatewayClusterArgs } from "../../components/gateway-cluster";
import { ROUTE } from "../../components/route/route-served";
import { profileName } from "../../components/apisix/profile";
import { renderPolicies } from "../../components/etcd/etcd";
import { ETCD, etcdNamespace, PEERS } from "../../components/etcd/names";
import { ADMIN_KEYS_SECRET } from "../../components/apisix/gateway-pods";
import { etcdSecretName, etcdMembers, profileOf } from "../../components/apisix/values";
import type { ObjectRef } from "../../components/kubernetes/cluster-reader";
import { secretName, type ConsumerSettings } from "../../components/consumers/consumer";
import { CONTROLLER_BUDGET } from "../../components/apisix/controller-budget";
import { POD_MONITOR } from "../../components/apisix/pod-monitor";
import { RECORD, VERIFIER } from "../../components/opt/conversion-phases";
import { installationOf } from "../../components/apisix/installation";
import { POLICY_PREFIX, policyNames } from "../../components/kubernetes/network-policies";
import { OPT_GRAPH } from "../../components/opt/opt-graph";
import { operatorNamespace } from "../../components/opt/opt-operator";
import { IMAGES, OPT } from "../../components/opt/opt-pods";
import { VERIFICATION } from "../../components/opt/verification";
import { CONNECTORS } from "../../components/cloudflare/cloudflared/deployment";
import { TLS_CERTIFICATE, TLS_OBJECT, tlsSecret } from "../../components/apisix/tls";
import { COUNTERS } from "../../components/consumers/shared-counters";

/** Namespace of APISIX; undefined if the stack does not install it. */
export function gatewayNamespace({ gateway, namespace }: GatewayClusterArgs): string | undefined {
    if (gateway.installer === "existing") return undefined;
    return installationOf(gateway, namespace).namespace;
}

/**
 * Every object with a fixed name that the program creates in the cluster. A test compares the list with the resources of
 * the components. CRDs are not included, since they are cluster-wide.
 */
export function plannedObjects(settings: GatewayClusterArgs): ObjectRef[] {
    const { namespace, gateway, consumers } = settings;
    const apisix = gatewayNamespace(settings);
    const objects: ObjectRef[] = [{ apiVersion: "v1", kind: "Namespace", name: namespace }];
    if (gateway.installer === "helm") objects.push({ apiVersion: "v1", kind: "Namespace", name: apisix! });
    if (gateway.installer === "rampart")
        objects.push({ apiVersion: "rampart.petuum.com/v1beta2", kind: "RampartGraph", namespace, name: "gateway" });
    if (gateway.installer === "rampart" && gateway.install?.ownNamespace)
        objects.push({ apiVersion: "v1", kind: "Namespace", name: gateway.install.namespace });
    if (apisix) {
        const cluster = { name: namespace };
        objects.push(
            { apiVersion: "v1", kind: "Secret", namespace: apisix, name: ADMIN_KEYS_SECRET.name },
            ...ofInstallation(settings),
            { apiVersion: "apisix.apache.org/v1alpha1", kind: "GatewayProxy", namespace: apisix, name: namespace },
            { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", ...cluster },
            { apiVersion: "gateway.networking.k8s.io/v1", kind: "GatewayClass", ...cluster },
            { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", namespace: apisix, name: namespace },
        );
    }
    objects.push(
        ...["alpa-completions", "alpa-logprobs", "alpa-nowhere"].map((name) => ({
            apiVersion: "apisix.apache.org/v2",
            kind: "ApisixUpstream",
            namespace,
            name,
        })),
        { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: ROUTE },
    );
    if (settings.tls) {
        const { source } = settings.tls;
        objects.push(
            source.kind === "files"
                ? { apiVersion: "v1", kind: "Secret", namespace, name: tlsSecret(source) }
                : { apiVersion: "cert-manager.io/v1", kind: "Certificate", namespace, name: TLS_CERTIFICATE },
            { apiVersion: "apisix.apache.org/v2", kind: "ApisixTls", namespace, name: TLS_OBJECT },
        );
    }
    if (settings.sharedCounters)
        objects.push(
            { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace, name: COUNTERS },
            { apiVersion: "apps/v1", kind: "Deployment", namespace, name: COUNTERS },
            { apiVersion: "v1", kind: "Service", namespace, name: COUNTERS },
        );
    if (settings.exposure)
        objects.push(
            { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace, name: CONNECTORS },
            { apiVersion: "v1", kind: "Secret", namespace, name: CONNECTORS },
            { apiVersion: "policy/v1", kind: "PodDisruptionBudget", namespace, name: CONNECTORS },
            { apiVersion: "apps/v1", kind: "Deployment", namespace, name: CONNECTORS },
            ...(settings.exposure.connectors.metrics?.podMonitor
                ? [{ apiVersion: "monitoring.coreos.com/v1", kind: "PodMonitor", namespace, name: CONNECTORS }]
                : []),
        );
    return [...objects, ...plannedConversion(settings), ...plannedCallers(namespace, consumers)];
}

/** Objects of a conversion. */
function plannedConversion({ namespace, conversion, gateway }: GatewayClusterArgs): ObjectRef[] {
    if (conversion === undefined) return [];
    const { opt } = conversion;
    const graph = { apiVersion: "rampart.petuum.com/v1beta2", kind: "RampartGraph", namespace, name: OPT_GRAPH };
    const home = { apiVersion: "v1", kind: "Namespace", name: operatorNamespace(namespace) };
    const objects = [
        { apiVersion: "v1", kind: "ConfigMap", namespace, name: RECORD },
        { apiVersion: "v1", kind: "Secret", namespace, name: secretName(VERIFIER, "key") },
        { apiVersion: "apisix.apache.org/v1alpha1", kind: "Consumer", namespace, name: VERIFIER },
        { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: VERIFICATION },
    ];
    if (opt.shape === "rampart") return [...objects, graph];
    return [
        ...objects,
        ...(opt.operatorChart === undefined ? [] : [gateway.installer === "rampart" ? graph : home]),
        { apiVersion: "apps/v1", kind: "DaemonSet", namespace, name: IMAGES },
        { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace, name: OPT },
        { apiVersion: "ray.io/v1", kind: "RayCluster", namespace, name: OPT },
        { apiVersion: "v1", kind: "Service", namespace, name: OPT },
    ];
}

/** Objects of callers. */
function plannedCallers(namespace: string, consumers: ConsumerSettings[]): ObjectRef[] {
    return consumers.flatMap(({ name, credentials }) => [
        { apiVersion: "apisix.apache.org/v1alpha1", kind: "Consumer", namespace, name },
        ...credentials.map(({ id }) => ({ apiVersion: "v1", kind: "Secret", namespace, name: secretName(name, id) })),
    ]);
}

/**
 * Objects that depend on how the gateway is installed: network policies, APISIX's settings file, etcd's Secret, and the
 * PodMonitor.
 */
function ofInstallation({ gateway, namespace }: GatewayClusterArgs): ObjectRef[] {
    if (gateway.installer === "existing") return [];
    const own = installationOf(gateway, namespace);
    const { namespace: apisix } = own;
    const inside = (apiVersion: string, kind: string, name: string) => ({ apiVersion, kind, namespace: apisix, name });
    const { availability, observability } = gateway.release;
    return [
        ...policyNames(observability?.metrics ?? {}).map((name) =>
            inside("networking.k8s.io/v1", "NetworkPolicy", name),
        ),
        inside("v1", "ConfigMap", profileName(profileOf(gateway.release, namespace))),
        inside("v1", "Secret", etcdSecretName(own)),
        ...ofEtcd(namespace, etcdMembers(gateway.release)),
        ...(availability ? [inside("policy/v1", "PodDisruptionBudget", CONTROLLER_BUDGET)] : []),
        ...(observability?.metrics?.podMonitor ? [inside("monitoring.coreos.com/v1", "PodMonitor", POD_MONITOR)] : []),
    ];
}

/** Objects of etcd, in its own namespace. */
function ofEtcd(namespace: string, members: number): ObjectRef[] {
    const home = etcdNamespace(namespace);
    const inside = (apiVersion: string, kind: string, name: string) => ({ apiVersion, kind, namespace: home, name });
    return [
        { apiVersion: "v1", kind: "Namespace", name: home },
        ...Object.keys(renderPolicies("")).map((role) =>
            inside("networking.k8s.io/v1", "NetworkPolicy", `${POLICY_PREFIX}${role}`),
        ),
        ...[ETCD, PEERS].map((name) => inside("v1", "Service", name)),
        inside("apps/v1", "StatefulSet", ETCD),
        ...(members > 1 ? [inside("policy/v1", "PodDisruptionBudget", ETCD)] : []),
    ];
}
