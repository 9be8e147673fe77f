/**
 * Regular expressions of APISIX configurations. APISIX runs them with PCRE2 on bytes (ngx.re without option u); the emulator
 * translates them for JavaScript, on strings of one byte per character. Expressions without an exact translation are
 * unsupported.
 */
import { Unsupported } from "../unsupported";

const UNTRANSLATABLE = /\(\?[>#|&RP]|\(\?\(|\(\*|[*+?}]\+|\[\[:|\\[hHRKGQECXpPNvV]|\\g/;

/** Compiles a pattern; undefined if it is invalid for PCRE too. @param options options of ngx.re ("jo", "i", "s", …) */
export function compilePcre(pattern: string, options = "jo"): RegExp | undefined {
    const unknown = options.replace(/[joisDm]/g, "");
    if (unknown !== "") throw new Unsupported(`regular expression option "${unknown}"`);
    if (UNTRANSLATABLE.test(pattern.replace(/\\\\/g, ""))) throw new Unsupported(`regular expression ${pattern}`);

    let ignoreCase = options.includes("i");
    let text = pattern;
    const inline = /\(\?i\)/.exec(text);
    if (inline) {
        // (?i) applies to the text after it. JavaScript ignores case in the whole expression. The results are the same only
        // if no letter comes before (?i).
        if (/[A-Za-z]/.test(text.slice(0, inline.index))) throw new Unsupported(`regular expression ${pattern}`);
        text = text.replace("(?i)", "");
        ignoreCase = true;
    }
    try {
        return new RegExp(translate(text, options), (ignoreCase ? "i" : "") + (options.includes("m") ? "m" : ""));
    } catch (error) {
        if (error instanceof SyntaxError) return undefined;
        throw error;
    }
}

/**
 * For each escape that has another meaning in JavaScript: its letter and the translation. Not for use in character classes.
 */
const OUTSIDE = new Map([
    ["s", "[\\t-\\r ]"],
    ["S", "[^\\t-\\r ]"],
    ["A", "(?<![^])"],
    ["z", "(?![^])"],
    ["Z", "(?=\\n?(?![^]))"],
]);
const IN_CLASS = new Map([["s", "\\t-\\r "]]);

/** Translates the parts of a pattern that have another meaning in JavaScript: ".", "$", \s, \A, \z, \Z. */
function translate(pattern: string, options: string): string {
    const dot = options.includes("s") ? "[^]" : "[^\\n]";
    let out = "";
    let inClass = false;
    for (let i = 0; i < pattern.length; i++) {
        const ch = pattern[i];
        if (ch === "\\" && i + 1 < pattern.length) {
            const next = pattern[++i];
            if (inClass && next === "S") throw new Unsupported(`regular expression ${pattern}`);
            out += (inClass ? IN_CLASS : OUTSIDE).get(next) ?? ch + next;
        } else if (inClass) {
            if (ch === "]") inClass = false;
            out += ch;
        } else if (ch === "[") {
            inClass = true;
            out += ch;
            if (pattern[i + 1] === "^") out += pattern[++i];
            if (pattern[i + 1] === "]") {
                out += "\\]"; // a "]" right after the bracket is a literal in PCRE
                i++;
            }
        } else if (ch === ".") out += dot;
        else if (ch === "$" && !options.includes("m")) out += options.includes("D") ? "(?![^])" : "(?=\\n?(?![^]))";
        else out += ch;
    }
    return out;
}

/** Whether ngx.re.sub accepts a replacement: "$" must precede a number or another "$". */
export function isReplacement(text: string): boolean {
    return /^(?:[^$]|\$\$|\$\d+|\$\{\d+\})*$/.test(text);
}

/** Fills in a replacement of ngx.re.sub for one match: $1, ${1}, $0, $$. */
export function expandReplacement(replacement: string, groups: readonly (string | undefined)[]): string {
    return replacement.replace(/\$(?:\$|\{(\d+)\}|(\d+))/g, (_, braced?: string, plain?: string) => {
        const number = braced ?? plain;
        return number === undefined ? "$" : (groups[Number(number)] ?? "");
    });
}
