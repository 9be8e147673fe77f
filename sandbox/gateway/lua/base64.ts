/**
 * Base64 as nginx decodes it: up to the first "=", so padding is optional and not checked. Undefined for a character outside of
 * the alphabet, and for an impossible length.
 */
export function decodeBase64(text: string, alphabet: "base64" | "base64url" = "base64"): Buffer | undefined {
    const [digits] = text.split("=");
    const allowed = alphabet === "base64" ? /^[A-Za-z0-9+/]*$/ : /^[A-Za-z0-9_-]*$/;
    return allowed.test(digits) && digits.length % 4 !== 1 ? Buffer.from(digits, alphabet) : undefined;
}
