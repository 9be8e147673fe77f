import { strict as assert } from "node:assert";
import * as z from "zod";
import { ConfigError, parse, type RawConfig } from "../../../config";
import { explain, wording } from "../../../config/problems";
import { rawCloudflare, TUNNEL } from "../kit/cloudflare";
import { interValues } from "../kit/inter";
import { EXPOSURE, raw } from "../kit/intra-a";

const schema = z.strictObject({
    list: z.array(z.strictObject({ size: z.enum(["small", "large"]) })).optional(),
    box: z.strictObject({ height: z.number() }).prefault({ height: 1 }),
});
const text = (values: Record<string, unknown>) => {
    const result = schema.safeParse(values, { error: wording });
    return result.success
        ? []
        : result.error.issues.flatMap((issue) => explain(issue, values, schema, { "box.lid": "option inter" }));
};

describe("explain", () => {
    const cases: [what: string, values: Record<string, unknown>, ...problems: string[]][] = [
        ["where a value is missing", { box: {} }, "box.height: required."],
        ["which type of value is expected", { box: { height: "2" } }, 'box.height: must be a number (got "2").'],
        ["nothing of an object's content", { box: { height: { a: 1 } } }, "box.height: must be a number."],
        [
            "the allowed values, by position",
            { list: [{ size: "large" }, { size: "lrge" }] },
            'list[1].size: must be one of small, large (got "lrge"). Did you mean large?',
        ],
        [
            "what to do where no allowed value is similar",
            { list: [{ size: "telemetry" }] },
            'list[0].size: must be one of small, large (got "telemetry"). Choose one.',
        ],
        [
            "each unknown key of an object",
            { list: [{ size: "large", sice: 1, x: 2 }] },
            "list[0].sice: is not a known key. Did you mean size?",
            "list[0].x: is not a known key. Remove it.",
        ],
        [
            "an unknown key below a default",
            { box: { height: 1, hieght: 2 } },
            "box.hieght: is not a known key. Did you mean height?",
        ],
        [
            "which option has a key",
            { box: { height: 1, lid: 2 } },
            "box.lid: only valid with option inter, not with this stack's option. Remove it.",
        ],
    ];
    for (const [what, values, ...problems] of cases) it(`says ${what}`, () => assert.deepEqual(text(values), problems));
});

describe("wording", () => {
    const cases: [what: string, RawConfig, ...problems: string[]][] = [
        [
            "of an option with a gateway",
            raw({ cluster: "s3cret", tls: "s3cret", consumers: "s3cret", convert: "s3cret" }),
            ...["cluster", "tls"].map((key) => `${key}: must be an object.`),
            "consumers: must be an array.",
            "convert: must be an object.",
        ],
        ["of option inter", raw(interValues({ firewall: "s3cret" })), "firewall: must be an object."],
        ["of exposure tunnel", raw({ ...EXPOSURE, tunnel: "s3cret" }), "tunnel: must be an object."],
        [
            "of option cloudflare",
            rawCloudflare({ consumers: ["s3cret"], tunnel: { ...TUNNEL, hosts: "s3cret" } }),
            "tunnel.hosts: must be an array.",
            "consumers[0]: must be an object.",
        ],
    ];
    for (const [what, values, ...expected] of cases)
        it(`quotes no value in the place of a secret ${what}`, () =>
            assert.throws(
                () => parse(values),
                ({ problems }: ConfigError) => {
                    for (const problem of expected) assert.ok(problems.includes(problem), problems.join("\n"));
                    assert.doesNotMatch(problems.join(), /s3cret/);
                    return true;
                },
            ));
});
