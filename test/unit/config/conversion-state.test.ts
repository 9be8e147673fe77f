// Proves which state of a conversion the program accepts, and which settings it adds.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { conversionStateFile, readConversionState, withConversionState } from "../../../config/conversion-state";
import { stackFilesFolder } from "../../../config/stack-file";
import { settings } from "../kit/intra-a";
import { interSettings } from "../kit/inter";
import { intraBSettings } from "../kit/intra-b";

const holder = { name: "ops@a intra-20261130T110000Z", until: "2026-11-30T12:00:00Z" };

describe("the state of a conversion", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "alpa-auth-state-"))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    function write(text: string): void {
        const file = conversionStateFile(folder, "intra");
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
    }

    it("is that of the stack's own file, and empty without a file", () => {
        assert.deepEqual(readConversionState(folder, "intra"), {});
        write(JSON.stringify({ holder }));
        assert.deepEqual(readConversionState(folder, "intra"), { holder });
        assert.deepEqual(readConversionState(folder, "intra-2"), {});
    });

    const invalid: [what: string, text: string][] = [
        ["a merge conflict", `<<<<<<< HEAD\n{}`],
        ["an empty file", ""],
        ["an end that is not a time", JSON.stringify({ holder: { ...holder, until: "never" } })],
        ["a time below zero", JSON.stringify({ measured: { drain: -1 } })],
        ["another key", JSON.stringify({ phase: "drain" })],
    ];
    for (const [what, text] of invalid)
        it(`is rejected with ${what}`, () => {
            write(text);
            assert.throws(
                () => readConversionState(folder, "intra"),
                /\.alpa-auth\/convert\/intra\.json: must have the format that convert run writes \(.+\)\. Restore the file from git, or delete it if git has no copy\.$/,
            );
        });

    it("is in the folder of the stack files, which the sandbox sets", () => {
        const own = process.env.ALPA_AUTH_STACK_FILES;
        try {
            delete process.env.ALPA_AUTH_STACK_FILES;
            assert.equal(stackFilesFolder("."), process.cwd());
            process.env.ALPA_AUTH_STACK_FILES = folder;
            assert.equal(stackFilesFolder("."), folder);
        } finally {
            delete process.env.ALPA_AUTH_STACK_FILES;
            if (own !== undefined) process.env.ALPA_AUTH_STACK_FILES = own;
        }
    });
});

describe("settings with the state of a conversion", () => {
    const state = { holder, measured: { drain: 20, start: 3600 } };

    it("name the lock holder, and the measured times with the budget", () => {
        const b = withConversionState(intraBSettings(), state);
        assert.ok(b.option === "intra-b");
        assert.deepEqual([b.conversion.holder, b.window], [holder, { budgetMinutes: 60, seconds: state.measured }]);
        const a = withConversionState(settings("rampart"), state);
        assert.ok(a.option === "intra-a");
        assert.equal(a.holder, holder.name);
    });

    it("are the same without a state, and with an option that cannot be converted", () => {
        for (const one of [intraBSettings(), settings("rampart")]) assert.deepEqual(withConversionState(one, {}), one);
        assert.deepEqual(withConversionState(interSettings("helm"), state), interSettings("helm"));
    });
});
