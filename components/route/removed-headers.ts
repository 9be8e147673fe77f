/**
 * Headers that never reach Alpa: secrets of every authentication method, names of the caller, and addresses that the
 * caller claims. Alpa logs the first address of X-Forwarded-For. Without the caller's header, this is the address that the
 * gateway saw.
 */
export const REMOVED_HEADERS = [
    "apikey",
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "CF-Access-Client-Id",
    "CF-Access-Client-Secret",
    "CF-Access-Jwt-Assertion",
    "CF-Access-Token",
    "Cf-Access-Authenticated-User-Email",
    "X-API-KEY",
    "X-Access-Token",
    "Forwarded",
    "X-Forwarded-For",
    "CF-Connecting-IP",
    "True-Client-IP",
    "X-Consumer-Username",
    "X-Credential-Identifier",
    "X-Consumer-Custom-ID",
];
