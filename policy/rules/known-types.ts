import { kindOf, type Resource } from "../resources/resource";
import { at, isOther, isUnknown, shown } from "../resources/values";
import { when, type Message, type Rule } from "./rule";

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
    check: (resource, { lists }) => {
        const { type } = resource;
        const kind = kindOf(resource).replace(/Patch$/, "");
        const isListed =
            type.startsWith("alpa-auth:") || type === "pulumi:pulumi:Stack" || lists?.types.has(entryOf(type));
        return [
            ...when(
                NEVER.has(kind),
                `kind: ${kind} is never allowed. Remove the resource, or add an exception to policy/exceptions.yaml.`,
            ),
            ...when(
                isListed === false,
                `type: ${entryOf(type)} is not in policy/lists.yaml. Remove the resource, or add its type to the list in the reviewed change that creates it.`,
            ),
            ...disguised(resource),
            ...converted(resource),
        ];
    },
};

/** Entry of a type in the list: without the module of a package that has one for each type. */
export const entryOf = (type: string) => type.replace(/^(\w+:index)\/\w+:/, "$1:");

/** Checks that the kind in the inputs matches Pulumi's type, because the provider creates an object of the kind. */
function disguised({ type, props }: Resource): Message[] {
    const { apiVersion, kind } = props;
    const isUnset = (field: unknown) => field === undefined || isUnknown(field);
    if (!type.startsWith("kubernetes:") || isUnset(apiVersion) || isUnset(kind)) return [];
    const declared = `kubernetes:${apiVersion === "v1" ? "core/v1" : String(apiVersion)}:${String(kind)}`;
    return when(
        ![declared, `${declared}Patch`].includes(type),
        `kind: the inputs are of ${declared}, but the resource has type ${type}. Create it with type ${declared}, because the rules check a resource by its type.`,
    );
}

/** Rejects a conversion webhook of a CRD, which could change objects after the rules have checked them. */
function converted({ props }: Resource): Message[] {
    const strategy = at(props, "spec.conversion.strategy") ?? "None";
    return when(
        isOther(strategy, "None"),
        `spec.conversion.strategy: must be None (got ${shown(strategy)}). Remove spec.conversion.`,
    );
}
