// Proves that an import of Alpa's keys file shows only names, and that no key reaches a command line or a disk in plain text.
// The engine test proves that Pulumi's ciphertext works.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bench, exits, type Says } from "../kit";

describe("ops consumer import", () => {
    const KEYS = ["key-of-a-caller-0001", "key-of-a-caller-0002"];

    /** A fake `pulumi config set`, which formats the given file in its own way, like the real one. */
    const encrypts: Says = ({ args, input }) => {
        if (args[0] !== "config" || args[1] !== "set") return undefined;
        const copy = args[args.indexOf("--config-file") + 1];
        const text = readFileSync(copy, "utf8");
        assert.ok(!KEYS.some((key) => text.includes(key)), "no key on disk");
        writeFileSync(copy, `${text}    ${args[3]}:\n        secure: v1:${Buffer.from(input!).toString("hex")}\n`);
        return {};
    };

    function keysFile(folder: string, content: unknown = { allowed_api_keys: KEYS, other: 1 }): string {
        const file = join(folder, "keys_file.json");
        writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
        return file;
    }

    it("shows only names", async () => {
        const { ops, folder } = bench();
        const { out, note } = await exits(0, ops("consumer", "import", keysFile(folder)));
        assert.match(out, /Adds imported-2 with its key as imported-2\/imported\./);
        for (const key of KEYS) assert.ok(!(out + note).includes(key));
    });

    it("passes each key to Pulumi on standard input, and writes it encrypted", async () => {
        const { ops, folder, text, calls } = bench({ says: encrypts });
        const { note, out } = await exits(0, ops("consumer", "import", keysFile(folder), "--names", "x,y", "--yes"));
        for (const key of KEYS) {
            assert.ok(!JSON.stringify(calls.map(({ args }) => args)).includes(key), "no key in a command line");
            assert.ok(!(out + note + text()).includes(key));
            assert.match(text(), new RegExp(`secure: "v1:${Buffer.from(key).toString("hex")}" \\}`));
            assert.ok(calls.some(({ input }) => input === key));
        }
        assert.match(text(), /in use/, "comments stay");
    });

    it("treats a caller that is added again as new, without a handout", async () => {
        const outputs = { url: "http://127.0.0.1:9/alpa", credentials: { "x/imported": KEYS[0] } };
        const { ops, folder, text, write } = bench({ says: encrypts, outputs });
        const [before, file] = [text(), keysFile(folder)];
        for (let i = 0; i < 2; i++) {
            write(before);
            await exits(0, ops("consumer", "import", file, "--names", "x,y", "--yes"));
            await exits(0, ops("consumer", "handout", "x", "imported"));
        }
    });

    describe("of keys with weights in Alpa's queue", () => {
        const weighed = { allowed_api_keys: KEYS, api_key_weights: { [KEYS[0]]: 50 } };
        const withClasses = (text: string) => `${text}    alpa-auth:classes: { interactive: {}, background: {} }\n`;

        it("puts each caller into the class of its weight", async () => {
            const { ops, folder, text, write } = bench({ says: encrypts });
            write(withClasses(text()));
            const args = ["--classes", "50=interactive,10=background", "--yes"];
            await exits(0, ops("consumer", "import", keysFile(folder, weighed), ...args));
            assert.match(text(), /name: imported-1\n +class: interactive\n/);
            assert.match(text(), /name: imported-2\n +class: background\n/);
        });

        it("warns that weights are lost without classes, but not where all are equal", async () => {
            const { ops, folder } = bench();
            const { note } = await ops("consumer", "import", keysFile(folder, weighed));
            assert.match(note, /different weights in Alpa's queue \(10, 50\), .* --classes/);
            for (const key of KEYS) assert.ok(!note.includes(key));
            assert.doesNotMatch((await ops("consumer", "import", keysFile(folder))).note, /weights/);
        });

        it("rejects a weight that no key has, and a class that the stack lacks", async () => {
            const { ops, folder } = bench();
            const file = keysFile(folder, weighed);
            const other = await exits(2, ops("consumer", "import", file, "--classes", "5=background"));
            assert.match(other.note, /--classes: 5 must be the weight of a key \(the file has 10, 50\)/);
            const missing = await exits(2, ops("consumer", "import", file, "--classes", "50=interactive"));
            assert.match(missing.note, /\.class: must be a name in classes, which is empty \(got "interactive"\)/);
            await exits(2, ops("consumer", "import", file, "--classes", "fast"));
        });
    });

    const refused: [what: string, content: unknown, args: string[], problem: RegExp][] = [
        ["a file that is not JSON", "key-of-a-caller", [], /must be Alpa's keys file \(it is not JSON\)/],
        ["a file without keys", {}, [], /must have a list allowed_api_keys/],
        [
            "a key that is too short",
            { allowed_api_keys: ["short"] },
            [],
            /allowed_api_keys\[0\]: must have at least 16/,
        ],
        ["a key with a space", { allowed_api_keys: ["key of a caller 0001"] }, [], /visible ASCII/],
        [
            "a key twice",
            { allowed_api_keys: [KEYS[0], KEYS[0]] },
            [],
            /allowed_api_keys\[1\]: must be listed only once/,
        ],
        [
            "too few names",
            undefined,
            ["--names", "x"],
            /must have as many names as the file has keys, 2 \(got 1\)\. Give one/,
        ],
        ["an existing name", undefined, ["--names", "alice,x"], /--names: alice exists already/],
        ["a name twice", undefined, ["--names", "x,x"], /--names: x must be listed only once\. Choose/],
    ];
    for (const [what, content, args, problem] of refused)
        it(`rejects ${what}`, async () => {
            const { ops, folder } = bench();
            const { note, out } = await exits(2, ops("consumer", "import", keysFile(folder, content), ...args));
            assert.match(note, problem);
            assert.ok(!/key-of-a-caller|key of a caller|short"/.test(out + note));
        });
});
