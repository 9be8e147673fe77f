/** Version of the chart `apisix` unless the config names another; its image is {@link DEFAULT_TAG}. */
export const DEFAULT_CHART = "2.14.0";
export const DEFAULT_TAG = "3.18.0-ubuntu";

const OLDEST = [3, 17];
/**
 * The oldest APISIX that may serve callers. In older ones jwt-auth trusts the algorithm that the token names: with the public
 * key of a caller anyone signs tokens of that caller (algorithm confusion).
 */
export const OLDEST_APISIX = OLDEST.join(".");

export function isForgeable(major: number, minor: number): boolean {
    return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
