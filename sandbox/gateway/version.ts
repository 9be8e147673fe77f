/** Version of APISIX that the sandbox has, emulated or real. */
export const APISIX_VERSION = "3.18.0";
