/**
 * Tests the environment and the `pulumi` command of a sandbox. test/engine/sandbox/cli.test.ts proves that Pulumi prints no
 * warning about plugin versions.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sdkVersion } from "../../toolchain/launchers";
import { preparePulumi, pulumiEnv } from "../../world/pulumi";
import { ROOT, type WorldFacts } from "../../world/state";
import { pulumiOf } from "../../world/world";

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
