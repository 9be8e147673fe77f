// Proves which settings of metrics and the access log are valid, and that all are off by default.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { itRefuses, problemsOf, type Refused } from "../refused";
import { interValues, parseInter } from "../../kit/inter";
import { exposed, parseIntra, raw, settings } from "../../kit/intra-a";

const SCRAPER = { namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } };
const consumers = [{ name: "lab", credentials: [{ id: "a", method: "key" }] }];

function problems(values: Record<string, unknown>): string[] {
    return problemsOf(() => parse(raw({ consumers, ...values })));
}

const asked = (observability: object) => {
    const { gateway, warnings } = parseIntra(raw({ consumers, observability }));
    assert.ok(gateway.installer !== "existing");
    return { observability: gateway.release.observability, warnings };
};

describe("config of observability", () => {
    it("is off by default, in every option with its own gateway", () => {
        for (const { gateway } of [settings("rampart"), settings("helm"), parseInter(interValues())]) {
            assert.ok(gateway.installer !== "existing");
            assert.equal(gateway.release.observability, undefined);
        }
        assert.equal(asked({}).observability, undefined);
        assert.equal(asked({ metrics: {}, accessLog: false }).observability, undefined);
    });

    it("passes the scrapers to the components, and whether a PodMonitor selects the pods", () => {
        const metrics = { enabled: true, scrapers: [SCRAPER], podMonitor: true };
        const scrapers = [{ namespace: "monitoring", labels: SCRAPER.podLabels }];
        assert.deepEqual(asked({ metrics }).observability, { metrics: { scrapers, podMonitor: true } });
        const { gateway } = parseInter(interValues({ observability: { metrics } }));
        assert.deepEqual(gateway.release.observability, { metrics: { scrapers, podMonitor: true } });
    });

    it("accepts a caller for callerPath with small limits, which changes nothing in the gateway", () => {
        const limits = { requests: 2, perSeconds: 60, concurrent: 1 };
        const own = [{ name: "caller-path", limits, credentials: [{ id: "a", method: "key" }] }];
        assert.deepEqual(problems({ consumers: own, observability: { callerPath: { consumer: "caller-path" } } }), []);
        const { gateway } = parseIntra(
            raw({ consumers: own, observability: { callerPath: { consumer: "caller-path" } } }),
        );
        assert.ok(gateway.installer !== "existing");
        assert.equal(gateway.release.observability, undefined);
    });

    it("enables the access log without metrics", () =>
        assert.deepEqual(asked({ accessLog: true }).observability, { accessLog: true }));

    it("warns that no pod can read metrics without scrapers", () => {
        const about = (metrics: object) =>
            asked({ metrics }).warnings.filter((warning) => warning.startsWith("observability"));
        assert.deepEqual(about({ enabled: true }), [
            "observability.metrics.scrapers: empty, so the network policies let no pod read the metrics. Name the pods of your Prometheus.",
        ]);
        assert.deepEqual(about({ enabled: true, scrapers: [SCRAPER] }), []);
        assert.deepEqual(about({}), []);
    });

    it("gives connectors the same settings, also in front of another owner's gateway", () => {
        const metrics = { enabled: true, scrapers: [SCRAPER] };
        const scrapers = [{ namespace: "monitoring", labels: SCRAPER.podLabels }];
        for (const installer of ["helm", "existing"] as const) {
            const observed = parseIntra(raw({ consumers, ...exposed(installer), observability: { metrics } }));
            assert.deepEqual(observed.exposure!.connectors.metrics, { scrapers, podMonitor: false });
            const { exposure } = parseIntra(raw({ consumers, ...exposed(installer) }));
            assert.ok(!("metrics" in exposure!.connectors));
        }
    });

    const existing = { ingressClass: "shared", gateway: "shared", gatewayNamespace: "edge", url: "http://10.0.0.9" };
    const metrics = (values: object) => ({ observability: { metrics: { enabled: true, ...values } } });
    const refused: Refused[] = [
        [
            "its keys for another owner's gateway",
            { gateway: { installer: "existing", existing }, observability: { accessLog: true } },
            /^observability: only valid for a gateway that this stack installs/,
        ],
        [
            "more than the metrics of connectors in front of another owner's gateway",
            { ...exposed("existing"), observability: { accessLog: true, metrics: { podMonitor: true } } },
            /^observability\.accessLog: only valid for a gateway that this stack installs/,
            /^observability\.metrics\.podMonitor: needs observability\.metrics\.enabled/,
        ],
        [
            "scrapers and a PodMonitor without metrics, which would have no effect",
            { observability: { metrics: { scrapers: [SCRAPER], podMonitor: true } } },
            /^observability\.metrics\.scrapers: needs observability\.metrics\.enabled/,
            /^observability\.metrics\.podMonitor: needs observability\.metrics\.enabled/,
        ],
        [
            "completions of an unknown caller",
            { observability: { callerPath: { consumer: "caller-path" } } },
            /^observability\.callerPath\.consumer: must be the name of one of consumers \(got "caller-path"\)/,
        ],
        [
            "completions of a caller without limits",
            { observability: { callerPath: { consumer: "lab" } } },
            /^consumers\[0\]\.limits: must be at most 2 requests a minute, one at a time, since observability\.callerPath/,
        ],
        [
            "completions of a caller that may send a month's quota at once",
            {
                consumers: [
                    {
                        name: "lab",
                        limits: { requests: 86400, perSeconds: 2592000, concurrent: 1 },
                        credentials: [{ id: "a", method: "key" }],
                    },
                ],
                observability: { callerPath: { consumer: "lab" } },
            },
            /^consumers\[0\]\.limits: must be at most 2 requests a minute/,
        ],
        [
            "completions of a caller with other limits, and with tokens only, whose header would expire",
            {
                consumers: [
                    {
                        name: "lab",
                        limits: { requests: 3, perSeconds: 60, concurrent: 1 },
                        credentials: [{ id: "a", method: "jwt", algorithm: "HS256" }],
                    },
                ],
                observability: { callerPath: { consumer: "lab" } },
            },
            /^consumers\[0\]\.limits: must be at most 2 requests a minute/,
            /^consumers\[0\]\.credentials: must have a credential with method key/,
        ],
        [
            "a scraper without labels",
            metrics({ scrapers: [{ namespace: "monitoring", podLabels: {} }] }),
            /at least one label/,
        ],
        [
            "a scraper with only a namespace",
            metrics({ scrapers: [{ namespace: "monitoring" }] }),
            /scrapers\[0\]\.podLabels: required/,
        ],
        [
            "an invalid label",
            metrics({ scrapers: [{ namespace: "monitoring", podLabels: { "a b": "c", d: "-" } }] }),
            /must be labels of Kubernetes \(got "a b: c"\)/,
            /must be labels of Kubernetes \(got "d: -"\)/,
        ],
        [
            "an invalid namespace",
            metrics({ scrapers: [{ ...SCRAPER, namespace: "Monitoring" }] }),
            /namespace: must be a DNS label/,
        ],
        [
            "metrics of an APISIX whose versions keep a latency histogram for each caller",
            { gateway: { image: { tag: "3.17.0-ubuntu" } }, ...metrics({}) },
            /^gateway\.image\.tag: must be APISIX 3\.18 or newer with observability\.metrics \(got "3\.17\.0-ubuntu"\)/,
        ],
        ["a text instead of a boolean", { observability: { accessLog: "json" } }, /accessLog: must be true or false/],
        ["an unknown key", { observability: { traces: true } }, /observability\.traces: is not a known key/],
    ];
    itRefuses(refused, problems);
});
