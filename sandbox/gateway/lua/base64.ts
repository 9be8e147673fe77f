/**
 * Decodes base64 as nginx does: up to the first "=", so padding is optional and not checked. Returns undefined if a character
 * is not in the alphabet, or if base64 cannot have this length.
 */
export function decodeBase64(text: string, alphabet: "base64" | "base64url" = "base64"): Buffer | undefined {
    const [digits] = text.split("=");
    const allowed = alphabet === "base64" ? /^[A-Za-z0-9+/]*$/ : /^[A-Za-z0-9_-]*$/;
    return allowed.test(digits) && digits.length % 4 !== 1 ? Buffer.from(digits, alphabet) : undefined;
}
