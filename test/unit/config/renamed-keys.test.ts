// Proves that a stack file of an earlier version is rejected with one problem for each old key, which says what to write.
import { strict as assert } from "node:assert";
import { ConfigError, parse } from "../../../config";
import { RENAMED_KEYS, renameKeys } from "../../../config/renamed-keys";
import { rawCloudflare, TUNNEL } from "../cloudflare";
import { EXPOSURE, raw } from "../intra-a";

/** An old config of each key, whose problem is all that is wrong with it. */
const OLD: Record<string, [config: Record<string, string>, problem: string][]> = {
    exposure: [
        [raw({ exposure: "azure" }), "exposure: has another form now. Write exposure: direct."],
        [raw({ ...EXPOSURE, exposure: "cloudflare" }), "exposure: has another form now. Write exposure: tunnel."],
    ],
    "tunnel.replicas": [
        [
            raw({ ...EXPOSURE, tunnel: { ...EXPOSURE.tunnel, replicas: 3 } }),
            "tunnel.replicas: is called tunnel.connectors now. Write tunnel.connectors: 3.",
        ],
    ],
    "tunnel.instances": [
        [
            rawCloudflare({ tunnel: { ...TUNNEL, instances: 3 } }),
            "tunnel.instances: is called tunnel.connectorsPerHost now. Write tunnel.connectorsPerHost: 3.",
        ],
    ],
};

function problems(config: Record<string, string>): string[] {
    try {
        parse(config);
        return [];
    } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        return error.problems;
    }
}

describe("config with a key of an earlier version", () => {
    for (const { old } of RENAMED_KEYS)
        it(`says what to write for ${old}, and nothing else`, () => {
            assert.ok(OLD[old]?.length, "no case for it");
            for (const [config, problem] of OLD[old]) assert.deepEqual(problems(config), [problem]);
        });

    it("checks the value under its new name too", () => {
        assert.deepEqual(problems(raw({ exposure: "azure", namespace: "Team A" })).length, 2);
    });

    it("leaves keys of today as they are", () => {
        const values = { exposure: "tunnel", tunnel: { graceSeconds: 9 } };
        assert.deepEqual(renameKeys(values, "intra-a"), { values, problems: [] });
    });
});
