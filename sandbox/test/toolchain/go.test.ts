// Proves the errors of a build that cannot work, and the arguments of a build. A script replaces Go.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ToolchainError } from "../../toolchain/errors";
import { buildGo, goEnvironment, requireGo } from "../../toolchain/go";
import versions from "../../toolchain/versions.json";

describe("Go builds", () => {
    let folder: string;
    beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "go-"))));
    afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

    /** Puts a `go` on a PATH of its own. */
    function fakeGo(script: string): NodeJS.ProcessEnv {
        fs.writeFileSync(path.join(folder, "go"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        return { PATH: `${folder}${path.delimiter}/usr/bin${path.delimiter}/bin`, HOME: folder };
    }

    it("say what to install when Go is missing", async () => {
        await assert.rejects(
            requireGo("etcd", { PATH: folder }),
            (error: Error) =>
                error instanceof ToolchainError &&
                error.message.startsWith("etcd: Go is needed to build it (none on PATH). Install Go ") &&
                error.message.includes(versions.go),
        );
    });

    it("keep the user's module proxy and checksum database, and unset variables that would change the result", () => {
        const given = { GOPROXY: "p", GOSUMDB: "s", GOOS: "plan9", GOFLAGS: "-mod=vendor -p=2 -tags=x -modcacherw" };
        const env = goEnvironment(given);
        assert.equal(env.GOPROXY, "p");
        assert.equal(env.GOSUMDB, "s");
        assert.equal(env.GOOS, undefined);
        assert.equal(env.GOFLAGS, "-gcflags=all=-dwarf=false -p=2 -modcacherw");
        assert.equal(env.CGO_ENABLED, "0");
        assert.ok(!("GONOSUMDB" in env) && !("GOINSECURE" in env));
    });

    it("compile a stub instead of a package, in a copy of its module", async () => {
        const module = path.join(folder, "module");
        fs.mkdirSync(path.join(module, "y"), { recursive: true });
        fs.mkdirSync(path.join(module, "z"));
        for (const file of ["go.mod", "y/a.go", "y/b.go", "z/c.go"])
            fs.writeFileSync(path.join(module, file), file, { mode: 0o444 });
        const env = fakeGo(
            `case $1 in env) printf '%s\\n' go9.9.9 local ;; ` +
                `list) printf '%s\\t%s\\t%s\\t%s\\n' example/y ${module}/y example ${module} ;; ` +
                `build) cat go.mod > "$3"; cp -r stubs/0 "$3-copy" ;; esac`,
        );
        const [work, out] = [path.join(folder, "work"), path.join(folder, "out")];
        fs.mkdirSync(work);
        fs.mkdirSync(out);
        const program = { goMod: "module x\n", packages: ["."], output: "x", stubs: { "example/y": "package y\n" } };
        await buildGo("x", program, work, out, () => undefined, env);
        assert.equal(fs.readFileSync(path.join(out, "x"), "utf8"), "module x\n\nreplace example => ./stubs/0\n");
        assert.deepEqual(fs.readdirSync(path.join(out, "x-copy"), { recursive: true }).sort(), [
            ...["go.mod", "y", "y/stub.go", "z", "z/c.go"],
        ]);
        assert.equal(fs.readFileSync(path.join(out, "x-copy/y/stub.go"), "utf8"), "package y\n");
        assert.equal(fs.readFileSync(path.join(module, "y/a.go"), "utf8"), "y/a.go", "the module cache is left alone");
    });
});
