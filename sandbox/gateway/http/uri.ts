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

/** Returns undefined if nginx rejects the target with 400: for an invalid escape, NUL, or ".." above the root. */
export function parseTarget(raw: string): Target | undefined {
    const unparsed = raw.replace(/^https?:\/\/[^/?#]*/i, "") || "/";
    const [, path, query] = /^(\/[^?#]*)(?:\?([^#]*))?/.exec(unparsed) ?? [];
    if (path === undefined || /%(?![\da-f]{2})|%00/i.test(path)) return undefined;
    const decoded = path.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    const segments = decoded.split("/");
    const kept: string[] = [];
    for (const segment of segments) {
        if (segment === ".." && kept.pop() === undefined) return undefined;
        if (!["", ".", ".."].includes(segment)) kept.push(segment);
    }
    const isFolder = kept.length > 0 && ["", ".", ".."].includes(segments.at(-1)!);
    return { uri: `/${kept.join("/")}${isFolder ? "/" : ""}`, args: query || undefined, unparsed };
}
