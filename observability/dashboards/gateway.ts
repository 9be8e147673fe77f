/** Panels of the gateway's pods and related components. */
import { ANY_ROUTE, compared, curves, perMinute, type Page } from "./panels";

const DOWN: Page = ["Connections are refused", "operate/troubleshooting.md#connections-are-refused"];
export const ETCD: Page = ["APISIX does not reach etcd", "operate/etcd.md#apisix-does-not-reach-etcd"];
const COUNTERS: Page = [
    "500 for callers with limits only",
    "operate/troubleshooting.md#500-for-callers-with-limits-only",
];
const CONNECTORS: Page = ["Are the connectors connected?", "operate/watch.md#are-the-connectors-connected"];
const SERIES: Page = ["How many series there are", "operate/watch.md#how-many-series-there-are"];
export const NOTHING: Page = ["Alpa answers nothing", "operate/alpa-hangs.md#alpa-answers-nothing"];
/** PromQL condition: a connector has existed in the last day. */
const WITH_TUNNEL = "and on () max_over_time(alpa_auth:connectors:connected[1d]) > 0";

export function gateway() {
    return [
        compared(
            curves({
                title: "Gateway pods",
                description: "Pods that Prometheus scrapes, and the number that the rule file expects.",
                queries: [
                    ["count(apisix_node_info{})", "pods"],
                    ["alpa_auth:gateway_pods:expected", "expected"],
                ],
                page: DOWN,
            }),
            "expected",
        ),
        curves({
            title: "etcd is reached",
            description: "1: the pod reaches etcd. 0: the pod does not, and receives no changes of callers.",
            queries: [["apisix_etcd_reachable{}", "{{instance}}"]],
            page: ETCD,
        }),
        curves({
            title: "The gateway itself answers 500",
            description: "With gateway.sharedCounters, check the counter server first.",
            queries: [[perMinute(`${ANY_ROUTE}, code="500", response_source="apisix"`), "500"]],
            unit: "reqpm",
            page: COUNTERS,
        }),
        curves({
            title: "Lost counts",
            description:
                "Above 0: the pod could not count a request, most often because the memory for metrics is full.",
            queries: [["increase(apisix_nginx_metric_errors_total{}[1h])", "{{instance}}"]],
            page: SERIES,
        }),
        compared(
            curves({
                title: "Connectors",
                description: "Connectors that are connected to Cloudflare, and the number that the rule file expects.",
                queries: [
                    [`alpa_auth:connectors:connected ${WITH_TUNNEL}`, "connected"],
                    [`alpa_auth:connectors:expected ${WITH_TUNNEL}`, "expected"],
                ],
                page: CONNECTORS,
                noValue: "no connector in the last day",
            }),
            "expected",
        ),
        curves({
            title: "Alpa in the cluster is ready",
            description: "1: the head has its model loaded; 0: callers get 503. Option intra-b, by kube-state-metrics.",
            queries: [['kube_pod_status_ready{pod=~"alpa-opt-head-.+", condition="true"}', "{{namespace}}/{{pod}}"]],
            page: NOTHING,
            noValue: "no pod of Alpa",
        }),
    ];
}
