const INGRESS_CONTROLLER =
    "https://raw.githubusercontent.com/apache/apisix-ingress-controller/2.0.1/config/crd/bases/apisix.apache.org_";
const OF_APISIX = [
    "apisixroutes",
    "apisixupstreams",
    "apisixconsumers",
    "apisixglobalrules",
    "apisixpluginconfigs",
    "apisixtlses",
    "backendtrafficpolicies",
    "consumers",
    "gatewayproxies",
    "httproutepolicies",
    "pluginconfigs",
];
/** CRDs in the experimental bundle of Gateway API 1.3.0, which the chart installs. */
const OF_GATEWAY_API = [
    ...["backendtlspolicies", "gatewayclasses", "gateways", "grpcroutes", "httproutes", "referencegrants"],
    ...["tcproutes", "tlsroutes", "udproutes"],
];

/** CRDs of the versions that chart 2.14.0 installs: ingress controller 2.0.1, Gateway API 1.3.0. */
export const PUBLISHED_CRDS = [
    ...OF_APISIX.map((plural) => `${INGRESS_CONTROLLER}${plural}.yaml`),
    "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.3.0/experimental-install.yaml",
];

/** Names of the CRDs that are installed with an ingress controller. */
export const DEFINITIONS = [
    ...OF_APISIX.map((plural) => `${plural}.apisix.apache.org`),
    ...OF_GATEWAY_API.map((plural) => `${plural}.gateway.networking.k8s.io`),
];

/** API version in which this project writes objects of each kind. A CRD without this version is too old. */
export const WRITTEN_VERSIONS: Record<string, string> = {
    "apisixroutes.apisix.apache.org": "v2",
    "apisixupstreams.apisix.apache.org": "v2",
    "consumers.apisix.apache.org": "v1alpha1",
    "gatewayproxies.apisix.apache.org": "v1alpha1",
    "gatewayclasses.gateway.networking.k8s.io": "v1",
    "gateways.gateway.networking.k8s.io": "v1",
};

/**
 * Kinds that ingress controller 2.0.1 always watches if Gateway API is installed. Without their CRDs it exits two minutes
 * after each start ("failed to wait for gateway caches to sync"). It does not need the CRDs of other kinds of routes.
 */
export const WATCHED_VERSIONS: Record<string, string> = {
    "grpcroutes.gateway.networking.k8s.io": "v1",
    "httproutes.gateway.networking.k8s.io": "v1",
};
