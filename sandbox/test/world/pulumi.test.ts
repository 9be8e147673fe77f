// Proves which `pulumi` a sandbox runs, and that the requests to try follow each change of the stack.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sdkVersion } from "../../toolchain/launchers";
import { preparePulumi, pulumiEnv } from "../../world/pulumi";
import { readFacts, ROOT, type StackFacts, type WorldFacts, writeFacts } from "../../world/state";
import { pulumiOf } from "../../world/world";
import { currentStack } from "../../world/stack-facts";

describe("Pulumi of a sandbox", () => {
    const dir = mkdtempSync(join(tmpdir(), "alpa-auth-pulumi-"));
    after(() => rmSync(dir, { recursive: true, force: true }));

    const providers: [what: string, version: string | undefined, checked: boolean][] = [
        ["a built Kubernetes provider, which is older than its SDK", "4.0.0-20260115033456-f47bc2d6f199", false],
        ["the released Kubernetes provider", sdkVersion("kubernetes"), true],
        ["no Kubernetes provider", undefined, true],
    ];
    for (const [what, version, checked] of providers)
        it(`${checked ? "checks" : "does not check"} the versions of plugins with ${what}`, () => {
            const found = version === undefined ? [] : [{ name: "pulumi-resource-kubernetes", version }];
            const tools = { pulumi: "pulumi", pluginDir: join(dir, "plugins"), found } as never;
            const facts = pulumiOf(tools, dir, {});
            assert.equal(facts.olderProvider, checked ? undefined : version);
            const { PULUMI_DEV: dev } = pulumiEnv(dir, { ...facts, bin: "bin", stackFiles: dir } as WorldFacts);
            assert.equal(dev, checked ? undefined : "true");
        });

    describe("the command `pulumi`", () => {
        const [bin, home, stackFiles] = ["bin", "home", "stack-files"].map((name) => join(dir, name));
        const real = join(dir, "real-pulumi");
        before(() => {
            preparePulumi(dir, { bin, pulumi: real, stackFiles });
            // Prints its arguments, and the stack that it has selected.
            writeFileSync(real, '#!/bin/sh\n[ "$1 $2" = "stack --show-name" ] && echo asked || echo "$@"\n');
            chmodSync(real, 0o755);
            mkdirSync(join(home, "workspaces"), { recursive: true });
            for (const stack of ["intra", "inter", "asked"])
                writeFileSync(join(stackFiles, `Pulumi.${stack}.yaml`), "");
        });
        const selection = createHash("sha1")
            .update(join(realpathSync(ROOT), "Pulumi.yaml"))
            .digest("hex");
        const select = (stack?: string) =>
            writeFileSync(
                join(home, "workspaces", `alpa-auth-${selection}-workspace.json`),
                JSON.stringify(
                    stack ? { stacks: { "file:///backend": `organization/alpa-auth/${stack}` } } : {},
                    null,
                    4,
                ),
            );
        const pulumi = (args: string[], env = {}, cwd = ROOT) =>
            execFileSync(join(bin, "pulumi"), args, { cwd, env: { ...process.env, PULUMI_HOME: home, ...env } })
                .toString()
                .trim();
        const withFile = (stack: string) => `preview --config-file ${join(stackFiles, `Pulumi.${stack}.yaml`)}`;

        it("adds the stack file of the stack that is selected in the clone, and elsewhere of the one that Pulumi names", () => {
            assert.equal(pulumi(["preview"]), withFile("asked"));
            select("intra");
            assert.equal(pulumi(["preview"]), withFile("intra"));
            assert.equal(pulumi(["preview"], { PULUMI_STACK: "inter" }), withFile("asked"));
            assert.equal(pulumi(["preview"], {}, dir), withFile("asked"));
            select();
            assert.equal(pulumi(["preview"]), withFile("asked"));
        });
    });
});

const URL = "http://127.0.0.1:30800/alpa";

describe("requests to try in a sandbox", () => {
    let dir: string;
    let runs: number;
    /**
     * Writes the outputs and the state of the fake Pulumi, as a run does. The state file's time is `runs` seconds after
     * 1970.
     */
    const after = (outputs: object) => {
        writeFileSync(join(dir, "outputs.json"), JSON.stringify(outputs));
        writeFileSync(state(), "");
        utimesSync(state(), ++runs, runs);
    };
    const state = () => join(dir, "backend/.pulumi/stacks/alpa-auth/intra.json");
    const keyed = (keys: object) => ({ url: URL, credentials: keys, jwtSecrets: {} });
    const expected = (facts: StackFacts | undefined) =>
        Object.fromEntries((facts?.try ?? []).flatMap((one) => (one.credential ? [[one.title, one.expect]] : [])));

    beforeEach(() => {
        dir = mkdtempSync(join(tmpdir(), "alpa-auth-facts-"));
        runs = 0;
        const bin = join(dir, "bin");
        const stackFiles = join(dir, "stack-files");
        for (const folder of [bin, stackFiles, join(state(), "..")]) mkdirSync(folder, { recursive: true });
        writeFileSync(join(dir, "calls"), "");
        writeFileSync(join(bin, "pulumi"), `#!/bin/sh\nprintf x >> '${dir}/calls'\ncat '${dir}/outputs.json'\n`);
        chmodSync(join(bin, "pulumi"), 0o755);
        writeFileSync(join(stackFiles, "Pulumi.intra.yaml"), "config: {}\n");
        writeFacts(dir, "world", { alpa: "a:1", stackFiles, bin, pulumi: "pulumi", parts: [] });
        writeFacts(dir, "stack", { stack: "intra", url: "", try: [] });
        after(keyed({ "a/k": "1", "b/k": "2" }));
    });
    afterEach(() => rmSync(dir, { recursive: true, force: true }));

    it("expect 401 for a revoked credential, and 200 for an added credential", async () => {
        assert.deepEqual(expected(await currentStack(dir)), { "key of a/k": 200, "key of b/k": 200 });
        after(keyed({ "a/k": "1", "c/k": "3" }));
        const changed = { "key of a/k": 200, "key of c/k": 200, "key of b/k, which is removed": 401 };
        assert.deepEqual(expected(await currentStack(dir)), changed);
        assert.deepEqual(expected(readFacts(dir, "stack")), changed);
        after(keyed({ "a/k": "1", "b/k": "4" }));
        const again = { "key of a/k": 200, "key of b/k": 200, "key of c/k, which is removed": 401 };
        assert.deepEqual(expected(await currentStack(dir)), again);
    });

    it("expect 401 of a service token that the stack file disables", async () => {
        const token = { clientId: "id", clientSecret: "secret" };
        const cloudflare = { edge: "http://127.0.0.1:1" };
        writeFacts(dir, "world", { ...readFacts<object>(dir, "world"), cloudflare });
        const consumers = [{ name: "a", credentials: [{ id: "t", enabled: false }, { id: "u" }] }];
        const text = JSON.stringify({ config: { "alpa-auth:consumers": consumers } });
        writeFileSync(join(dir, "stack-files/Pulumi.cloudflare.yaml"), text);
        writeFileSync(join(dir, "cloudflare-api-token"), "");
        writeFacts(dir, "stack", { stack: "cloudflare", url: "", try: [] });
        after({ url: "https://llm.example.com/alpa", credentials: { "a/t": token, "a/u": token } });
        writeFileSync(state().replace("intra", "cloudflare"), "");
        assert.deepEqual(expected(await currentStack(dir)), {
            "service token of a/t, which is disabled": 401,
            "service token of a/u": 200,
        });
    });
});
