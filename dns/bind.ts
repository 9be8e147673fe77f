/**
 * Parses zone files of Azure and BIND (RFC 1035, 5.1), with the line of every entry. The npm packages for zone files have
 * no line numbers, truncate texts at a semicolon, and silently skip unknown entries.
 */

/** A word of a zone file, without its quotes and escapes. */
export interface Word {
    text: string;
    quoted: boolean;
    /** Whether the word had a backslash. Names with escaped characters are not supported. */
    escaped: boolean;
}

interface Line {
    line: number;
    /** Whether the line begins with a blank, so it belongs to the previous name. */
    blank: boolean;
    words: Word[];
}

export interface Entry {
    line: number;
    /** Full name in lower case, without the final dot. */
    name: string;
    escaped: boolean;
    /** TTL of the entry in seconds. Default: $TTL of the file. */
    ttl: number | undefined;
    /** Class of the record: IN, or AZURE for an alias record. */
    class: string;
    type: string;
    words: Word[];
    /** Origin of relative names in the entry's data. */
    origin: string;
}

interface LineProblem {
    line: number;
    text: string;
}

interface ZoneText {
    /** The first `$ORIGIN`. */
    origin: string | undefined;
    entries: Entry[];
    problems: LineProblem[];
}

const TTL = /^(\d+[smhdw]?)+$/i;
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
const CLASSES = ["IN", "CH", "HS", "CS", "AZURE"];

/** @param zone origin of relative names before the first `$ORIGIN` */
export function readBind(text: string, zone?: string): ZoneText {
    const problems: LineProblem[] = [];
    const found: ZoneText = { origin: undefined, entries: [], problems };
    let origin = zone;
    let defaultTtl: number | undefined;
    let name: Word | undefined;
    for (const { line, blank, words } of logicalLines(text, problems)) {
        const first = words[0].text;
        if (!blank && first.startsWith("$") && !words[0].quoted) {
            const value = words[1]?.text ?? "";
            if (first.toUpperCase() === "$TTL" && TTL.test(value)) defaultTtl = seconds(value);
            else if (first.toUpperCase() === "$ORIGIN" && value !== "") {
                // In exports of Azure's portal, the name after $ORIGIN has no final dot.
                origin = origin === undefined || value.endsWith(".") ? lower(value) : absolute(value, origin);
                found.origin ??= origin;
            } else
                problems.push({
                    line,
                    text: `${first} is not supported: the only supported directives are $ORIGIN and $TTL. Replace this line with the records that it creates`,
                });
            continue;
        }
        if (!blank) name = words.shift();
        const rest = fields(words);
        if (typeof rest === "string") problems.push({ line, text: rest });
        else if (name === undefined)
            problems.push({ line, text: "must begin with a name, since no earlier line has one. Add the name" });
        else if (origin === undefined)
            problems.push({
                line,
                text: "needs the name of the zone, which is not known. Add a line $ORIGIN before this one, or use --zone",
            });
        else
            found.entries.push({
                ...rest,
                line,
                name: absolute(name.text, origin),
                escaped: name.escaped,
                ttl: rest.ttl ?? defaultTtl,
                origin,
            });
    }
    return found;
}

/** Reads TTL and class, in either order, and then the type. @returns the problem as a text if the words are not a record */
function fields(words: Word[]): Pick<Entry, "ttl" | "class" | "type" | "words"> | string {
    let ttl: number | undefined;
    let family: string | undefined;
    while (words.length > 0) {
        const { text, quoted } = words[0];
        if (quoted) break;
        if (ttl === undefined && TTL.test(text)) ttl = seconds(text);
        else if (family === undefined && CLASSES.includes(text.toUpperCase())) family = text.toUpperCase();
        else break;
        words.shift();
    }
    const type = words.shift();
    if (!type || type.quoted || !/^[a-z][a-z0-9-]*$/i.test(type.text))
        return "must be a record, with name, TTL, class IN, type and data. Use an export of a DNS zone";
    if (family !== undefined && family !== "IN" && family !== "AZURE")
        return `must be of class IN (got ${family}). Remove this record`;
    return { ttl, class: family ?? "IN", type: type.text.toUpperCase(), words };
}

/** Converts a name of a zone file into a full name. */
export function absolute(name: string, origin: string): string {
    if (name === "@") return origin;
    return name.endsWith(".") || origin === "" ? lower(name) : lower(`${name}.${origin}`);
}

function lower(name: string): string {
    return name.toLowerCase().replace(/\.$/, "");
}

function seconds(text: string): number {
    return [...text.matchAll(/(\d+)([smhdw]?)/gi)].reduce(
        (sum, [, n, unit]) => sum + Number(n) * UNITS[unit.toLowerCase() || "s"],
        0,
    );
}

/** Lines with their words. Parentheses join lines, and a semicolon outside of quotes begins a comment. */
function* logicalLines(text: string, problems: LineProblem[]): Generator<Line> {
    const token = /\\(\d{3}|[\s\S])|\r?\n|[();"]|[ \t]+|[^\\\s();"]+|[\s\S]/g;
    let line = 1;
    let depth = 0;
    let current: Line = { line, blank: false, words: [] };
    let word: Word | undefined;
    let quote: number | undefined;
    let comment = false;
    let start = true;
    const end = () => {
        if (word) current.words.push(word);
        word = undefined;
    };
    for (const [part, escape] of text.replace(/^\ufeff/, "").matchAll(token)) {
        const newline = part.endsWith("\n") && escape === undefined;
        if (newline) {
            comment = false;
            if (quote !== undefined) {
                problems.push({ line: quote, text: "must close its quotes on the same line" });
                quote = undefined;
            }
            end();
            line++;
            if (depth > 0) continue;
            if (current.words.length > 0) yield current;
            current = { line, blank: false, words: [] };
            start = true;
            continue;
        }
        if (comment) continue;
        if (escape !== undefined) {
            word ??= { text: "", quoted: false, escaped: false };
            word.text += escape.length === 3 ? String.fromCharCode(Number(escape)) : escape;
            word.escaped = true;
        } else if (quote !== undefined && part !== '"') word!.text += part;
        else if (part === '"') {
            if (quote === undefined) end();
            word ??= { text: "", quoted: true, escaped: false };
            quote = quote === undefined ? line : undefined;
            if (quote === undefined) end();
        } else if (part === ";") comment = true;
        else if (part === "(" || part === ")") {
            end();
            depth += part === "(" ? 1 : -1;
            if (depth < 0) problems.push({ line, text: "must open a parenthesis before it closes one" });
            depth = Math.max(0, depth);
        } else if (/^\s+$/.test(part)) {
            end();
            if (start) current.blank = true;
        } else {
            word ??= { text: "", quoted: false, escaped: false };
            word.text += part;
        }
        start = false;
    }
    end();
    if (quote !== undefined) problems.push({ line: quote, text: "must close its quotes on the same line" });
    if (depth > 0) problems.push({ line: current.line, text: "must close its parenthesis" });
    if (current.words.length > 0) yield current;
}
