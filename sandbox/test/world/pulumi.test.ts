/** Proves when Pulumi's check of plugin versions is off in a sandbox. Its warning itself is in an engine test. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sdkVersion } from "../../toolchain/launchers";
import { pulumiEnv } from "../../world/pulumi";
import type { WorldFacts } from "../../world/state";
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
});
