import { at, isOther, map, shown, type Resource } from "../resource";

// Objects whose content operators choose. Only parts with a known effect are checked.

const SECRET_TYPES = ["Opaque", "kubernetes.io/tls"];

/** Checks a Secret: Kubernetes fills some types with a service account token, and APISIX treats `$…` as a reference. */
export function secret({ props }: Resource): string[] {
    const { type = SECRET_TYPES[0] } = props;
    const found = SECRET_TYPES.every((one) => isOther(type, one))
        ? [`type: must be ${SECRET_TYPES.join(" or ")} (got ${shown(type)}). Remove it.`]
        : [];
    const references = ["data", "stringData"].flatMap((part) =>
        Object.entries(map(props[part])).flatMap(([field, text]) =>
            typeof text === "string" && text.startsWith("$")
                ? [`${part}.${field}: must not begin with $, which APISIX reads as a reference. Write another value.`]
                : [],
        ),
    );
    return [...found, ...references];
}

/** Rejects a conversion webhook, which could change objects after the rules have checked them. */
export function definition({ props }: Resource): string[] {
    const strategy = at(props, "spec.conversion.strategy") ?? "None";
    return isOther(strategy, "None")
        ? [`spec.conversion.strategy: must be None (got ${shown(strategy)}). Remove spec.conversion.`]
        : [];
}
