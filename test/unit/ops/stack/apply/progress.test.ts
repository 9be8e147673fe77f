// Proves what an operator sees of `pulumi up`: what was done, messages once, and no more. The lines are Pulumi's (3.274).
import { strict as assert } from "node:assert";
import { progress } from "../../../../../ops/stack/apply/progress";

const LINES = `Previewing update (intra):
@ previewing update....
 +  random:index:RandomUuid team-b.first-key create
Diagnostics:
  pulumi:pulumi:Stack (alpa-auth-intra):
    warning: alpa: one service

Policies:
    ✅ alpa-auth@v0.1.0 (local: policy)

Resources:
    + 1 to create
Updating (intra):
 +  random:index:RandomUuid team-b.first-key creating (0s)
 +  random:index:RandomUuid team-b.first-key created (0.10s)
 -- kubernetes:core/v1:Secret a.b-secret deleted original (0.3s)
Diagnostics:
  pulumi:pulumi:Stack (alpa-auth-intra):
    warning: alpa: one service
  pulumi-nodejs:dynamic:GatewayServes (alpa-consumers-revoked):
    error: one of 3 gateway pods lags

Policies:
    ❌ alpa-auth@v0.1.0 (local: policy)
        - [mandatory]  alpa-routes-only
Outputs:
    url: "http://127.0.0.1/alpa"
error: update failed`.split("\n");

const shown = (verbose: boolean) => {
    const notes: string[] = [];
    LINES.forEach(progress({ verbose, note: (text) => notes.push(text.trim()) }));
    return notes;
};

describe("the progress of pulumi up", () => {
    it("has the operations that ended, each message once, and violations of policies", () => {
        assert.deepEqual(shown(false), [
            "pulumi:pulumi:Stack (alpa-auth-intra):",
            "warning: alpa: one service",
            "+  random:index:RandomUuid team-b.first-key created (0.10s)",
            "-- kubernetes:core/v1:Secret a.b-secret deleted original (0.3s)",
            "pulumi-nodejs:dynamic:GatewayServes (alpa-consumers-revoked):",
            "error: one of 3 gateway pods lags",
            "❌ alpa-auth@v0.1.0 (local: policy)",
            "- [mandatory]  alpa-routes-only",
            "error: update failed",
        ]);
    });

    it("has every line with --verbose", () => assert.equal(shown(true).length, LINES.length));
});
