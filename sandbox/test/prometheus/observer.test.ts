// Proves which pods the sandbox's Prometheus scrapes, and the message without Prometheus.
// test/engine/gateway/observability.test.ts proves that its figures match the requests.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chartMetrics } from "../../../components/apisix/observability";
import { targetOf } from "../../prometheus/observer";
import { startPrometheus } from "../../prometheus/server";

const pod = (annotations?: Record<string, string>) => ({
    metadata: { name: "apisix-a", namespace: "team-a-gateway", annotations },
});
const { podAnnotations } = chartMetrics({ scrapers: [], podMonitor: false });

describe("the sandbox's Prometheus", () => {
    it("scrapes a gateway pod by the annotations that a stack sets, at the port that emulates the pod's", () => {
        const asked: unknown[] = [];
        const found = targetOf(pod(podAnnotations), (...place) => (asked.push(place), 21_234));
        assert.deepEqual(asked, [["team-a-gateway", "apisix-a", 9091]]);
        assert.deepEqual(found, {
            targets: ["127.0.0.1:21234"],
            labels: {
                __metrics_path__: "/apisix/prometheus/metrics",
                instance: "apisix-a",
                namespace: "team-a-gateway",
            },
        });
    });

    it("scrapes no pod without the annotations, and no unreachable pod", () => {
        assert.equal(
            targetOf(pod(), () => 1),
            undefined,
        );
        assert.equal(
            targetOf(pod({ ...podAnnotations, "prometheus.io/scrape": "false" }), () => 1),
            undefined,
        );
        assert.equal(
            targetOf(pod(podAnnotations), () => undefined),
            undefined,
        );
    });

    it("says how to get the program where it is not on PATH", async () => {
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-prometheus-"));
        try {
            await assert.rejects(
                startPrometheus({ folder, stateDir: folder, env: { PATH: folder } }),
                /^Error: prometheus: not on PATH\. Install it \(Debian, Ubuntu: apt-get install prometheus\), or /,
            );
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
});
