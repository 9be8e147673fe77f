// Proves that charts' annotations are accepted or rejected as by the real Rampart, which validates them with yamale.
// The expected results were generated with yamale 4.0.2.
import assert from "node:assert/strict";
import { readSpec } from "../../../rampart/charts/annotation.js";
import { Crash, GraphErrors } from "../../../rampart/errors.js";
import type { Json } from "../../../rampart/types.js";

const refuse = (why: string) => new GraphErrors("validation", [`refused: ${why}`]);
const read = (annotation: Json) => readSpec(JSON.stringify(annotation), "component_spec_x", refuse);
const none = { inputs: [], outputs: [] };

describe("annotation of a chart", () => {
    it("lists what a component accepts, outputs, provides and requires", () => {
        const inputs: Json[] = [
            { name: "in*", type: "volume", mountPath: "/in/*" },
            { name: "q", type: "pulsar" },
        ];
        const spec = { inputs, outputs: [], provides: ["ray", "ray"], requires: [] };
        assert.deepEqual(read(spec), { ...spec, provides: ["ray"] });
        assert.deepEqual(read(none), { ...none, provides: [], requires: [] });
    });

    const broken: [what: string, annotation: Json][] = [
        ["no map", "x"],
        ["no fields", {}],
        ["a list that is not a list", { ...none, inputs: null }],
        ["an unknown field", { ...none, extra: 1 }],
        ["a repository, which no chart may request", { ...none, inputs: [{ name: "a", type: "repository" }] }],
        ["a mountPath that is not a path", { ...none, outputs: [{ name: "a", type: "volume", mountPath: "x" }] }],
        [
            "a mountPath of a type other than volume",
            { ...none, outputs: [{ name: "a", type: "pulsar", mountPath: "/x" }] },
        ],
        ["a name with a space", { ...none, provides: ["a b"] }],
        ["a name that is a number", { ...none, provides: [1] }],
        ["no name", { ...none, requires: [null] }],
    ];
    for (const [what, annotation] of broken)
        it(`is rejected with ${what}`, () =>
            assert.throws(() => read(annotation), /^Error: refused: Error validating data with schema '.*'\n/));

    const refused: [what: string, annotation: Json, message: RegExp][] = [
        [
            "one input twice",
            { ...none, inputs: [1, 2].map(() => ({ name: "a", type: "pulsar" })) },
            /^Error: Input a cannot occur multiple times in the definition of component component_spec_x$/,
        ],
        [
            "a default path without * for a name with *",
            { ...none, outputs: [{ name: "a*", type: "volume", mountPath: "/a" }] },
            /^Error: Default mount_path defined for a\* must end with '\*', but is \/a$/,
        ],
        [
            "an input without a name",
            { ...none, inputs: [{ name: "", type: "volume" }] },
            /^Error: refused: string index out of range$/,
        ],
    ];
    for (const [what, annotation, message] of refused)
        it(`is rejected with ${what}`, () => assert.throws(() => read(annotation), message));

    it("crashes the controller where it provides null", () => {
        assert.throws(() => read({ ...none, provides: null }), Crash);
    });
});
