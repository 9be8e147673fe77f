import { kindOf } from "../resources/resource";
import { UNKNOWN } from "../resources/values";
import type { Rule } from "./rule";

/** Kinds that open a way past the checked routes, or give permissions, in any commit. */
const NEVER = new Set([
    ...["Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", "Endpoints", "EndpointSlice"],
    ...["ApisixGlobalRule", "ApisixPluginConfig", "PluginConfig", "ApisixConsumer", "HTTPRoutePolicy"],
    ...["BackendTrafficPolicy", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "APIService"],
    ...["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
    ...["ZeroTrustTunnelCloudflaredRoute", "TunnelRoute"],
]);

export const knownTypes: Rule = {
    name: "known-types",
    title: "Every resource is of a type in policy/lists.yaml. Another kind of route, a global plugin or an RBAC role is never allowed.",
    reason: "Rules check only the types that they know: a global rule, a network policy of another kind or a command would pass unchecked.",
    *check(resource, { lists }) {
        const { type, props } = resource;
        const kind = kindOf(resource).replace(/Patch$/, "");
        if (NEVER.has(kind))
            yield `kind: ${kind} is never allowed. Remove the resource, or add an exception to policy/exceptions.yaml.`;
        const isOwn = type.startsWith("alpa-auth:") || type === "pulumi:pulumi:Stack";
        if (!isOwn && lists?.types.has(entryOf(type)) === false)
            yield `type: ${entryOf(type)} is not in policy/lists.yaml. Remove the resource, or add its type to the list in the reviewed change that creates it.`;
        // The provider creates an object of the kind in the inputs.
        const { apiVersion, kind: declared } = props;
        const isDeclared = ![undefined, UNKNOWN].some((none) => none === apiVersion || none === declared);
        const real = `kubernetes:${apiVersion === "v1" ? "core/v1" : String(apiVersion)}:${String(declared)}`;
        if (type.startsWith("kubernetes:") && isDeclared && ![real, `${real}Patch`].includes(type))
            yield `kind: the inputs are of ${real}, but the resource has type ${type}. Create it with type ${real}, because the rules check a resource by its type.`;
    },
};

/** Entry of a type in the list: without the module of a package that has one for each type. */
export const entryOf = (type: string) => type.replace(/^(\w+:index)\/\w+:/, "$1:");
