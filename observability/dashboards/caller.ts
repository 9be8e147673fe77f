/** The dashboard of one caller: its requests and their results. */
import type { DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { ANY_ROUTE, curves, dashboardOf, figure, link, queryVariable, times, TO_ALPA, type Query } from "./panels";

/** Label of the selected caller. */
const OWN = 'consumer="$consumer"';

const perMinute = (labels: string, by = "") =>
    `60 * sum${by} (rate(apisix_http_status{${OWN}, ${labels}}[$__rate_interval]))`;

export function caller(): DashboardBuilder {
    const board = dashboardOf(
        "alpa-auth-caller",
        "alpa-auth: one caller",
        "Requests of one caller and their results. A caller is a consumer of APISIX: the namespace, an underscore, and its name.",
    ).links([link(["Callers", "operate/callers.md"]), link(["Troubleshooting", "operate/troubleshooting.md"])]);
    board.withVariable(
        queryVariable("consumer", "Caller", `label_values(apisix_http_status{${ANY_ROUTE}, consumer!=""}, consumer)`),
    );
    for (const panel of [...figures(), ...overTime()]) board.withPanel(panel);
    return board;
}

function figures() {
    const count = (title: string, description: string, labels: string) =>
        figure({ title, description, queries: [inRange(labels)] });
    return [
        count("Requests", "All requests in the time range, on every path.", 'code=~".+"'),
        count("Answered", "2xx", 'code=~"2.."'),
        count("Rejected", "4xx, without 429 and 499: the request is wrong.", 'code=~"4..", code!~"429|499"'),
        count("Over a limit", "429", 'code="429"'),
        count("Disconnected before an answer", "499", 'code="499"'),
        count("Failed", "5xx", 'code=~"5.."'),
    ];
}

function inRange(labels: string): Query {
    return [`sum(increase(apisix_http_status{${OWN}, ${ANY_ROUTE}, ${labels}}[$__range])) or vector(0)`, "requests"];
}

function overTime() {
    return [
        curves({
            title: "Requests by status",
            description: "rate() does not count the first request of a series.",
            queries: [[perMinute(ANY_ROUTE, " by (code)"), "{{code}}"]],
            unit: "reqpm",
            page: ["Troubleshooting", "operate/troubleshooting.md"],
        }),
        curves({
            title: "Requests by path",
            description: "Route query-string includes the requests with which pulumi up verifies a credential.",
            queries: [[perMinute(ANY_ROUTE, " by (route)"), "{{route}}"]],
            unit: "reqpm",
        }),
        curves({
            title: "Share over a limit (429)",
            description:
                "Share of this caller's requests to Alpa that got 429. AlpaAuthCallerOverLimit fires above one half.",
            queries: [
                [
                    `(sum(rate(apisix_http_status{${OWN}, ${TO_ALPA}, code="429"}[30m])) or vector(0)) / sum(rate(apisix_http_status{${OWN}, ${TO_ALPA}}[30m]))`,
                    "429",
                ],
            ],
            unit: "percentunit",
            page: ["429", "operate/troubleshooting.md#429"],
        }),
        curves({
            title: "Share of all requests to Alpa",
            description: "Share of the requests of all callers of the selected stacks.",
            queries: [
                [
                    `sum(rate(apisix_http_status{${OWN}, ${TO_ALPA}}[30m])) / sum(rate(apisix_http_status{${TO_ALPA}, consumer!=""}[30m]))`,
                    "share",
                ],
            ],
            unit: "percentunit",
        }),
        curves({
            title: "Bytes",
            description: "ingress: bytes of this caller's requests; egress: bytes of the answers.",
            queries: [[`sum by (type) (rate(apisix_bandwidth{${OWN}, ${ANY_ROUTE}}[$__rate_interval]))`, "{{type}}"]],
            unit: "Bps",
        }),
        times({
            title: "Response time of Alpa, for all callers",
            description:
                "The histogram has no label for callers, because 5,000 callers would need 195,000 series. For the times of this caller, see the access log.",
            queries: [
                [
                    `histogram_quantile(0.95, sum by (le, route) (rate(apisix_http_latency_bucket{type="upstream", ${TO_ALPA}}[30m])))`,
                    "95 % of {{route}} take less",
                ],
            ],
        }),
    ];
}
