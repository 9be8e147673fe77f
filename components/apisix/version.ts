/** Default version of the chart `apisix`; its image is {@link DEFAULT_TAG}. */
export const DEFAULT_CHART = "2.14.0";
export const DEFAULT_TAG = "3.18.0-ubuntu";

/**
 * The oldest APISIX that may serve callers. In older versions jwt-auth trusts the algorithm in the token: anyone with the
 * public key of a caller can sign tokens of that caller (algorithm confusion).
 */
export const OLDEST_APISIX = "3.17";
/**
 * The oldest APISIX that counts all callers of a class together: older versions count consumers with limits separately
 * (apisix 3.18.0, limit-conn).
 */
export const OLDEST_FOR_CLASSES = "3.18";
/** The first APISIX that supports `disabled_labels` (apisix/plugins/prometheus/exporter.lua). */
export const OLDEST_FOR_METRICS = "3.18";

/**
 * Whether a version is older than another version. An image tag can be compared too, because it begins with the major and
 * minor version. False for a text without a version.
 */
export function isOlder(version: string | undefined, oldest: string): boolean {
    const [major, minor] = numbersOf(version);
    const [oldestMajor, oldestMinor] = numbersOf(oldest);
    return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/** Major and minor version. NaN for a text without a version, so that no comparison calls it older. */
function numbersOf(version = ""): [major: number, minor: number] {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
    return [Number(major), Number(minor)];
}
