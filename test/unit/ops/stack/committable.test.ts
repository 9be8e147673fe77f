// Proves which files commands advise to commit, and which changes count as uncommitted, with a real git.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { uncommittedFiles } from "../../../../ops/stack/history/commits";

describe("files that may be committed", () => {
    const root = mkdtempSync(join(tmpdir(), "alpa-auth-committable-"));
    after(() => rmSync(root, { recursive: true, force: true }));
    const file = (name: string) => {
        mkdirSync(join(root, name, ".."), { recursive: true });
        writeFileSync(join(root, name), "");
        return join(root, name);
    };

    it("count as uncommitted if git tracks them and they have changed", async () => {
        const other = join(root, "other");
        mkdirSync(other);
        const git = (...args: string[]) =>
            execFileSync("git", ["-C", other, "-c", "user.name=a", "-c", "user.email=a@b", ...args]);
        git("init", "-q");
        const tracked = file("other/Pulumi.intra.yaml");
        git("add", ".");
        git("commit", "-qm", "first");
        file("other/notes.txt");
        assert.deepEqual(await uncommittedFiles(other), []);
        writeFileSync(tracked, "a");
        assert.deepEqual(await uncommittedFiles(other), ["M Pulumi.intra.yaml"]);
    });
});
