import assert from "node:assert/strict";
import { BuildEstimate } from "../../toolchain/build-estimate";

describe("build estimate", () => {
    it("begins with the measured times, and continues with the speed of this machine", () => {
        let now = 0;
        const estimate = new BuildEstimate(() => now);
        estimate.add("a", { alone: 100 });
        estimate.add("b", { alone: 300 });
        estimate.report("a", 0);
        assert.equal(estimate.text(), "0% of all builds, about 7m left");
        now = 20_000;
        // The build has taken 20 s, but 10 s were expected. The estimate stays, because a tenth of one build is too little
        // to change it.
        estimate.report("a", 0.1);
        assert.equal(estimate.text(), "2% of all builds, about 7m left");
        now = 200_000;
        estimate.report("a", 1);
        assert.equal(estimate.text(), "25% of all builds, about 10m left");
        now = 760_000;
        estimate.report("b", 0.95);
        assert.equal(estimate.text(), "96% of all builds, about 30s left");
    });

    it("counts shared work of several builds only for the first build", () => {
        const estimate = new BuildEstimate(() => 0);
        estimate.add("a", { alone: 60, shared: 5 });
        estimate.add("b", { alone: 120, shared: 60 });
        estimate.add("c", { alone: 60 });
        assert.equal(estimate.text(), "0% of all builds, about 3m left");
    });
});
