// Proves what rules know about the config of a stack and about the lists of a commit.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configTexts, listsOf } from "../../../policy/rules/facts";

describe("the texts of a config", () => {
    it("are those in every mapping and list, and the host of each address", () => {
        const config = { name: "a.example.com", alpa: '{"endpoints":["10.0.0.11:20001"],"weight":3}' };
        const found = [...configTexts(config)!].filter((text) => !text.startsWith("{"));
        assert.deepEqual(found, ["a.example.com", "10.0.0.11:20001", "10.0.0.11"]);
    });

    it("are unknown if a text is hidden, and without a config", () => {
        assert.equal(configTexts({ name: "a", tunnel: "[secret]" }), undefined);
        assert.equal(configTexts({ tunnel: '{"token":"[secret]"}' }), undefined);
        assert.equal(configTexts({}), undefined);
    });
});

describe("the lists of a commit", () => {
    let folder: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-lists-"));
        mkdirSync(join(folder, "policy"));
    });
    after(() => rmSync(folder, { recursive: true }));

    it("are unknown if the commit has none", () => assert.equal(listsOf(folder), undefined));

    it("must be complete", () => {
        writeFileSync(join(folder, "policy/lists.yaml"), "types: {}\n");
        assert.throws(() => listsOf(folder), /^Error: policy\/lists\.yaml: annotations: /);
    });
});
