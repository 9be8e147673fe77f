// Proves which configs of opt.watchdog are valid, and the resulting settings.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { intraBSettings, intraBValues } from "../../kit/intra-b";
import { EXPOSURE, raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const ENDPOINTS = ["10.0.0.11:20001"];
const values = (watchdog: object, rest: Record<string, unknown> = { alpa: { endpoints: ENDPOINTS } }) =>
    intraBValues(rest, { watchdog });

const refused: Refused[] = [
    [
        "a limit shorter than the longest answer",
        values({ stuckSeconds: 800 }, { alpa: { endpoints: ENDPOINTS, answerTimeoutSeconds: 900 } }),
        "opt.watchdog.stuckSeconds: must be at least 900, the longest answer (got 800). Raise it, or the watchdog restarts Alpa during a long answer.",
    ],
    ["a limit of zero", values({ idleSeconds: 0 }), /^opt\.watchdog\.idleSeconds: /],
    [
        "a limit within which a healthy Alpa may wait for a batch",
        values({ idleSeconds: 9 }),
        "opt.watchdog.idleSeconds: must be at least 10 (got 9). Raise it, or the watchdog restarts Alpa while it only waits for more prompts.",
    ],
    [
        "a limit shorter than the longest answer behind a tunnel",
        values({ stuckSeconds: 100 }, { ...EXPOSURE, alpa: { ...EXPOSURE.alpa, endpoints: ENDPOINTS } }),
        /^opt\.watchdog\.stuckSeconds: must be at least 120, the longest answer \(got 100\)/,
    ],
];

describe("config of the watchdog", () => {
    itRefuses(refused, (config: Record<string, unknown>) => problemsOf(() => parse(raw(config))));

    it("limits one batch to twice the longest answer by default", () => {
        const watchdog = (opt: object, alpa: object = {}) =>
            intraBSettings({ alpa: { endpoints: ENDPOINTS, ...alpa } }, opt).conversion.opt.watchdog;
        assert.equal(watchdog({}), undefined);
        assert.deepEqual(watchdog({ watchdog: {} }), { model: "default", idleSeconds: 60, stuckSeconds: 1200 });
        const answer = { answerTimeoutSeconds: 900, defaultModel: "opt" };
        assert.deepEqual(watchdog({ watchdog: {} }, answer), { model: "opt", idleSeconds: 60, stuckSeconds: 1800 });
        assert.equal(watchdog({ watchdog: { enabled: false } }), undefined);
        assert.equal(watchdog({ watchdog: { stuckSeconds: 700 } })?.stuckSeconds, 700);
    });
});
