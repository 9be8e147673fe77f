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
        assert.equal(asked({ accessLog: false }).observability, undefined);
    });

    it("passes the scrapers to the components, and whether a PodMonitor selects the pods", () => {
        const metrics = { scrapers: [SCRAPER], podMonitor: true };
        const scrapers = [{ namespace: "monitoring", labels: SCRAPER.podLabels }];
        assert.deepEqual(asked({ metrics }).observability, { metrics: { scrapers, podMonitor: true } });
        const { gateway } = parseInter(interValues({ observability: { metrics } }));
        assert.deepEqual(gateway.release.observability, { metrics: { scrapers, podMonitor: true } });
    });

    it("warns that no pod can read metrics without scrapers", () => {
        const about = (metrics: object) =>
            asked({ metrics }).warnings.filter((warning) => warning.startsWith("observability"));
        assert.deepEqual(about({}), [
            "observability.metrics.scrapers: empty, so the network policies let no pod read the metrics. Name the pods of your Prometheus.",
        ]);
        assert.deepEqual(about({ scrapers: [SCRAPER] }), []);
    });

    it("gives connectors the same settings, also in front of another owner's gateway", () => {
        const metrics = { scrapers: [SCRAPER] };
        const scrapers = [{ namespace: "monitoring", labels: SCRAPER.podLabels }];
        for (const installer of ["helm", "existing"] as const) {
            const observed = parseIntra(raw({ consumers, ...exposed(installer), observability: { metrics } }));
            assert.deepEqual(observed.exposure!.connectors.metrics, { scrapers, podMonitor: false });
            const { exposure } = parseIntra(raw({ consumers, ...exposed(installer) }));
            assert.ok(!("metrics" in exposure!.connectors));
        }
    });

    const existing = { ingressClass: "shared", gateway: "edge/shared", url: "http://10.0.0.9" };
    const metrics = (values: object) => ({ observability: { metrics: { ...values } } });
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
        ],
        [
            "a scraper without labels",
            metrics({ scrapers: [{ namespace: "monitoring", podLabels: {} }] }),
            /at least one label/,
        ],
        [
            "an invalid label",
            metrics({ scrapers: [{ namespace: "monitoring", podLabels: { "a b": "c", d: "-" } }] }),
            /must be labels of Kubernetes \(got "a b: c"\)/,
            /must be labels of Kubernetes \(got "d: -"\)/,
        ],
        [
            "metrics of an APISIX whose versions keep a latency histogram for each caller",
            { gateway: { image: "apache/apisix:3.17.0-ubuntu" }, ...metrics({}) },
            /^gateway\.image: must be APISIX 3\.18 or newer with observability\.metrics \(got "apache\/apisix:3\.17\.0-ubuntu"\)/,
        ],
    ];
    itRefuses(refused, problems);
});
