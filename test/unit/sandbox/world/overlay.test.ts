/** Proves that the shipped stack files, with the sandbox's addresses laid over them, are config that the program takes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { parse } from "../../../../config";
import { layOver } from "../../../../sandbox/world/overlay";
import { ROOT } from "../../../../sandbox/world/state";
import { raw } from "../../intra-a";

describe("Stack files of the sandbox", () => {
    const addresses = {
        alpa: ["127.0.0.1:20001", "127.0.0.1:20002"],
        chartRepository: "http://127.0.0.1:1",
        nodePort: 30801,
    };
    const laidOver = (stack: string, address?: string) => {
        const shipped = readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8");
        const { config } = parseYaml(layOver(shipped, { ...addresses, address })) as {
            config: Record<string, unknown>;
        };
        const own = Object.entries(config).map(([key, value]) => [key.replace("alpa-auth:", ""), value]);
        return parse(raw(Object.fromEntries(own) as Record<string, unknown>));
    };

    it("of intra lead to the sandbox's Alpa and charts", () => {
        const settings = laidOver("intra");
        assert.ok(settings.option === "intra-a");
        assert.equal(settings.alpa.endpoints.length, 2);
        assert.match(JSON.stringify(settings.gateway), /30801.*http:\/\/127\.0\.0\.1:1|http:\/\/127\.0\.0\.1:1.*30801/);
    });

    it("of inter lead to two Alpa services, through the address in front of the nodes", () => {
        const settings = laidOver("inter", "127.0.0.1");
        assert.ok(settings.option === "inter");
        assert.deepEqual(
            settings.alpa.endpoints.map(({ address }) => address),
            addresses.alpa,
        );
        assert.equal(settings.gateway.url, "http://127.0.0.1:30801");
    });
});
