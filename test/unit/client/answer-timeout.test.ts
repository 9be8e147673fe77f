// Proves that the client waits longer than the gateway, so that callers get the gateway's 504.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_ANSWER_SECONDS } from "../../../config/keys/alpa";
import { ROOT } from "../../../sandbox/world/state";

describe("default answer timeout of the client", () => {
    it("is 10 s more than the gateway's", () => {
        const client = readFileSync(join(ROOT, "client/python/src/alpa_auth_client/client.py"), "utf8");
        const [, seconds] = /^ANSWER_TIMEOUT_SECONDS = (\d+)/m.exec(client) ?? [];
        assert.equal(Number(seconds), DEFAULT_ANSWER_SECONDS + 10);
    });
});
