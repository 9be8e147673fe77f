// Proves the table that `npm run verify:real` prints before a release, and the results that stop a release.
import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { reportParts } from "../../../sandbox/real/choice";
import { CHECKS, filesToRun, HEAD, holds, rowsOf } from "../../real-checks";

const found = (version: string) => ({ version, paths: {} });
const parts = reportParts({ charts: found("2.14.0"), "cloudflare-provider": found("6.22.1") });
const good = new Map(filesToRun(parts).map((file) => [file, { passed: 2, failed: 0 }]));

describe("checks of real parts", () => {
    it("name files that exist, for every part", () => {
        for (const files of Object.values(CHECKS)) {
            assert.ok(files.length > 0);
            for (const file of files) assert.ok(existsSync(join(__dirname, "../../..", file)), file);
        }
    });

    it("print part, version, real or emulated, and the checks that passed", () => {
        const outcomes = new Map([...good, ["test/engine/cloudflare/stack.test.ts", { passed: 1, failed: 1 }]]);
        assert.deepEqual(HEAD, ["part", "version", "real or emulated", "checks passed"]);
        assert.deepEqual(rowsOf(parts, outcomes), [
            ["Helm charts", "2.14.0", "real", "6 of 6"],
            ["APISIX on OpenResty", "3.18.0", "emulated", "none"],
            ["APISIX ingress controller with ADC", "2.0.1", "emulated", "none"],
            ["Pulumi provider cloudflare", "6.22.1", "real", "5 of 6"],
            ["cloudflared", "2026.8.2", "emulated", "none"],
        ]);
    });

    it("allow a release when every check passed", () => assert.equal(holds(parts, good), true));

    for (const [what, outcome] of [
        ["a check failed", { passed: 2, failed: 1 }],
        ["a file ran no check", { passed: 0, failed: 0 }],
    ] as const)
        it(`do not allow a release when ${what}`, () => {
            assert.equal(holds(parts, new Map([...good, [filesToRun(parts)[0], outcome]])), false);
        });

    it("do not allow a release when no part is real", () => assert.equal(holds(reportParts({}), new Map()), false));
});
