/**
 * Regular expressions of APISIX configurations. APISIX runs them with PCRE2 on bytes (ngx.re without option u); the emulator
 * translates them for JavaScript, on strings of one byte per character. What has no exact translation is unsupported.
 */
import { Unsupported } from "../unsupported";

const UNTRANSLATABLE = /\(\?[>#|&RP]|\(\?\(|\(\*|[*+?}]\+|\[\[:|\[\^?\]|\[[^\]]*\\S|\\[hHRKGQECXpPNvVAzZg]/;

/** @param options options of ngx.re ("jo", "i", "s") @throws Unsupported */
export function compilePcre(pattern: string, options = "jo"): RegExp {
    if (!/^[jois]*$/.test(options)) throw new Unsupported(`regular expression option "${options}"`);
    const [before, after] = pattern.split("(?i)");
    // (?i) applies to the text after it, and JavaScript ignores case everywhere: the same if no letter is before (?i).
    if (UNTRANSLATABLE.test(pattern.replace(/\\\\/g, "")) || (after !== undefined && /[A-Za-z]/.test(before)))
        throw new Unsupported(`regular expression ${pattern}`);
    const ignoreCase = options.includes("i") || after !== undefined;
    try {
        return new RegExp(translate(before + (after ?? ""), options.includes("s")), ignoreCase ? "i" : "");
    } catch {
        throw new Unsupported(`regular expression ${pattern}`);
    }
}

/** Translates the parts of a pattern that have another meaning in JavaScript: ".", "$", \s. @param dotAll option s */
function translate(pattern: string, dotAll: boolean): string {
    const outside: Record<string, string> = {
        ...{ ".": dotAll ? "[^]" : "[^\\n]", $: "(?=\\n?(?![^]))", "\\s": "[\\t-\\r ]", "\\S": "[^\\t-\\r ]" },
    };
    return pattern.replace(/\[(?:[^\\\]]|\\[^])*\]|\\[^]|[.$]/g, (part) =>
        part.startsWith("[") ? part.replaceAll("\\s", "\\t-\\r ") : (outside[part] ?? part),
    );
}

/** Fills in a replacement of ngx.re.sub for one match: $1, $0, $$. */
export function expandReplacement(replacement: string, groups: readonly (string | undefined)[]): string {
    return replacement.replace(/\$(?:\$|(\d+))/g, (_, number?: string) =>
        number === undefined ? "$" : (groups[Number(number)] ?? ""),
    );
}
