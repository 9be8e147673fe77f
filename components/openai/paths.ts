/**
 * Paths below `/v1/` that a stack can open, and whether a request generates as many tokens as it asks for. The gateway itself
 * answers `models`.
 */
const PATHS = { "chat/completions": true, completions: true, embeddings: false, models: false } as const;
export type OpenaiPath = keyof typeof PATHS;
/** Paths that generate tokens. */
export type GeneratingPath = { [P in OpenaiPath]: (typeof PATHS)[P] extends true ? P : never }[OpenaiPath];

export const OPENAI_PATHS = Object.keys(PATHS) as OpenaiPath[];
export const isGenerating = (path: OpenaiPath): path is GeneratingPath => PATHS[path];

/** Path prefix of the API: SDKs expect it in their base URL. */
export const OPENAI_PREFIX = "/v1";

/** Anchored expression for the paths that a tunnel forwards. The models have paths of their own. */
export function openaiTunnelPath(paths: OpenaiPath[]): string {
    return `^${OPENAI_PREFIX}/(${paths.map((path) => (path === "models" ? "models(/.+)?" : path)).join("|")})$`;
}

/**
 * Path below the prefix that the gateway rejects with 400, after authentication. The rule for query strings has the path of
 * the models in every stack.
 */
export const OPENAI_EVIDENCE = "/models?evidence";

/** A request for each rule of the route. */
export function openaiRequests(paths: OpenaiPath[]) {
    return [
        ...paths.map((path) => ({ method: path === "models" ? "GET" : "POST", path: `${OPENAI_PREFIX}/${path}` })),
        { method: "GET", path: `${OPENAI_PREFIX}${OPENAI_EVIDENCE}` },
        { method: "GET", path: OPENAI_PREFIX },
    ];
}
