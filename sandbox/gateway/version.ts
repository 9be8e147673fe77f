/** Version of APISIX in the sandbox, both of the emulator and of the real program. */
export const APISIX_VERSION = "3.18.0";
