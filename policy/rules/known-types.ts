import type { Resource } from "../resources/resource";
import { UNKNOWN } from "../resources/values";
import type { Rule } from "./rule";

/** Kinds of objects that this project creates, by apiVersion. */
const OBJECTS: Record<string, string[]> = {
    v1: ["ConfigMap", "Namespace", "Secret", "Service"],
    "apps/v1": ["DaemonSet", "Deployment", "StatefulSet"],
    "networking.k8s.io/v1": ["IngressClass", "NetworkPolicy"],
    "policy/v1": ["PodDisruptionBudget"],
    // The files of gateway.crds contain only CustomResourceDefinitions.
    "apiextensions.k8s.io/v1": ["CustomResourceDefinition"],
    "apisix.apache.org/v2": ["ApisixRoute", "ApisixTls", "ApisixUpstream"],
    "apisix.apache.org/v1alpha1": ["Consumer", "GatewayProxy"],
    "gateway.networking.k8s.io/v1": ["Gateway", "GatewayClass"],
    "cert-manager.io/v1": ["Certificate"],
    "monitoring.coreos.com/v1": ["PodMonitor"],
    "ray.io/v1": ["RayCluster"],
};
/** Existing objects of which this project changes only a field. */
const PATCHED = ["kubernetes:apps/v1:DeploymentPatch"];

const ofCloudflare = (kind: string) => `cloudflare:index/${kind[0].toLowerCase()}${kind.slice(1)}:${kind}`;

/** Every type except those of the engine and of this project's components. */
export const TYPES: ReadonlySet<string> = new Set([
    ...Object.entries(OBJECTS).flatMap(([version, kinds]) => kinds.map((kind) => typeOf(version, kind))),
    ...PATCHED,
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:yaml/v2:ConfigGroup",
    "command:remote:Command",
    "random:index/randomPassword:RandomPassword",
    "random:index/randomUuid:RandomUuid",
    ...["DnsRecord", "NotificationPolicy", "Ruleset", "Zone", "ZoneDnssec", "ZoneSetting"].map(ofCloudflare),
    ...["Route", "Script"].map((kind) => ofCloudflare(`Workers${kind}`)),
    ...["Application", "Policy", "ServiceToken"].map((kind) => ofCloudflare(`ZeroTrustAccess${kind}`)),
    ...["", "Config"].map((kind) => ofCloudflare(`ZeroTrustTunnelCloudflared${kind}`)),
]);

/** Components of this project, by their folder. */
const COMPONENTS: Record<string, string[]> = {
    components: ["CloudflareAccess", "InterCluster", "IntraCluster"],
    parts: [
        "Access",
        "AdminKeys",
        "AlpaFirewall",
        "AlpaRoute",
        "ApisixProfile",
        "ApisixRelease",
        "BareMetal",
        "CloudflareExposure",
        "CloudflaredDeployment",
        "CloudflaredHost",
        "Consumers",
        "ControllerBudget",
        "DnsRecords",
        "EdgeRules",
        "EdgeWorker",
        "Etcd",
        "EtcdSecrets",
        "GatewayMonitor",
        "GatewayTls",
        "GatewayWiring",
        "GracefulShutdown",
        "Microk8s",
        "Microk8sNode",
        "NetworkPolicies",
        "OptComponent",
        "OptGraph",
        "OptOperator",
        "Rampart",
        "RampartGateway",
        "ServiceTokens",
        "SharedCounters",
        "Tunnel",
        "TunnelRoutes",
        "Verification",
        "Zone",
    ],
};
/** Resources with a provider of this project. */
const DYNAMIC = [
    "Awaited",
    "ConsumersAccepted",
    "ConversionRecord",
    "CredentialsRevoked",
    "EtcdPrepared",
    "ImagesReady",
    "RampartGraph",
    "RampartGuard",
    "RayReady",
    "Revocations",
    "RouteServed",
    "SecretVersions",
    "StackIdentity",
];
const PROVIDERS = ["kubernetes", "cloudflare", "command", "random", "pulumi-nodejs"];

/** Types of the engine, and of this project. */
export const OWN_TYPES: ReadonlySet<string> = new Set([
    "pulumi:pulumi:Stack",
    ...PROVIDERS.map((name) => `pulumi:providers:${name}`),
    ...DYNAMIC.map((name) => `pulumi-nodejs:dynamic/alpa-auth:${name}`),
    ...Object.entries(COMPONENTS).flatMap(([folder, names]) => names.map((name) => `alpa-auth:${folder}:${name}`)),
]);

export const knownTypes: Rule = {
    name: "known-types",
    title: "Every resource is of a type that this project creates.",
    reason: "Rules check only the types that they know: a global rule, a network policy of another kind or a command would pass unchecked.",
    comparesWithProgram: true,
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixGlobalRule",
        inputs: { kind: "ApisixGlobalRule", spec: { plugins: [{ name: "serverless-pre-function", enable: true }] } },
    },
    check: (resource) => {
        const { type } = resource;
        if (!OWN_TYPES.has(type) && !TYPES.has(type))
            return [
                `type: ${type} is not created by this project. Remove the resource, or add an exception to policy/exceptions.yaml.`,
            ];
        return disguised(resource);
    },
};

/** Checks that the kind in the inputs matches Pulumi's type, because the provider creates an object of the kind. */
function disguised({ type, props }: Resource): string[] {
    const { apiVersion, kind } = props;
    const unset = (field: unknown) => field === undefined || field === UNKNOWN;
    if (!type.startsWith("kubernetes:") || unset(apiVersion) || unset(kind)) return [];
    const declared = typeOf(String(apiVersion), String(kind));
    return [declared, `${declared}Patch`].includes(type)
        ? []
        : [
              `kind: the inputs are of ${declared}, but the resource has type ${type}. Create it with type ${declared}, because the rules check a resource by its type.`,
          ];
}

function typeOf(version: string, kind: string): string {
    return `kubernetes:${version === "v1" ? "core/v1" : version}:${kind}`;
}
