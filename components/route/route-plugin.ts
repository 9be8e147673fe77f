/** An APISIX plugin in a rule of an ApisixRoute. */
export interface RoutePlugin {
    name: string;
    enable: true;
    config: Record<string, unknown>;
}

export function plugin(name: string, config: Record<string, unknown>): RoutePlugin {
    return { name, enable: true, config };
}

/** An error in the format of Alpa's errors: Alpa's client requires the field `stacktrace`. */
export function alpaError(message: string) {
    return { type: "error", message, stacktrace: "" };
}
