/** Default version of the chart `apisix`; its image is {@link DEFAULT_TAG}. */
export const DEFAULT_CHART = "2.14.0";
export const DEFAULT_TAG = "3.18.0-ubuntu";

/** Major and minor version, for example `[3, 18]`. */
export type ApisixVersion = readonly [major: number, minor: number];

const OLDEST: ApisixVersion = [3, 17];
/**
 * The oldest APISIX that may serve callers. In older versions jwt-auth trusts the algorithm in the token: anyone with the
 * public key of a caller can sign tokens of that caller (algorithm confusion).
 */
export const OLDEST_APISIX = OLDEST.join(".");

export function isForgeable(major: number, minor: number): boolean {
    return isBefore([major, minor], OLDEST);
}

/** Whether an image tag is an APISIX version before `oldest`; false for a tag without a version. */
export function isTagBefore(tag: string | undefined, oldest: ApisixVersion): boolean {
    const found = /^(\d+)\.(\d+)/.exec(tag ?? "");
    return found !== null && isBefore([Number(found[1]), Number(found[2])], oldest);
}

function isBefore([major, minor]: ApisixVersion, [oldestMajor, oldestMinor]: ApisixVersion): boolean {
    return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
