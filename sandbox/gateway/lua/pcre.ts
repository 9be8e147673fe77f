/**
 * Regular expressions of APISIX configurations. APISIX runs them with PCRE2 on bytes (ngx.re without option u); the emulator
 * translates them for JavaScript, on strings of one byte per character. What has no exact translation is unsupported.
 */
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";

const UNTRANSLATABLE = /\(\?[^:]|\(\*|[*+?}]\+|\[\[:|\[\^?\]|\[[^\]]*\\[Ss]|\\[hHRKGQECXpPNvVAzZg]/;

/** @param options options of ngx.re: "jo", or "jos" where a dot also matches a line end @throws Unsupported */
export function compilePcre(pattern: string, options = "jo"): RegExp {
    // (?i) at the start applies to the whole pattern.
    const text = bytes(pattern).replace(/^\^\(\?i\)/, "^");
    if (!/^jos?$/.test(options) || UNTRANSLATABLE.test(text.replace(/\\\\/g, "")))
        throw new Unsupported(`regular expression ${pattern}`);
    const outside: Record<string, string> = {
        ...{
            ".": options === "jos" ? "[^]" : "[^\\n]",
            $: "(?=\\n?(?![^]))",
            "\\s": "[\\t-\\r ]",
            "\\S": "[^\\t-\\r ]",
        },
    };
    const translated = text.replace(/\[(?:[^\\\]]|\\[^])*\]|\\[^]|[.$]/g, (part) => outside[part] ?? part);
    return new RegExp(translated, text === bytes(pattern) ? "" : "i");
}
