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
