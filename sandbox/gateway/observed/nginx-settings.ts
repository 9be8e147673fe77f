/**
 * The part of nginx's configuration language that the access log needs: `map` with texts and regular expressions, `set` with a
 * text that contains no variables, and `access_log off`. All other directives are unsupported.
 */
import { Unsupported } from "../unsupported";
import { compilePcre } from "../lua/pcre";

/** A `map` block: it derives one variable from others. */
interface MapBlock {
    /** The text, with variables, whose value the map looks up. */
    source: string;
    entries: [matches: (value: string) => boolean, value: string][];
    fallback: string;
}

export interface Declared {
    /** Maps, by the name of the variable that they set. */
    maps: Map<string, MapBlock>;
    /** Variables that the directive `set` declares, by name, with their initial values. */
    variables: Map<string, string>;
}

const WORD = /"((?:[^"\\]|\\.)*)"|[^\s{};"]+/g;
const DIRECTIVE =
    /\s*(?:map ("[^"]*"|\$\w+) \$(\w+) \{((?:"[^"]*"|[^"}])*)\}|set \$(\w+) "([^"$]*)";|access_log off;)\s*/y;

/** @param texts snippets of APISIX's settings file. @throws Unsupported */
export function declaredIn(...texts: string[]): Declared {
    const declared: Declared = { maps: new Map(), variables: new Map() };
    const text = texts.join("\n").trim();
    for (DIRECTIVE.lastIndex = 0; DIRECTIVE.lastIndex < text.length;) {
        const at = DIRECTIVE.lastIndex;
        const found = DIRECTIVE.exec(text);
        if (!found) throw new Unsupported(`nginx directive ${text.slice(at, at + 40)}`);
        const [, source, mapped, block, set, value] = found;
        if (mapped !== undefined) declared.maps.set(mapped, mapOf(source.replace(/"/g, ""), block));
        else if (set !== undefined) declared.variables.set(set, value);
    }
    return declared;
}

function mapOf(source: string, block: string): MapBlock {
    const map: MapBlock = { source, entries: [], fallback: "" };
    for (const entry of block.split(/;\s*(?:\n|$)/).filter((line) => line.trim() !== "")) {
        const words = [...entry.matchAll(WORD)].map(([plain, quoted]) => quoted ?? plain);
        const [key, value] = words;
        if (words.length !== 2 || /^(hostnames|volatile|include)$/.test(key))
            throw new Unsupported(`the entry ${entry.trim()} of an nginx map`);
        if (key === "default") map.fallback = value;
        else if (key.startsWith("~")) {
            const pattern = compilePcre(key.slice(1));
            map.entries.push([(text) => pattern.test(text), value]);
        } else map.entries.push([(text) => text.toLowerCase() === key.toLowerCase(), value]);
    }
    return map;
}
