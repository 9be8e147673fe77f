/**
 * Request targets as nginx reads them: it decodes the path, merges slashes and resolves dot segments before APISIX matches a
 * route. Strings here have one byte per character.
 */

export interface Target {
    /** Path after decoding and normalization. */
    uri: string;
    /** Text after the first "?"; undefined if there is none, or it is empty. */
    args: string | undefined;
    /** Path and query exactly as the client sent them. */
    unparsed: string;
}

/**
 * Removes the last segment of a path.
 * @param drop length of the "/.." or "/../" at its end
 * @returns undefined if the path has no more segments
 */
function popSegment(out: string, drop: number): string | undefined {
    const kept = out.slice(0, out.length - drop);
    const slash = kept.lastIndexOf("/");
    return slash < 0 ? undefined : kept.slice(0, slash + 1);
}

/** Returns undefined if nginx rejects the target with 400: for an invalid escape, NUL, or ".." above the root. */
export function parseTarget(raw: string): Target | undefined {
    const absolute = /^https?:\/\/[^/?#]*/i.exec(raw);
    const unparsed = absolute ? raw.slice(absolute[0].length) || "/" : raw;
    if (!unparsed.startsWith("/")) return undefined;

    let out = "/";
    let state: "usual" | "slash" | "dot" | "dots" = "slash";
    let i = 1;
    let args: string | undefined;

    const endDots = () => {
        const popped = popSegment(out, 3);
        if (popped === undefined) return false;
        out = popped;
        return true;
    };

    for (; i < unparsed.length; i++) {
        let ch = unparsed[i];
        let literal = false; // whether `ch` is an escaped %, # or ?, which has no special meaning
        if (ch === "%") {
            const hex = unparsed.slice(i + 1, i + 3);
            if (!/^[0-9a-fA-F]{2}$/.test(hex)) return undefined;
            ch = String.fromCharCode(parseInt(hex, 16));
            if (ch === "\0") return undefined;
            i += 2;
            literal = ch === "%" || ch === "#" || ch === "?";
        }
        if (!literal && (ch === "?" || ch === "#")) {
            // an empty query is the same as none
            if (ch === "?") args = unparsed.slice(i + 1).split("#")[0] || undefined;
            break;
        }
        if (literal) {
            out += ch;
            state = "usual";
        } else if (ch === "/") {
            if (state === "dots" && !endDots()) return undefined;
            if (state === "dot") out = out.slice(0, -1);
            if (state === "usual") out += ch;
            state = "slash";
        } else if (ch === "." && state === "slash") {
            out += ch;
            state = "dot";
        } else if (ch === "." && state === "dot") {
            out += ch;
            state = "dots";
        } else {
            out += ch;
            state = "usual";
        }
    }
    if (state === "dot") out = out.slice(0, -1);
    if (state === "dots" && !endDots()) return undefined;
    return { uri: out, args, unparsed };
}

const hex2 = (ch: string) => `%${ch.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;

/** Escapes a path for the request line to the upstream, as nginx does since 1.21.1 (ngx_escape_uri, NGX_ESCAPE_URI). */
export function escapePath(path: string): string {
    return path.replace(/[\x00-\x20"#%<>?\\^`{|}\x7f-\xff]/g, hex2);
}

/** Query arguments in order; a repeated name keeps all its values, a name without "=" has the value true. */
export type Args = Map<string, (string | true)[]>;

/** Largest number of arguments that are read (default of ngx.req.get_uri_args). */
const MAX_ARGS = 100;

function decodeComponent(text: string): string {
    return text
        .replace(/\+/g, " ")
        .replace(/%([0-9a-fA-F]{2})/g, (_, h: string) => String.fromCharCode(parseInt(h, 16)));
}

/** Decodes a query. @param max largest number of arguments; with 0 there is no limit */
export function decodeArgs(text: string, max = MAX_ARGS): Args {
    const args: Args = new Map();
    let seen = 0;
    for (const part of text.split("&")) {
        if (part === "" || (max > 0 && seen >= max)) continue;
        const eq = part.indexOf("=");
        const name = decodeComponent(eq < 0 ? part : part.slice(0, eq));
        if (name === "") continue;
        const value = eq < 0 ? true : decodeComponent(part.slice(eq + 1));
        args.set(name, [...(args.get(name) ?? []), value]);
        seen++;
    }
    return args;
}

/** Encodes query arguments as ngx.encode_args does: RFC 3986's unreserved characters and !'()* are not escaped. */
export function encodeArgs(args: Args): string {
    const escape = (text: string) => text.replace(/[^A-Za-z0-9\-._~!'()*]/g, hex2);
    return [...args]
        .flatMap(([name, values]) => values.map((v) => (v === true ? escape(name) : `${escape(name)}=${escape(v)}`)))
        .join("&");
}
