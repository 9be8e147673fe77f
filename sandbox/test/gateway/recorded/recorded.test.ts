/**
 * Proves that the emulator gives the same answers and upstream requests as the recorded APISIX 3.18.0. Defined only where the
 * shared recordings are available.
 */
import assert from "node:assert/strict";
import { loadRecordings } from "./recording-types";
import { replayAdmin, replayAll, type Outcome } from "./recordings";

/**
 * Configurations that the emulator does not support. `config` matches their names. `reason` matches the reason that the
 * error must name.
 */
const UNSUPPORTED: [config: RegExp, reason: RegExp][] = [
    [/^(ip|er-ip|catch-all)$/, /plugin ip-restriction/],
    [/^(cr|cr-.+|full-chain|shape-global|shape-exit-transformer)$/, /plugin consumer-restriction/],
    [/^(cors|cors-site)$/, /plugin cors/],
    [/^drain-mocking/, /plugin mocking/],
    [/^split-h$/, /plugin traffic-split/],
    [/^shared-dead-sync$/, /limit-count sync_interval/],
];

/**
 * Calls of the Admin API that are missing in the recordings, although later answers depend on them. They are sent
 * before the case in the key.
 */
const ADMIN_SETUP: Parameters<typeof replayAdmin>[1] = {
    "admin/credential-create": [["PUT", "/consumers", { username: "jack" }]],
    "admin/credential-no-plugins": [
        ["PUT", "/consumers/jack/credentials/c", { plugins: { "key-auth": { key: "x0" } } }],
    ],
    "admin/credential-list-after-recreate": [
        ["DELETE", "/consumers/jack", null],
        ["PUT", "/consumers", { username: "jack" }],
    ],
    "admin/credential-key-reusable": [["PUT", "/consumers", { username: "jill" }]],
};

const recordings = loadRecordings();

if (recordings)
    describe("gateway emulator against the recordings of APISIX 3.18.0", () => {
        let outcomes: Outcome[] = [];
        const reasonFor = (config: string) => UNSUPPORTED.find(([pattern]) => pattern.test(config))?.[1];

        before(async () => {
            outcomes = await replayAll(recordings);
        });

        it("agrees with all recorded cases except 89, which it rejects as unsupported", () => {
            const supported = outcomes.filter((o) => !reasonFor(o.recorded.config));
            const agree = supported.filter((o) => !o.refused && o.differences.length === 0);
            const counts = {
                recorded: outcomes.length,
                agree: agree.length,
                refused: outcomes.length - supported.length,
            };
            assert.deepEqual(counts, { recorded: 448, agree: 359, refused: 89 });
        });

        const emulated = recordings.cases.filter((recorded) => !reasonFor(recorded.config));
        for (const group of new Set(emulated.map((recorded) => recorded.group)))
            it(`answers like APISIX: ${group}`, () => {
                const wrong = outcomes
                    .filter((o) => o.recorded.group === group && !reasonFor(o.recorded.config))
                    .filter((o) => o.refused || o.differences.length > 0)
                    .map((o) =>
                        [o.recorded.id, ...(o.refused ? [JSON.stringify(o.refused)] : o.differences)].join("\n    "),
                    );
                assert.deepEqual(wrong, [], wrong.join("\n"));
            });

        it("answers 501 with the name of what it does not emulate", () => {
            for (const { recorded, refused } of outcomes) {
                const reason = reasonFor(recorded.config);
                if (!reason) continue;
                assert.equal(refused?.status, 501, recorded.id);
                assert.match(JSON.stringify(refused.body), reason, recorded.id);
            }
        });

        it("answers like APISIX: Admin API", async () => {
            const wrong = (await replayAdmin(recordings, ADMIN_SETUP)).filter((o) => o.differences.length > 0);
            assert.deepEqual(wrong, []);
        });
    });
