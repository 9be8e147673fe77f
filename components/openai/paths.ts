import type { OpenaiPath } from "./settings";

/** Path prefix of the API: SDKs expect it in their base URL. */
export const OPENAI_PREFIX = "/v1";

/** Anchored expression for the paths that a tunnel forwards. The models have paths of their own. */
export function openaiTunnelPath(paths: OpenaiPath[]): string {
    return `^${OPENAI_PREFIX}/(${paths.map((path) => (path === "models" ? "models(/.+)?" : path)).join("|")})$`;
}

/** A request for each rule of the route. */
export function openaiRequests(paths: OpenaiPath[]) {
    return [
        ...paths.map((path) => ({ method: path === "models" ? "GET" : "POST", path: `${OPENAI_PREFIX}/${path}` })),
        { method: "GET", path: `${OPENAI_PREFIX}/models?evidence` },
        { method: "GET", path: OPENAI_PREFIX },
    ];
}
