import type { Case } from ".";
import { find, more, plugin, spec } from "./changes";
import type { Given } from "../stacks";

const metrics = (change: (spec: any) => void) => spec("NetworkPolicy", "alpa-auth-metrics", change);
/** The settings file of APISIX, as text. */
const settings = (change: (text: string) => string) => (all: Given[]) => {
    const isFile = ({ inputs: { kind, metadata } }: Given) =>
        kind === "ConfigMap" && metadata.name.startsWith("alpa-auth-apisix-");
    const { data } = all.find(isFile)!.inputs;
    const [file] = Object.keys(data);
    data[file] = change(data[file]);
};

/** Cases of stacks with metrics and an access log. */
export const OBSERVED: Record<string, Case[]> = {
    "network-closed": [
        [
            "the metrics for all sources",
            "observed",
            metrics((s) => delete s.ingress[0].from),
            /^spec\.ingress\[0\]: must not let everybody reach the metrics of APISIX/m,
        ],
        [
            "the metrics for a whole namespace",
            "observed",
            metrics((s) => delete s.ingress[0].from[0].podSelector),
            /^spec\.ingress\[0\]: must not let every pod of a namespace reach the metrics of APISIX/m,
        ],
    ],
    "ports-closed": [
        [
            "the metrics on a port of the nodes",
            "observed",
            more("kubernetes:core/v1:Service", {
                kind: "Service",
                spec: { type: "NodePort", ports: [{ port: 9091, targetPort: 9091 }] },
            }),
            /must not open the metrics of APISIX, which name every caller, to the outside|must not open the metrics of APISIX/,
        ],
    ],
    "as-rendered": [
        [
            "more ports for scrapers than that of the metrics",
            "observed",
            metrics((s) => s.ingress[0].ports.push({ port: 9080, protocol: "TCP" })),
            /^spec\.ingress\[0\]\.ports: must be a list of length 1/m,
        ],
        [
            "metrics of one rule replaced by another plugin",
            "observed",
            plugin("completions", "prometheus", (p) => (p.name = "http-logger")),
            /does not render http-logger/,
        ],
        [
            "a logger in addition to the metrics, which would get keys and prompts",
            "observed",
            plugin("logprobs", "prometheus", (p, rule) =>
                rule.plugins.push({ ...p, name: "http-logger", config: { uri: "http://10.0.0.1" } }),
            ),
            /does not render http-logger/,
        ],
        [
            "another function before a plugin",
            "observed",
            plugin(
                "completions",
                "fault-injection",
                ({ config }) => (config._meta.pre_function = "return function() end"),
            ),
            /pre_function: must be/,
        ],
        [
            "a log with a header in it",
            "observed",
            settings((text) => text.replace("$remote_addr", "$http_apikey")),
            /access_log_format: must be/,
        ],
        [
            "a label of a header",
            "observed",
            settings((text) =>
                text.replace(
                    "default_buckets:",
                    "metrics: { http_status: { extra_labels: [{ k: $http_apikey }] } }\n    default_buckets:",
                ),
            ),
            /plugin_attr\.prometheus\.metrics: this project does not render this field/,
        ],
        [
            "a PodMonitor of other pods",
            "observed",
            spec("PodMonitor", undefined, (s) => (s.selector = {})),
            /^spec\.selector/m,
        ],
        [
            "metadata of another plugin",
            "observed",
            (all) => (find(all, "GatewayProxy").inputs.spec.pluginMetadata["http-logger"] = { log_format: {} }),
            /pluginMetadata\.http-logger: this project does not render this field/,
        ],
    ],
    "known-types": [
        [
            "a ServiceMonitor, which this project does not create",
            "observed",
            more("kubernetes:monitoring.coreos.com/v1:ServiceMonitor", { kind: "ServiceMonitor", spec: {} }),
            /ServiceMonitor is not created by this project/,
        ],
    ],
};
