/** An APISIX plugin in a rule of an ApisixRoute. */
export interface RoutePlugin {
    name: string;
    enable: true;
    config: Record<string, unknown>;
}

export function plugin(name: string, config: Record<string, unknown>): RoutePlugin {
    return { name, enable: true, config };
}

/** Text of a 429 of the plugins that count requests or tokens in windows, which answer with nginx's page. */
export const OVER_LIMIT = "over the limit of this caller: try again after the seconds in Retry-After";
/** Pattern of that page for `response-rewrite`. */
export const PAGE_429 = "<html>\\s*<head><title>429[^<]*</title>.*";

/** First words of a 429 of the plugin that limits open requests, for a caller and for a class: they tell it from other errors. */
export const OVER_OPEN = { caller: "at most", class: "class" };

/** An error in the format of Alpa's errors: Alpa's client requires the field `stacktrace`. */
export function alpaError(message: string) {
    return { type: "error", message, stacktrace: "" };
}
