// Proves which settings of APISIX and which Kubernetes objects metrics and the access log create, and that a gateway
// without them has none. The emulator's test (sandbox/test/gateway/observed.test.ts) proves their effect.
import { strict as assert } from "node:assert";
import { parse } from "yaml";
import { ACCESS_LOG_FORMAT } from "../../../../components/apisix/access-log";
import {
    LATENCY_BUCKETS,
    metricsMetadata,
    type ObservabilitySettings,
} from "../../../../components/apisix/observability";
import { renderProfile } from "../../../../components/apisix/profile";
import { apisixValues } from "../../../../components/apisix/values";
import { renderPolicies } from "../../../../components/kubernetes/network-policies";
import { renderRoute } from "../../../../components/route/route-rules";
import { renderVerification } from "../../../../components/opt/verification";
import { oneOfKind } from "../../../kit";
import { GUARD } from "../route/guard-settings";
import { recordStack } from "../../kit/intra-a";
import { release } from "./release-fixture";

const scrapers = [{ namespace: "monitoring", labels: { "app.kubernetes.io/name": "prometheus" } }];
const METRICS: ObservabilitySettings = { metrics: { scrapers, podMonitor: false } };
const LOG: ObservabilitySettings = { accessLog: true };

const profile = (observability?: ObservabilitySettings): any =>
    parse(renderProfile({ ...release, observability }, "team-a"));
const values = (observability?: ObservabilitySettings): any => apisixValues({ ...release, observability }, "team-a");
const route = (observed?: object): any[] =>
    renderRoute({
        namespace: "team-a",
        guard: GUARD,
        ingressClassName: "team-a",
        answerTimeoutSeconds: 600,
        ownGateway: true,
        observed,
    }).http;

describe("a gateway without observability", () => {
    it("has the same settings, values and rules as without the key", () => {
        assert.deepEqual(profile({}), profile());
        assert.deepEqual(values({}), values());
        assert.deepEqual(route({}), route());
        const text = JSON.stringify([profile(), values(), route(), renderPolicies({})]);
        assert.doesNotMatch(text, /prometheus|9091|pre_function|access_log_format/);
    });
});

describe("metrics of the gateway", () => {
    it("are served next to the data port, on the port that the chart names in the pod", () => {
        const { export_addr: address } = profile(METRICS).plugin_attr.prometheus;
        const { enabled, containerPort } = values(METRICS).apisix.prometheus;
        assert.deepEqual([address, enabled, containerPort], [{ ip: "0.0.0.0", port: 9091 }, true, 9091]);
    });

    it("keep the port of redirects", () => {
        const tls = { nodePort: 30843, publicPort: 443 };
        const { plugin_attr: attributes } = parse(renderProfile({ ...release, tls, observability: METRICS }, "team-a"));
        assert.deepEqual(attributes.redirect, { https_port: 443 });
        assert.ok(attributes.prometheus);
    });

    it("have buckets for answer times up to the longest default, in milliseconds", () => {
        const { default_buckets: buckets } = profile(METRICS).plugin_attr.prometheus;
        assert.deepEqual(buckets, LATENCY_BUCKETS);
        assert.deepEqual(
            buckets,
            [...buckets].sort((a: number, b: number) => a - b),
        );
        assert.equal(buckets.at(-1), 600 * 1000);
    });

    it("count every rule of the route under its name, verification too", () => {
        const verification: any[] = renderVerification({
            namespace: "team-a",
            binding: { ingressClass: "c", gateway: "g", gatewayNamespace: "n" },
            guard: GUARD,
            answerTimeoutSeconds: 600,
            observed: { counted: true },
        }).http;
        for (const { name, plugins } of [...route({ counted: true }), ...verification]) {
            const found = plugins.filter((one: any) => one.name === "prometheus");
            assert.deepEqual(found, [{ name: "prometheus", enable: true, config: { prefer_name: true } }], name);
        }
    });

    it("have no label whose value a caller chooses", () =>
        assert.doesNotMatch(JSON.stringify(profile(METRICS).plugin_attr.prometheus), /extra_labels|\$/));

    it("can be read by the named pods only, and by none where none is named", () => {
        assert.deepEqual(renderPolicies({ scrapers }).apisix.ingress.at(-1), {
            from: [
                {
                    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
                    podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
                },
            ],
            ports: [{ port: 9091, protocol: "TCP" }],
        });
        assert.deepEqual(renderPolicies({ scrapers: [] }), renderPolicies({}));
        assert.ok(!JSON.stringify(renderPolicies({})).includes("9091"));
    });

    it("are found by annotations of the pods, or by a PodMonitor, never by both at once", async () => {
        assert.deepEqual(values(METRICS).podAnnotations, {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "9091",
            "prometheus.io/path": "/apisix/prometheus/metrics",
        });
        assert.ok(!("podAnnotations" in values({ metrics: { scrapers, podMonitor: true } })));
        const metrics = { podMonitor: true };
        const seen = await recordStack("helm", { observability: { metrics } });
        const { metadata, spec } = oneOfKind(seen, "PodMonitor").inputs;
        assert.equal(metadata.namespace, "alpa-auth-gateway");
        assert.deepEqual(spec, {
            selector: { matchLabels: { "app.kubernetes.io/name": "apisix" } },
            podMetricsEndpoints: [{ port: "prometheus", path: "/apisix/prometheus/metrics", interval: "15s" }],
        });
        const none = await recordStack("helm", { observability: { metrics: {} } });
        assert.equal(none.filter(({ inputs }) => inputs.kind === "PodMonitor").length, 0);
    });
});

describe("a gateway that counts tokens", () => {
    const TOKENS: ObservabilitySettings = { ...METRICS, ...LOG, tokens: true };
    const { http, http_configuration_snippet: maps } = profile(TOKENS).nginx_config;

    it("has at most 8 series for a caller of two models, and none for a model that a request names", () => {
        const disabled: Record<string, string[]> = metricsMetadata(TOKENS).prometheus.disabled_labels;
        // Labels that APISIX 3.18 gives a metric (exporter.lua), with the values of one caller: whole and streamed answers.
        const all = { consumer: 1, request_type: 2, request_llm_model: 1000, llm_model: 2 };
        const series = Object.entries(disabled).map(([metric, labels]) => {
            const left = Object.entries(all).filter(([label]) => !labels.includes(label));
            assert(labels.includes("request_llm_model"), metric);
            const types = metric === "bandwidth" ? 2 : 1;
            return left.some(([label]) => label === "consumer") ? left.reduce((n, [, values]) => n * values, types) : 0;
        });
        assert.equal(
            series.reduce((sum, n) => sum + n, 0),
            8,
        );
        assert.deepEqual(metricsMetadata(METRICS).prometheus.disabled_labels.http_latency, ["consumer"]);
    });

    it("logs the tokens of each answer, and never 0 for an answer that was not counted", () => {
        const line = JSON.parse(http.access_log_format.replace(/:\$\w+/g, ":1"));
        assert.deepEqual(Object.keys(line).slice(-4), ["model", "prompt_tokens", "completion_tokens", "tokens"]);
        const mapped = (variable: string, value: string) => {
            const [, rows] = new RegExp(`\\$${variable} \\{\n([^}]*)\\}`).exec(maps)!;
            const found = [...rows.matchAll(/^ {4}("~)?([^" ]+)"? (\S+);$/gm)];
            return found.find(([, isPattern, key]) =>
                isPattern ? new RegExp(key).test(value) : [value, "default"].includes(key),
            )?.[3];
        };
        for (const [type, number, tokens] of [
            ["ai_chat", "$llm_prompt_tokens", "counted"],
            ["ai_stream", "$llm_prompt_tokens", "counted"],
            ["ai_uncounted", "null", "uncounted"],
            ["traditional_http", "null", '""'],
        ])
            assert.deepEqual([mapped("alpa_prompt_tokens", type), mapped("alpa_tokens", type)], [number, tokens], type);
    });

    it("distinguishes the budget of tokens from the other limits", () => {
        const [, rows] = /\$alpa_reason \{\n([^}]*)\}/.exec(maps)!;
        const reasons = [...rows.matchAll(/"~([^"]+)" (\S+);/g)];
        for (const [values, reason] of [
            ["429:::0", "too-many-tokens"],
            ["429::0:500", "too-many-requests"],
            ["429:::500", "too-many-open-requests"],
            ["429:::", "too-many-open-requests"],
        ])
            assert.equal(reasons.find(([, pattern]) => new RegExp(pattern).test(values))?.[2], reason, values);
    });
});

describe("the access log of the gateway", () => {
    const nginx = profile(LOG).nginx_config;

    it("is JSON on the pod's output, escaped by nginx", () => {
        const { access_log: file, access_log_format_escape: escape, access_log_format: format } = nginx.http;
        assert.deepEqual([file, escape, format], ["/dev/stdout", "json", ACCESS_LOG_FORMAT]);
        const line = JSON.parse(format.replace(/:\$\w+/g, ":1"));
        assert.deepEqual(Object.keys(line), [
            ...["time", "request_id", "consumer", "credential", "route", "status", "reason"],
            ...["request_time", "upstream_time", "bytes_received", "bytes_sent", "client"],
        ]);
        // nginx expects these quotes.
        assert.ok(!format.includes("'"));
    });

    it("contains no header, path, query string or body", () => {
        const { http_configuration_snippet: maps } = nginx;
        const declared = [...maps.matchAll(/^map .* \$(\w+) \{$/gm)].map(([, name]) => name);
        const used = [...ACCESS_LOG_FORMAT.matchAll(/\$(\w+)/g)].map(([, name]) => name);
        const direct = used.filter((name) => !declared.includes(name));
        assert.deepEqual(direct.sort(), [
            ...["alpa_consumer", "alpa_credential", "bytes_sent", "remote_addr", "request_length", "request_time"],
            ...["status", "time_iso8601", "upstream_response_time"],
        ]);
        // A line contains nothing that a caller sent, except a request id in the form of a UUID.
        const values = [...maps.matchAll(/^ {4}(?:"[^"]*"|default) (\S+);$/gm)].map(([, value]) => value);
        assert.deepEqual(
            values.filter((value) => value.includes("$")),
            ["$http_x_request_id"],
        );
    });

    it("distinguishes limits of requests and of open requests, and gives no reason for a status of Alpa", () => {
        const [, rows] = /\$alpa_reason \{\n([^}]*)\}/.exec(nginx.http_configuration_snippet)!;
        const reasons = [...rows.matchAll(/"~([^"]+)" (\S+);/g)];
        // The gateway's status, Alpa's status, and the requests left in the caller's limit.
        for (const [values, reason] of [
            ["429::0", "too-many-requests"],
            ["429::", "too-many-open-requests"],
            ["422:422:", undefined],
            ["200:502, 200:", undefined],
        ] as const)
            assert.equal(reasons.find(([, pattern]) => new RegExp(pattern).test(values))?.[2], reason, values);
    });

    it("declares the variables that the route sets, and sets them after authentication", () => {
        const declared = nginx.http_server_configuration_snippet;
        for (const { name, plugins } of route({ named: true })) {
            const { pre_function: text } =
                plugins.find((one: any) => one.name === "fault-injection").config._meta ?? {};
            if (name === "closed") {
                assert.equal(text, undefined, "that rule requires no credential");
                continue;
            }
            for (const [, variable] of text.matchAll(/ngx\.var\.(\w+) =/g))
                assert.ok(declared.includes(`set $${variable} "";`), `${name}: ${variable}`);
        }
    });

    it("is the only log: APISIX's warnings contain the request line of each rejected request", () =>
        assert.equal(nginx.error_log_level, "error"));

    it("is written in buffers that two workers cannot mix", () => assert.ok(nginx.http.access_log_buffer <= 4096));
});
