// Proves the command's output and the files that it writes. test/unit/dns/import.test.ts proves how an export is converted.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseZoneData } from "../../../../config/keys/dns/settings";
import { bench, exits } from "../kit";

const EXAMPLES = join(__dirname, "../../../../docs/examples");
const EXPORT = join(EXAMPLES, "azure-export.txt");

describe("ops dns import", () => {
    it("prints the data of docs/examples for the export next to it, and writes nothing", async () => {
        const { ops } = bench();
        const { out, note } = await exits(0, ops("dns", "import", EXPORT));
        assert.equal(out, readFileSync(join(EXAMPLES, "example.com.yaml"), "utf8"));
        assert.match(
            note,
            /Decisions to make before the config check accepts this data \(1\):\n {2}- dns\/example\.com\.yaml:\d+ example\.com A: is undecided/,
        );
        assert.match(
            note,
            /18 entries of example\.com, 1 decision to make\. Nothing was written\. Add: --out dns\/example\.com\.yaml/,
        );
    });

    it("writes data that is valid after every decision is made", async () => {
        const { out } = await bench().ops("dns", "import", EXPORT);
        const decided = out.replace(/undecided: .*/, "content: 192.0.2.9");
        assert.deepEqual(parseZoneData(decided, "example.com", "x").problems, []);
        assert.equal(parseZoneData(out, "example.com", "x").problems.length, 1);
    });

    it("writes a new file, and never overwrites one", async () => {
        const { ops, folder } = bench();
        const file = join(folder, "zone.yaml");
        const first = await exits(0, ops("dns", "import", EXPORT, "--out", file));
        assert.match(first.out, /Wrote .*zone\.yaml: 18 entries of example\.com, 1 decision to make/);
        writeFileSync(file, "reviewed");
        const second = await exits(2, ops("dns", "import", EXPORT, "--out", file));
        assert.match(second.note, /--out: must be a new file/);
        assert.equal(readFileSync(file, "utf8"), "reviewed");
    });

    it("rejects a file that is not a zone with line numbers, at most 20, and writes nothing", async () => {
        const { ops, folder } = bench();
        const file = join(folder, "zone.yaml");
        const page = join(folder, "page.html");
        writeFileSync(page, `<html>\n${"<p>\n".repeat(100)}`);
        const { note } = await exits(2, ops("dns", "import", page, "--out", file));
        assert.match(note, /page\.html:1: must be a record/);
        assert.match(note, /and 81 more problems/);
        assert.equal(note.match(/page\.html/g)!.length, 21);
        assert.ok(!existsSync(file));
    });

    it("rejects a missing file, in one line", async () => {
        const { code, note } = await bench().ops("dns", "import", "none.txt");
        assert.deepEqual([code, /none\.txt: must be a readable file \(ENOENT\)/.test(note)], [2, true]);
    });
});
