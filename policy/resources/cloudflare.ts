/** Whom Cloudflare admits, and where a tunnel forwards requests. */
import { kindOf, type Resource } from "./resource";
import { at, isMap, isUnknown, list, map, UNKNOWN } from "./values";

/** Id of the service token in an entry of an Access policy; undefined if the entry admits anything else. */
export function tokenOf(include: unknown): string | undefined {
    const { serviceToken } = map(include);
    return isMap(serviceToken) && othersThanToken(include).length === 0 ? String(serviceToken.tokenId) : undefined;
}
/** Everything that an entry of an Access policy admits except service tokens, for example `everyone`. */
export const othersThanToken = (include: unknown) =>
    Object.entries(map(include)).flatMap(([who, what]) => (who === "serviceToken" || what === undefined ? [] : [who]));

/** Whether a rule of a tunnel rejects its requests, and forwards none. */
export const rejectsAll = (service: unknown) => /^http_status:[45]\d\d$/.test(String(service));

/** Host names that Access applications protect completely. A name that is not known yet is {@link UNKNOWN}. */
export const protectedNames = (resources: Resource[]): unknown[] =>
    resources
        .filter((resource) => kindOf(resource) === "ZeroTrustAccessApplication")
        .flatMap(({ props }) => (isUnknown(props.destinations) ? [UNKNOWN] : list(props.destinations)))
        .filter((one) => at(one, "type") === "public" || isUnknown(one))
        .map((one) => at(one, "uri"));
