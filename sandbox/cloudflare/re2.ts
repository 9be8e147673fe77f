/**
 * Path patterns of ingress rules are RE2 (Go's regexp package). What both dialects read alike is handed to RegExp; what
 * only one knows, or both read differently, is refused.
 */

const NOT_IN_RE2 = /\(\?<?[=!]|\\[1-9]|\\k</;
/** Known to RE2 and not translated here: flags, named groups, POSIX classes, \A \z \Q \pN \C. */
const NOT_TRANSLATED = /\(\?(?!:)|\[\[:|\\[AzQEpPCax]/;

/** Good RE2 that this emulator cannot read. */
export class NotTranslated extends Error {}

export function compile(pattern: string): RegExp {
    if (NOT_IN_RE2.test(pattern)) throw new Error(`invalid regex: ${pattern}: RE2 has no lookaround and no references`);
    if (NOT_TRANSLATED.test(pattern))
        throw new NotTranslated(`regex ${pattern} uses RE2 syntax that this emulator lacks`);
    return new RegExp(pattern);
}
