// Proves that a real ingress controller gets the settings of its pod. Only the listen addresses are changed.
import { strict as assert } from "node:assert";
import { parse } from "yaml";
import { ingressControllerConfig } from "../../real/ingress-controller";

describe("settings of a real ingress controller", () => {
    it("listen only on loopback, and keep everything else", () => {
        const rendered = 'controller_name: apisix.apache.org/llm\nmetrics_addr: ":8080"\nprobe_addr: ":8081"\n';
        assert.deepEqual(parse(ingressControllerConfig(rendered, 1, 2)), {
            controller_name: "apisix.apache.org/llm",
            metrics_addr: "127.0.0.1:1",
            probe_addr: "127.0.0.1:2",
        });
    });
});
