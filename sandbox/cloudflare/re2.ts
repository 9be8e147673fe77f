/**
 * Compiles path patterns of ingress rules, which cloudflared reads as RE2 (Go's regexp package). A pattern that has the same
 * meaning in JavaScript becomes a RegExp; every other pattern is rejected.
 */

const NOT_IN_RE2 = /\(\?<?[=!]|\\[1-9]|\\k</;
/** RE2 syntax that has no equivalent in JavaScript: flags, named groups, POSIX classes, \A \z \Q \pN \C. */
const NOT_TRANSLATED = /\(\?(?!:)|\[\[:|\\[AzQEpPCax]/;

/** A valid RE2 pattern that this emulator does not support. */
export class NotTranslated extends Error {}

export function compile(pattern: string): RegExp {
    if (NOT_IN_RE2.test(pattern))
        throw new Error(`invalid regex: ${pattern}: RE2 has no lookaround and no backreferences`);
    if (NOT_TRANSLATED.test(pattern))
        throw new NotTranslated(`regex ${pattern} uses RE2 syntax that this emulator lacks`);
    return new RegExp(pattern);
}
