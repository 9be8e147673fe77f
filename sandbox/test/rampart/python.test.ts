// Proves that values are printed like by Python 3.9, which generated the expectations.
import assert from "node:assert/strict";
import { jsonDumps, pformat, repr } from "../../rampart/python.js";
import type { Json } from "../../rampart/types.js";

describe("Python's printing", () => {
    const reprs: [Json, string][] = [
        [null, "None"],
        [[true, false], "[True, False]"],
        ["it's", `"it's"`],
        [`a"b'c`, `'a"b\\'c'`],
        ["é\u200b\n\\", "'é\\u200b\\n\\\\'"],
        [{ b: 1, a: [1.5, 0.00001] }, "{'a': [1.5, 1e-05], 'b': 1}"],
    ];
    for (const [value, text] of reprs) it(`prints ${JSON.stringify(value)}`, () => assert.equal(repr(value), text));

    it("breaks long maps into aligned lines of one entry", () => {
        const value = {
            chart: { name: "generic-service", repo: "https://charts.example.com", version: "0.4.1" },
            x: {},
        };
        assert.equal(
            pformat(value),
            "{'chart': {'name': 'generic-service',\n           'repo': 'https://charts.example.com',\n" +
                "           'version': '0.4.1'},\n 'x': {}}",
        );
    });

    it("counts characters, some of which have two units in JavaScript", () => {
        const value = { flow: "code", text: "😀".repeat(10), type: "repository", z: "123" };
        assert.equal(
            pformat(value),
            `{'flow': 'code', 'text': '${"😀".repeat(10)}', 'type': 'repository', 'z': '123'}`,
        );
    });

    it("breaks long texts after white space", () => {
        const text = "long text with many words that goes over the width of seventy-two characters";
        assert.equal(
            pformat(text),
            "('long text with many words that goes over the width of seventy-two '\n 'characters')",
        );
    });

    it("writes JSON with spaces, and only ASCII", () => {
        assert.equal(jsonDumps({ svc: ["/é", "/b"] }), '{"svc": ["/\\u00e9", "/b"]}');
    });
});
