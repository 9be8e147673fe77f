// Proves which containers of the KubeRay operator the sandbox does not run.
import assert from "node:assert/strict";
import { OPERATOR, operatorProblem } from "../../workloads/operators";

const image = "quay.io/kuberay/operator:v1.6.2";

describe("The sandbox's KubeRay operator", () => {
    it("has one version", () => {
        assert.match(image, OPERATOR);
        for (const other of ["v1.7.0", "nightly", "v1.6.2-rc.1"])
            assert.doesNotMatch(`quay.io/kuberay/operator:${other}`, OPERATOR);
    });

    it("is run with the chart's arguments", () => {
        const args = ["--watch-namespace", "llm", "--enable-leader-election=true", "--feature-gates=RayCronJob=false"];
        assert.equal(operatorProblem({ name: "operator", image, command: ["/manager"], args }), undefined);
    });

    const refused: [why: string, container: object, problem: RegExp][] = [
        ["another program", { command: ["/bin/sh"] }, /with the command \/bin\/sh/],
        ["a file of configuration", { args: ["--config", "/etc/kuberay/config.yaml"] }, /with the option config/],
        ["a batch scheduler", { args: ["--batch-scheduler=volcano"] }, /with the option batch-scheduler/],
        ["a variable from elsewhere", { env: [{ name: "A", valueFrom: {} }] }, /a variable with valueFrom \(A\)/],
    ];
    for (const [why, container, problem] of refused)
        it(`is not run with ${why}`, () =>
            assert.match(operatorProblem({ name: "operator", image, ...container })!, problem));

    it("ignores other images", () => {
        assert.equal(operatorProblem({ name: "x", image: "busybox:1.28", command: ["sh"] }), undefined);
    });
});
