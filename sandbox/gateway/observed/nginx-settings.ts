/**
 * The part of nginx's configuration language that an access log needs: `map` with exact texts and regular expressions, `set`
 * with a text that contains no variables, and `access_log off`. All other directives are unsupported.
 */
import { Unsupported } from "../unsupported";
import { compilePcre } from "../lua/pcre";

/** A `map` block: it derives one variable from others. */
interface MapBlock {
    /** The text, with variables, whose value the map looks up. */
    source: string;
    exact: Map<string, string>;
    patterns: [pattern: RegExp, value: string][];
    fallback: string;
}

export interface Declared {
    /** Maps, by the name of the variable that they set. */
    maps: Map<string, MapBlock>;
    /** Variables that the directive `set` declares, by name, with their initial values. */
    variables: Map<string, string>;
}

interface Token {
    text: string;
    quoted: boolean;
}

function tokensOf(text: string): Token[] {
    const tokens: Token[] = [];
    const rest = text.replace(
        /\s+|"((?:[^"\\]|\\.)*)"|([{};]|[^\s{};"#]+)/g,
        (found, quoted?: string, plain?: string) => {
            if (quoted !== undefined) tokens.push({ text: quoted, quoted: true });
            else if (plain !== undefined) tokens.push({ text: plain, quoted: false });
            return found === "" ? found : "";
        },
    );
    if (rest !== "") throw new Unsupported(`nginx configuration ${JSON.stringify(rest.slice(0, 40))}`);
    return tokens;
}

/** A directive. `words` are its words. If it opens a block, `block` has the directives inside the block. */
interface Directive {
    words: Token[];
    block?: Directive[];
}

function directivesOf(tokens: Token[]): Directive[] {
    const directives: Directive[] = [];
    let words: Token[] = [];
    const isSign = (token: Token, sign: string) => !token.quoted && token.text === sign;
    while (tokens.length > 0 && !isSign(tokens[0], "}")) {
        const token = tokens.shift()!;
        if (isSign(token, "{")) {
            const block = directivesOf(tokens);
            if (tokens.shift() === undefined) throw new Unsupported("nginx configuration without a closing brace");
            directives.push({ words, block });
            words = [];
        } else if (isSign(token, ";")) {
            directives.push({ words });
            words = [];
        } else words.push(token);
    }
    if (words.length > 0) throw new Unsupported(`nginx configuration without a semicolon after ${words.at(-1)!.text}`);
    return directives;
}

/** @param texts snippets of APISIX's settings file. @throws Unsupported */
export function declaredIn(...texts: string[]): Declared {
    const declared: Declared = { maps: new Map(), variables: new Map() };
    for (const { words, block } of texts.flatMap((text) => directivesOf(tokensOf(text)))) {
        const [{ text: name }, ...args] = words;
        const said = words.map(({ text }) => text).join(" ");
        const variable = /^\$(\w+)$/.exec(args[name === "map" ? 1 : 0]?.text ?? "")?.[1];
        if (name === "map" && args.length === 2 && variable !== undefined && block)
            declared.maps.set(variable, mapOf(args[0].text, block));
        else if (name === "set" && args.length === 2 && variable !== undefined && !args[1].text.includes("$"))
            declared.variables.set(variable, args[1].text);
        else if (said !== "access_log off") throw new Unsupported(`nginx directive ${said}`);
    }
    return declared;
}

function mapOf(source: string, entries: Directive[]): MapBlock {
    const map: MapBlock = { source, exact: new Map(), patterns: [], fallback: "" };
    for (const { words, block } of entries) {
        const [key, value] = words;
        if (words.length !== 2 || block || /^(hostnames|volatile|include)$/.test(key.text))
            throw new Unsupported(`the entry ${key?.text} of an nginx map`);
        if (key.text === "default" && !key.quoted) map.fallback = value.text;
        else if (key.text.startsWith("~")) {
            const pattern = compilePcre(key.text.replace(/^~\*?/, ""), key.text.startsWith("~*") ? "i" : "");
            if (pattern === undefined) throw new Unsupported(`regular expression ${key.text}`);
            map.patterns.push([pattern, value.text]);
        } else map.exact.set(key.text.toLowerCase(), value.text);
    }
    return map;
}
