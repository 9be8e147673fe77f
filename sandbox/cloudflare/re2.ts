/**
 * Compiles path patterns of ingress rules, which cloudflared reads as RE2 (Go's regexp package). A pattern that has the same
 * meaning in JavaScript becomes a RegExp; every other pattern is rejected: lookaround, backreferences, flags, named groups,
 * POSIX classes, and escapes such as `\z`.
 */
const OTHER = /\(\?(?!:)|\\[1-9k]|\[\[:|\\[AzQEpPCax]/;

export function compile(pattern: string): RegExp {
    if (OTHER.test(pattern)) throw new Error(`regex ${pattern}: invalid in RE2, or unsupported by the sandbox`);
    return new RegExp(pattern);
}
