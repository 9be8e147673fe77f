/** Path prefix that every stack serves in front of Alpa's own paths. */
export const PREFIX = "/alpa";

/**
 * Path prefixes that a stack serves in front of Alpa's own paths. The documentation for callers has the first one.
 * @param own prefix from the stack's config, if any
 */
export function servedPrefixes(own: string | undefined): string[] {
    return own === undefined || own === PREFIX ? [PREFIX] : [own, PREFIX];
}

/**
 * Anchored expressions for Alpa's paths, with and without prefixes. Alpa accepts any prefix, because it routes by a part of
 * the path. Unanchored expressions would forward other paths too. A rule cannot match the method.
 */
export function alpaPaths(prefixes: string[]): string[] {
    return ["completions", "logprobs"].map((path) => `^(${prefixes.join("|")})?/${path}$`);
}

/** Path below the prefix that the gateway rejects with 400, after authentication. */
export const ALPA_EVIDENCE = "/completions?evidence";

/** A request for each rule of the route. */
export const ALPA_REQUESTS = [
    { method: "POST", path: `${PREFIX}/completions` },
    { method: "POST", path: `${PREFIX}/logprobs` },
    { method: "POST", path: `${PREFIX}${ALPA_EVIDENCE}` },
    { method: "GET", path: `${PREFIX}/` },
    { method: "GET", path: PREFIX },
];
