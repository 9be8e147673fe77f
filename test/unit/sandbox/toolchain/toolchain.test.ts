// Proves which installed programs are used. What is not installed comes from the cache: cache.test.ts.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describeTools, ensureTools, officialPulumi } from "../../../../sandbox/toolchain/toolchain";
import versions from "../../../../sandbox/toolchain/versions.json";

describe("tool chain", () => {
    let folder: string;
    let lines: string[];
    const log = (line: string) => void lines.push(line);

    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "tools-"));
        lines = [];
    });
    afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

    /** Installs a program that prints one line, whatever it is asked. */
    function install(name: string, prints: string, below = "bin"): NodeJS.ProcessEnv {
        const bin = path.join(folder, below);
        fs.mkdirSync(bin, { recursive: true });
        fs.writeFileSync(path.join(bin, name), `#!/bin/sh\necho '${prints}'\n`, { mode: 0o755 });
        return { PATH: bin };
    }

    const options = (env: NodeJS.ProcessEnv) => ({ env, log, cacheDir: path.join(folder, "cache") });

    it("uses an installed etcd of the same minor version", async () => {
        const env = install("etcd", `etcd Version: ${versions.etcd}`);
        const tools = await ensureTools(["etcd"], options(env));
        assert.equal(tools.etcd, path.join(folder, "bin", "etcd"));
        assert.equal(tools.found[0].source, "PATH");
        assert.equal(tools.pluginDir, undefined);
        assert.match(describeTools(tools), /^etcd +3\.\d+\.\d+ +PATH +\S+ +\/.*bin\/etcd$/m);
    });

    it("uses an installed Pulumi with its own plugins, and then needs no provider", async () => {
        const env = install("pulumi", "v3.999.0");
        install("pulumi-language-nodejs", "");
        const tools = await ensureTools(["pulumi", "pulumi-resource-kubernetes"], options(env));
        assert.equal(tools.pulumi, path.join(folder, "bin", "pulumi"));
        assert.equal(tools.pluginDir, undefined);
        assert.equal(tools["pulumi-resource-kubernetes"], undefined);
        assert.deepEqual(lines, []);
    });

    it("does not use a Pulumi without a language host, and says so", () => {
        assert.equal(officialPulumi(install("pulumi", "v3.999.0"), log), undefined);
        assert.match(lines[0], /bin\/pulumi has no pulumi-language-nodejs beside it/);
    });

    it("does not use a Pulumi of another major version, and says which", () => {
        const env = install("pulumi", "v4.0.0");
        install("pulumi-language-nodejs", "");
        assert.equal(officialPulumi(env, log), undefined);
        assert.match(lines[0], /is 4\.0\.0, the sandbox needs 3;/);
    });

    it("does not use a program that prints no version", () => {
        assert.equal(officialPulumi(install("pulumi", "hello"), log), undefined);
        assert.match(lines[0], /of an unknown version/);
    });

    it("does not take its own folder on PATH for an installation", () => {
        const env = install("pulumi", "v3.999.0");
        install("pulumi-language-nodejs", "");
        fs.writeFileSync(path.join(folder, "bin", ".alpa-auth-sandbox"), "");
        assert.equal(officialPulumi(env, log), undefined);
        assert.deepEqual(lines, []);
    });
});
