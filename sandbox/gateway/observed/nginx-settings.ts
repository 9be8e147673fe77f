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
    entries: [pattern: RegExp, value: string][];
    fallback: string;
}

export interface Declared {
    /** Maps, by the name of the variable that they set. */
    maps: Map<string, MapBlock>;
    /** Variables that the directive `set` declares, by name, with their initial values. */
    variables: Map<string, string>;
}

const DIRECTIVE =
    /\s*(?:map (?:"([^"]*)"|(\$\w+)) \$(\w+) \{((?:"[^"]*"|[^"}])*)\}|set \$(\w+) "([^"$]*)";|access_log off;)\s*/y;
/** A pattern, a word for which the value is looked up, or `default`; and the value. */
const ENTRY = /^\s*(?:"~([^"]*)"|(\w+)) (?:""|([^\s"]+))\s*$/;

/** @param texts snippets of APISIX's settings file. @throws Unsupported */
export function declaredIn(...texts: string[]): Declared {
    const declared: Declared = { maps: new Map(), variables: new Map() };
    const text = texts.join("\n").trim();
    for (DIRECTIVE.lastIndex = 0; DIRECTIVE.lastIndex < text.length;) {
        const at = DIRECTIVE.lastIndex;
        const found = DIRECTIVE.exec(text);
        if (!found) throw new Unsupported(`nginx directive ${text.slice(at, at + 40)}`);
        const [, quoted, plain, mapped, block, set, value] = found;
        if (mapped !== undefined) declared.maps.set(mapped, mapOf(quoted ?? plain, block));
        else if (set !== undefined) declared.variables.set(set, value);
    }
    return declared;
}

function mapOf(source: string, block: string): MapBlock {
    const map: MapBlock = { source, entries: [], fallback: "" };
    for (const entry of block.split(/;\s*(?:\n|$)/).filter((line) => line.trim() !== "")) {
        const [, pattern, word, value = ""] = ENTRY.exec(entry) ?? [];
        if ((pattern ?? word) === undefined || /^(hostnames|volatile|include)$/.test(word))
            throw new Unsupported(`the entry ${entry.trim()} of an nginx map`);
        if (word === "default") map.fallback = value;
        else map.entries.push([pattern === undefined ? new RegExp(`^${word}$`, "i") : compilePcre(pattern), value]);
    }
    return map;
}
