/** An APISIX plugin as the ingress controller takes it on a route. */
export interface RoutePlugin {
    name: string;
    enable: true;
    config: Record<string, unknown>;
}

export function plugin(name: string, config: Record<string, unknown>): RoutePlugin {
    return { name, enable: true, config };
}

/** An error as Alpa's client reads it: without `stacktrace` it fails on the error itself. */
export function alpaError(message: string) {
    return { type: "error", message, stacktrace: "" };
}
