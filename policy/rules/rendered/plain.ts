import { DEFAULT_KEYRING } from "../../../components/apisix/profile";
import { ADMIN_KEYS_SECRET } from "../../../components/apisix/gateway-pods";
import { ETCD_SECRET } from "../../../components/apisix/values";
import { SHORTEST_KEY } from "../../../config/keys/consumers/credentials";
import type { Resource } from "../../resources/resource";
import { at, isOther, map, shown, UNKNOWN, type Tree } from "../../resources/values";
import { LEAST_LENGTH } from "./installed";

// Objects whose content operators choose. Only parts with a known effect are checked.

const SECRET_TYPES = ["Opaque", "kubernetes.io/tls"];

/** Fewest bytes of a secret for HS256 (RFC 7518, 3.2). Generated ones have 64 characters. */
const SHORTEST_HMAC = 32;

/**
 * Checks the type of a Secret, because Kubernetes writes an account's token into Secrets of another type. Also rejects
 * values that begin with $, because APISIX reads such a value as the name of another secret. Other values are not
 * compared: most are unknown in a preview.
 */
export function secret(resource: Resource): string[] {
    const { props } = resource;
    const { type = SECRET_TYPES[0] } = props;
    const found = SECRET_TYPES.every((one) => isOther(type, one))
        ? [
              `type: must be ${SECRET_TYPES.join(" or ")} (got ${shown(type)}). Remove the key type: the default is ${SECRET_TYPES[0]}.`,
          ]
        : [];
    const values = ["data", "stringData"].flatMap((part) => {
        const fields = map(props[part]);
        const texts = Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === "string");
        return texts.flatMap(([field, text]) =>
            valueProblems(fields, field, text).map((one) => `${part}.${field}: ${one}`),
        );
    });
    return [...found, ...values, ...copies(resource)];
}

function valueProblems(fields: Tree, field: string, text: string): string[] {
    const least = leastLength(fields, field);
    return [
        ...(text.startsWith("$")
            ? ["must not begin with $, which APISIX reads as a reference. Write another value."]
            : []),
        ...(text.length < least
            ? [`must have at least ${least} characters: a shorter one can be guessed. Use a generated value.`]
            : []),
        ...(field === ETCD_SECRET.keyring && DEFAULT_KEYRING.includes(text)
            ? ["must not be a publicly known key. Use a generated key."]
            : []),
    ];
}

/** Passwords and keys with which programs authenticate to each other. All of them are generated. */
const GENERATED = [ADMIN_KEYS_SECRET.admin, ADMIN_KEYS_SECRET.viewer, ETCD_SECRET.password];

/**
 * Fewest characters of each field of a credential. With tokens, the field `key` may be short: it is not secret, but the claim
 * by which APISIX finds the credential.
 */
function leastLength(fields: Tree, field: string): number {
    const isToken = ["algorithm", "secret", "public_key"].some((one) => one in fields);
    if (field === "key") return isToken ? 1 : SHORTEST_KEY;
    if (field === "secret") return SHORTEST_HMAC;
    return GENERATED.includes(field) ? LEAST_LENGTH : 0;
}

const NOT_COPIED = "propagate.hnc.x-k8s.io/none";
/** Names of Secrets in the namespace of the gateway. They need no annotation: this namespace has no sub-namespaces. */
const OF_THE_GATEWAY = new RegExp(`^(${ADMIN_KEYS_SECRET.name}|[^.]+-etcd)$`);

/** Without the annotation, a cluster with HNC may copy the Secret into sub-namespaces. */
function copies({ props }: Resource): string[] {
    const [name, annotation] = ["metadata.name", "metadata.annotations"].map((path) => at(props, path));
    if (name === UNKNOWN || annotation === UNKNOWN || OF_THE_GATEWAY.test(String(name))) return [];
    return isOther(map(annotation)[NOT_COPIED], "true")
        ? [
              `metadata.annotations: must have ${NOT_COPIED}: "true". Without it, the Hierarchical Namespace Controller may copy the Secret to other namespaces. Add it.`,
          ]
        : [];
}

/** Rejects a conversion webhook, which could change objects after the rules have checked them. */
export function definition({ props }: Resource): string[] {
    const strategy = at(props, "spec.conversion.strategy") ?? "None";
    return isOther(strategy, "None")
        ? [`spec.conversion.strategy: must be None (got ${shown(strategy)}). Remove spec.conversion.`]
        : [];
}
