/** The dashboard for operators: answers to callers, requests by caller, and state of the gateway. */
import { RowBuilder, type DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { ETCD, gateway, NOTHING } from "./gateway";
import {
    ANY_ROUTE,
    columns,
    compared,
    curves,
    dashboardOf,
    figure,
    histogram,
    link,
    perMinute,
    times,
    TO_ALPA,
    words,
    type Page,
} from "./panels";

/** Window for latencies: answers of a large model take minutes, so a shorter window would often be empty. */
const LATENCY_WINDOW = "30m";

const FAILS: Page = ["Answers fail with 5xx", "operate/troubleshooting.md#answers-fail-with-5xx"];
const LIMITED: Page = ["429", "operate/troubleshooting.md#429"];
const REJECTED: Page = ["Find the address in the access log", "operate/watch.md#more-queries"];
const SLOW: Page = ["Give batch callers a share", "operate/priority-classes.md#give-batch-callers-a-share"];
const CALLER_PATH: Page = ["Does a caller get an answer?", "operate/watch.md#does-a-caller-get-an-answer"];
const LOST: Page = ["A node, a host or a pod is lost", "operate/lost-node.md#a-node-a-host-or-a-pod-is-lost"];

const inRange = (labels: string) => `sum by (consumer) (increase(apisix_http_status{${labels}}[$__range]))`;
const quantile = (q: number, type: string) =>
    `histogram_quantile(${q}, sum by (le) (rate(apisix_http_latency_bucket{type="${type}", ${TO_ALPA}}[${LATENCY_WINDOW}])))`;

export function operators(): DashboardBuilder {
    const board = dashboardOf(
        "alpa-auth-operators",
        "alpa-auth: gateway",
        "Answers to callers of Alpa, requests by caller, and state of the gateway. docs/operate/watch.md explains the metrics.",
    ).links([
        link(["Alerts and metrics", "operate/watch.md"]),
        link(["Troubleshooting", "operate/troubleshooting.md"]),
    ]);
    for (const panel of now()) board.withPanel(panel);
    board.withRow(new RowBuilder("Answers"));
    for (const panel of answers()) board.withPanel(panel);
    board.withRow(new RowBuilder("Callers"));
    for (const panel of callers()) board.withPanel(panel);
    board.withRow(new RowBuilder("How long answers take"));
    for (const panel of latency()) board.withPanel(panel);
    board.withRow(new RowBuilder("Gateway pods"));
    for (const panel of gateway()) board.withPanel(panel);
    return board.withPanel(
        words(
            "What no metric tells",
            [
                "APISIX has no metric for the expiry of certificates and credentials: `npm run ops -- consumer expiring` shows it,",
                "and [Certificates](${docs}/operate/certificates.md) and [Callers](${docs}/operate/callers.md) explain the renewal.",
                "[What no metric tells](${docs}/operate/watch.md#what-no-metric-tells) has the rest.",
            ].join("\n"),
        ),
    );
}

function now() {
    return [
        figure({
            title: "Answers in the last hour",
            description: "Requests that Alpa answered with 2xx.",
            queries: [[`sum(increase(apisix_http_status{${TO_ALPA}, code=~"2.."}[1h])) or vector(0)`, "answers"]],
        }),
        figure({
            title: "Failed in the last hour",
            description: "Share of answers with 5xx. 4xx are errors of the caller, and are not counted.",
            queries: [
                [
                    `(sum(rate(apisix_http_status{${TO_ALPA}, code=~"5.."}[1h])) or vector(0)) / sum(rate(apisix_http_status{${TO_ALPA}, code=~"2..|5.."}[1h]))`,
                    "failed",
                ],
            ],
            unit: "percentunit",
            bad: 0.01,
            page: FAILS,
        }),
        figure({
            title: "Callers in the last hour",
            description: "Callers with at least one request.",
            queries: [
                [
                    `count(sum by (consumer) (increase(apisix_http_status{${ANY_ROUTE}, consumer!=""}[1h])) > 0) or vector(0)`,
                    "callers",
                ],
            ],
        }),
        figure({
            title: "Gateway pods that are missing",
            description:
                "Pods that alpa_auth:gateway_pods:expected in the rule file requires, minus those that Prometheus scrapes.",
            queries: [["alpa_auth:gateway_pods:expected - (count(apisix_node_info{}) or vector(0))", "missing"]],
            bad: 1,
            page: LOST,
        }),
        figure({
            title: "Pods without etcd",
            description: "These pods still serve callers, but receive no changes, for example a revoked credential.",
            queries: [["count(apisix_etcd_reachable{} == 0) or vector(0)", "pods"]],
            bad: 1,
            page: ETCD,
        }),
        figure({
            title: "Alerts",
            description: "Firing alerts of the rule file.",
            queries: [['count(ALERTS{alertname=~"AlpaAuth.+", alertstate="firing"}) or vector(0)', "alerts"]],
            bad: 1,
            page: ["Alerts", "operate/watch.md#alerts"],
        }),
    ];
}

function answers() {
    return [
        curves({
            title: "Requests by status class",
            description:
                "Each request is in one class. rate() does not count the first request of a series: for single requests, see the access log.",
            queries: [
                [perMinute(`${TO_ALPA}, code=~"2.."`), "2xx: answered"],
                [perMinute(`${TO_ALPA}, code=~"4..", code!~"429|499"`), "4xx: rejected"],
                [perMinute(`${TO_ALPA}, code="429"`), "429: over a limit"],
                [perMinute(`${TO_ALPA}, code="499"`), "499: the caller left"],
                [perMinute(`${TO_ALPA}, code=~"5.."`), "5xx: failed"],
            ],
            unit: "reqpm",
        }),
        curves({
            title: "Failures by status and source",
            description:
                "Source upstream: Alpa answered. nginx: Alpa did not answer (502, 504). apisix: the gateway itself failed, most often because of the counter server (500).",
            queries: [
                [perMinute(`${TO_ALPA}, code=~"5.."`, " by (code, response_source)"), "{{code}} {{response_source}}"],
            ],
            unit: "reqpm",
            page: FAILS,
            noValue: "none in this time",
        }),
        curves({
            title: "A completion as a caller sends it",
            description: "1: the last synthetic completion got an answer; 0: it got none.",
            queries: [["alpa_auth_caller_path_success{}", "{{path}}"]],
            page: CALLER_PATH,
            noValue: "no host sends synthetic completions",
        }),
        curves({
            title: "Time of a synthetic completion",
            description: "Includes DNS, load balancers or a tunnel, the gateway and Alpa.",
            queries: [["alpa_auth_caller_path_seconds{}", "{{path}}"]],
            unit: "s",
            page: CALLER_PATH,
            noValue: "no host sends synthetic completions",
        }),
        curves({
            title: "Requests without a valid credential (401)",
            description: "The metrics do not show the sender: the access log has the address.",
            queries: [[perMinute(`${ANY_ROUTE}, code="401"`), "401"]],
            unit: "reqpm",
            page: REJECTED,
        }),
        curves({
            title: "Over a limit (429), by caller",
            description: "The ten callers with the most requests over a limit.",
            queries: [[`topk(10, ${perMinute(`${TO_ALPA}, code="429"`, " by (consumer)")})`, "{{consumer}}"]],
            unit: "reqpm",
            page: LIMITED,
            noValue: "none in this time",
        }),
    ];
}

function callers() {
    return [
        curves({
            title: "Requests by caller",
            description: "The ten callers with the most requests, with any result.",
            queries: [[`topk(10, ${perMinute(`${TO_ALPA}, consumer!=""`, " by (consumer)")})`, "{{consumer}}"]],
            unit: "reqpm",
        }),
        curves({
            title: "Callers that disconnected before an answer (499)",
            description:
                "The ten callers with the most requests of status 499. If many callers disconnect at once, Alpa is too slow or hangs.",
            queries: [[`topk(10, ${perMinute(`${TO_ALPA}, code="499"`, " by (consumer)")})`, "{{consumer}}"]],
            unit: "reqpm",
            page: NOTHING,
            noValue: "none in this time",
        }),
        columns({
            title: "Callers in the time range",
            description: "Estimates of Prometheus.",
            queries: [
                [inRange(`${ANY_ROUTE}, consumer!=""`), "requests"],
                [inRange(`${ANY_ROUTE}, consumer!="", code=~"2.."`), "2xx"],
                [inRange(`${ANY_ROUTE}, consumer!="", code=~"4..", code!~"429|499"`), "other 4xx"],
                [inRange(`${ANY_ROUTE}, consumer!="", code="429"`), "429"],
                [inRange(`${ANY_ROUTE}, consumer!="", code="499"`), "499"],
                [inRange(`${ANY_ROUTE}, consumer!="", code=~"5.."`), "5xx"],
            ],
        }),
    ];
}

function latency() {
    return [
        compared(
            times({
                title: "Response time of Alpa",
                description: `Over ${LATENCY_WINDOW} at each point, since answers take minutes. The histogram does not distinguish times above 600 s. Dashed: threshold of AlpaAuthAnswersSlow.`,
                queries: [
                    [quantile(0.5, "upstream"), "half of the answers take less"],
                    [quantile(0.95, "upstream"), "95 %"],
                    [quantile(0.99, "upstream"), "99 %"],
                    ["alpa_auth:latency:maximum_milliseconds", "limit for 95 %"],
                ],
                page: SLOW,
            }),
            "limit for 95 %",
        ),
        histogram({
            title: "Answers by time of Alpa",
            description: "Number of answers by the time that Alpa took.",
            queries: [
                [
                    `sum by (le) (increase(apisix_http_latency_bucket{type="upstream", ${TO_ALPA}}[$__rate_interval]))`,
                    "{{le}}",
                ],
            ],
        }),
        curves({
            title: "Time of the gateway itself",
            description: `Time of authentication, limits and checks, over ${LATENCY_WINDOW}.`,
            queries: [
                [quantile(0.5, "apisix"), "half of the requests take less"],
                [quantile(0.95, "apisix"), "95 %"],
            ],
            unit: "ms",
        }),
        curves({
            title: "Bytes",
            description: "ingress: bytes of requests; egress: bytes of answers.",
            queries: [[`sum by (type) (rate(apisix_bandwidth{${TO_ALPA}}[$__rate_interval]))`, "{{type}}"]],
            unit: "Bps",
        }),
    ];
}
