// Proves which caller classes a config may have, and the settings that result from them.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { parseIntra, raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const caller = (name: string, more: object = {}) => ({ name, credentials: [{ id: "a", method: "key" }], ...more });
const jobs = (more: object = {}) => [caller("chat"), caller("job", { class: "batch", ...more })];
const ONE_PROMPT = { guard: { maxPrompts: 1 } };
const shared = (batch: number, more: object = {}) => ({
    ...ONE_PROMPT,
    classes: { batch },
    consumers: jobs(),
    ...more,
});

function problems(config: Record<string, string>): string[] {
    return problemsOf(() => parse(config));
}

const refused: Refused[] = [
    [
        "a class without members",
        { classes: { interactive: 4 }, consumers: [caller("chat")] },
        "classes.interactive: has no callers. Set class: interactive for a consumer, or remove the class.",
    ],
    [
        "a class that does not exist",
        { classes: { batch: 4 }, consumers: [...jobs(), caller("other", { class: "bacth" })] },
        'consumers[2].class: must be one of batch (got "bacth"). Did you mean batch?',
    ],
    [
        "a class of a caller in a config without classes",
        { consumers: jobs() },
        'consumers[1].class: must be a name in classes, which is empty (got "batch"). Add the class there.',
    ],
    [
        "a class whose name is not a label",
        { classes: { "Batch.1": 4 }, consumers: [caller("job", { class: "Batch.1" })] },
        /^classes\.Batch\.1: the name must be a DNS label/,
    ],
    [
        "a share without room for a request",
        { classes: { batch: 3 }, consumers: jobs() },
        "classes.batch: must be at least guard.maxPrompts, 4 (got 3). Raise it, or set guard.maxPrompts to 3 or less.",
    ],
    [
        "more slots than Alpa has",
        {
            ...ONE_PROMPT,
            alpa: { endpoints: ["10.0.0.11:20001"] },
            classes: { batch: 3, nightly: 2 },
            consumers: [...jobs(), caller("night", { class: "nightly" })],
        },
        "classes: must have at most 4 slots in total, 4 for each of alpa.endpoints (got batch 3, nightly 2). Lower them.",
    ],
    [
        "a limit on open requests of a caller that shares them",
        shared(2, { consumers: jobs({ limits: { concurrent: 1 } }) }),
        /^consumers\[1\]\.limits\.concurrent: must not be set with class batch, which has slots/,
    ],
    [
        "several pods without shared counters",
        shared(2, { gateway: { replicas: 2 } }),
        /^gateway\.sharedCounters: required with slots of classes and more than one replica \(got 2\)/,
    ],
    [
        "an APISIX that counts members separately",
        shared(2, { gateway: { image: "apache/apisix:3.17.0-ubuntu" } }),
        /^gateway\.image: must be APISIX 3\.18 or newer with classes \(got "apache\/apisix:3\.17\.0-ubuntu"\)/,
    ],
    [
        "an existing gateway",
        shared(2, {
            gateway: {
                installer: "existing",
                existing: { ingressClass: "a", gateway: "a/a", url: "http://10.0.0.9" },
            },
        }),
        /^classes: only valid for a gateway that this stack installs \(got gateway\.installer existing\)/,
    ],
];

describe("classes of callers in the config", () => {
    itRefuses(refused, (values) => problems(raw(values)));

    it("have their callers, and one open request to /logprobs", () =>
        assert.deepEqual(parseIntra(raw(shared(2))).classes, [
            { name: "batch", members: ["job"], completions: 2, logprobs: 1 },
        ]));

    it("count each request as all prompts that it may have", () => {
        const values = shared(7, { guard: { maxPrompts: 2 } });
        assert.deepEqual(parseIntra(raw(values)).classes, [
            { name: "batch", members: ["job"], completions: 3, logprobs: 1 },
        ]);
    });

    it("replace the stack's limit on open requests, and no other", () => {
        const limits = { requests: 60, perSeconds: 60, concurrent: 5 };
        const { consumers } = parseIntra(raw(shared(2, { limits })));
        const { concurrent: _, ...rest } = limits;
        assert.deepEqual(
            consumers.map((one) => one.limits),
            [limits, rest],
        );
    });
});
