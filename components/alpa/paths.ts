/** Paths of Alpa that every stack serves. */
export const ALPA_PATHS = ["completions", "logprobs"] as const;
export type AlpaPath = (typeof ALPA_PATHS)[number];

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
    return ALPA_PATHS.map((path) => `^(${prefixes.join("|")})?/${path}$`);
}

/** Anchored expression for the paths below a prefix that a tunnel forwards to a gateway. */
export const alpaTunnelPath = (prefix: string) => `^${prefix}/(${ALPA_PATHS.join("|")})?$`;

/** Path below the prefix that the gateway rejects with 400, after authentication. */
export const ALPA_EVIDENCE = "/completions?evidence";

/** A request for each rule of the route. */
export const ALPA_REQUESTS = [
    ...ALPA_PATHS.map((path) => ({ method: "POST", path: `${PREFIX}/${path}` })),
    { method: "POST", path: `${PREFIX}${ALPA_EVIDENCE}` },
    { method: "GET", path: `${PREFIX}/` },
    { method: "GET", path: PREFIX },
];
