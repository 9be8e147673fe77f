/** Folders of tests that write programs and charts to disk. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * A new folder for each test of the suite. It is removed after the test. The returned functions take paths inside the
 * folder.
 */
export function scratchFolder() {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "alpa-auth-real-"))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));
    const pathOf = (...names: string[]) => join(folder, ...names);
    /** Writes a file and the folders above it. @returns its path */
    const file = (name: string, text: string, mode = 0o644): string => {
        mkdirSync(dirname(pathOf(name)), { recursive: true });
        writeFileSync(pathOf(name), text, { mode });
        return pathOf(name);
    };
    return { pathOf, file };
}
