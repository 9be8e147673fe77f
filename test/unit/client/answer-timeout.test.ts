// Proves that clients wait longer than the gateway, so that callers get the gateway's 504.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_ANSWER_SECONDS } from "../../../config/keys/alpa";
import { ROOT } from "../../../sandbox/world/state";

describe("default answer timeout of the clients", () => {
    for (const [file, constant] of [
        ["python/src/alpa_auth_client/sender.py", /^ANSWER_TIMEOUT_SECONDS = (\d+)/m],
        ["typescript/src/settings.ts", /^const DEFAULT_ANSWER_SECONDS = (\d+);/m],
    ] as const)
        it(`${file}: 10 s more than the gateway's`, () => {
            const [, seconds] = constant.exec(readFileSync(join(ROOT, "client", file), "utf8")) ?? [];
            assert.equal(Number(seconds), DEFAULT_ANSWER_SECONDS + 10);
        });
});
