// Proves that a stored recording is read unchanged, and that a file with a mistake is rejected. Proves that the files
// of this repository have the form that the recorder writes.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Tree } from "../../../policy/resources/values";
import { findingsOf } from "../../findings";
import { recordingOf, stored, type Recording, type Stored } from "../../recorded/file";
import { pathOf, read } from "../../recorded/recording";
import { fileOf, textOf } from "../../recorded/text";

const made = { date: "2026-11-28", pulumi: "v3.274.1", program: "5c4f99cb8a974ca13b720d1540577b1ee9b87aa2" };
const before = { "alpa-auth:consumers": '[{"name":"a"}]', "alpa-auth:option": "intra-a" };
const urn = (type: string, name: string) => `urn:pulumi:s::alpa-auth::alpa-auth:parts:Consumers$${type}::${name}`;
const state = (type: string, name: string, inputs?: Tree) =>
    ({ urn: urn(type, name), type, custom: !type.startsWith("alpa-auth:"), ...(inputs && { inputs }) }) as const;
const SECRET = "kubernetes:core/v1:Secret";
const GROUP = "alpa-auth:parts:Key";
const text = "line\n".repeat(40);
const old = (name: string, data: Tree) => ({ ...state(SECRET, name, data), id: `s/${name}` });

const RECORDING: Recording = {
    nothing: { made, before, config: before, changeSummary: { same: 3 }, steps: [] },
    "many changes": {
        made,
        before,
        config: { ...before, "alpa-auth:consumers": '[{"name":"b"}]' },
        changeSummary: { create: 2, delete: 1, replace: 1 },
        steps: [
            { op: "create", urn: urn(GROUP, "b"), newState: state(GROUP, "b") },
            { op: "create", urn: urn(SECRET, "b"), newState: state(SECRET, "b", { text, data: "[secret]" }) },
            { op: "delete", urn: urn(SECRET, "a"), oldState: old("a", { text, data: "[secret]" }) },
            {
                op: "replace",
                urn: urn(SECRET, "c"),
                oldState: old("c", { data: "[secret]", list: [1, 2] }),
                newState: state(SECRET, "c", { data: "[secret]", list: [1, 2, 3] }),
                replaceReasons: ["data"],
                detailedDiff: { data: { kind: "update-replace" } },
            },
        ],
    },
    "another old state": {
        made: { ...made, real: { charts: "2.14.0" } },
        before: { ...before, "alpa-auth:option": "intra-b" },
        config: { ...before, "alpa-auth:option": "intra-b" },
        changeSummary: { delete: 1 },
        steps: [{ op: "delete", urn: urn(SECRET, "a"), oldState: old("a", { text: `${text}end`, data: "[secret]" }) }],
    },
};
const FILE = stored(RECORDING);
const readAgain = (file: Stored) => recordingOf(fileOf(textOf(file), "test"), "test");
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe("file of recorded previews", () => {
    it("has every preview as it was recorded", () => assert.deepEqual(readAgain(FILE), RECORDING));

    it("has each resource once, and what a change does to it", () => {
        assert.deepEqual(Object.keys(FILE.resources), [`${GROUP} b`, `${SECRET} a`, `${SECRET} b`, `${SECRET} c`]);
        const [, , , replaced] = FILE.cases["many changes"].steps!;
        assert.deepEqual(replaced.becomes, { added: { "inputs.list[2]": 3 } });
        // The inputs of two resources are equal.
        assert.equal(textOf(FILE).split("line\n").length - 1, 40);
    });

    it("keeps a path that Pulumi names only where the inputs show no difference", () => {
        const preview = plain(RECORDING["many changes"]);
        preview.steps[3].detailedDiff["list[2]"] = { kind: "add" };
        assert.deepEqual(readAgain(stored({ one: preview })).one, RECORDING["many changes"]);
    });

    it("does not depend on the order of keys", () => {
        const reversed = (value: any): any =>
            typeof value !== "object" || value === null || Array.isArray(value)
                ? value
                : Object.fromEntries(
                      Object.keys(value)
                          .reverse()
                          .map((key) => [key, reversed(value[key])]),
                  );
        const other = Object.fromEntries(
            Object.entries(RECORDING).map(([what, one]) => [what, { ...reversed(one), made }]),
        );
        const same = Object.fromEntries(Object.entries(RECORDING).map(([what, one]) => [what, { ...one, made }]));
        assert.equal(textOf(stored(other)), textOf(stored(same)));
    });

    const MISTAKES: [what: string, change: (file: any) => void, message: RegExp][] = [
        ["an unknown key", (file) => (file.more = 1), /^test: must have known keys only/],
        [
            "an unknown key of a case",
            (file) => (file.cases.nothing.more = 1),
            /^test: nothing: must have known keys only/,
        ],
        [
            "an unknown key of a step",
            ({ cases }) => (cases["another old state"].steps[0].to = {}),
            /steps\[0\]: must have known/,
        ],
        [
            "an unknown operation",
            ({ cases }) => (cases["many changes"].steps[2].op = "same"),
            /known operation \(got same\)/,
        ],
        [
            "a resource that is not there",
            ({ resources }) => delete resources[`${SECRET} a`],
            /of a resource of this file/,
        ],
        [
            "another old value",
            ({ resources }) => (resources[`${SECRET} a`].inputs.text = "line\n"),
            /was: inputs\.text/,
        ],
    ];
    for (const [what, change, message] of MISTAKES)
        it(`is rejected with ${what}`, () => {
            const file = plain(FILE);
            change(file);
            assert.throws(() => recordingOf(fileOf(JSON.stringify(file), "test"), "test"), { message });
        });

    it("is not written if the written file would read as another recording", () => {
        const lost = plain(RECORDING);
        lost["many changes"].steps[3].newState.id = "s/c";
        lost["many changes"].steps[3].op = "import";
        assert.throws(() => stored(lost), /known operation/);
    });

    it("has no case that was not recorded", () =>
        assert.throws(() => findingsOf(RECORDING, "another"), /no preview is recorded of: another/));

    for (const name of readdirSync(join(pathOf("x"), ".."))) {
        const set = basename(name, ".yaml");
        if (set === name) continue;
        it(`${name} is as the recorder writes it`, () =>
            assert.equal(readFileSync(pathOf(set), "utf8"), textOf(stored(read(set)))));
    }
});
