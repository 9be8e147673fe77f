// Proves that values are printed as Python 3.9 prints them. The expected texts were generated with Python 3.9.
import assert from "node:assert/strict";
import { jsonDumps, repr } from "../../rampart/python.js";
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

    it("writes JSON with spaces, and only ASCII", () => {
        assert.equal(jsonDumps({ svc: ["/é", "/b"] }), '{"svc": ["/\\u00e9", "/b"]}');
    });
});
