/** Proves that the shipped stack files, merged with the sandbox's addresses, are valid config of the program. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { parse } from "../../../config";
import { newKey, publicLine } from "../../hosts";
import { layOver, type Addresses } from "../../world/overlay";
import { ROOT } from "../../world/state";
import { raw } from "../../../test/unit/kit/intra-a";

const HOSTS = [{ address: "127.0.0.31:1", hostKey: publicLine(newKey()) }];

describe("Stack files of the sandbox", () => {
    const addresses = {
        alpa: ["127.0.0.1:20001", "127.0.0.1:20002"],
        chartRepository: "http://127.0.0.1:1",
        nodePort: 30801,
    };
    const laidOver = (stack: string, address?: string, more: Partial<Addresses> = {}) => {
        const shipped = readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8");
        const { config } = parseYaml(layOver(shipped, { ...addresses, address, ...more })) as {
            config: Record<string, unknown>;
        };
        // The private key is set separately, encrypted.
        Object.assign(config["alpa-auth:ssh"] ?? {}, { privateKey: newKey() });
        const own = Object.entries(config).map(([key, value]) => [key.replace("alpa-auth:", ""), value]);
        return parse(raw(Object.fromEntries(own) as Record<string, unknown>));
    };

    it("of intra and inter enable metrics only if a Prometheus scrapes them, and without a warning", () => {
        for (const stack of ["intra", "inter"]) {
            const settings = laidOver(stack, "127.0.0.1", { observed: true });
            assert.ok(settings.option !== "cloudflare");
            assert.ok(settings.gateway.installer !== "existing");
            const { metrics } = settings.gateway.release.observability!;
            assert.ok(metrics!.scrapers.length > 0 && !metrics!.podMonitor);
            const plain = laidOver(stack, "127.0.0.1");
            assert.deepEqual(settings.warnings, plain.warnings);
            assert.doesNotMatch(JSON.stringify(plain.option === "cloudflare" ? {} : plain), /"metrics"/);
        }
    });

    const [host] = HOSTS;
    const gpus = {
        ...{
            nodes: ["dgx-01", "dgx-02"],
            image: "registry.example.com/alpa-serving:1.0.0",
            weights: "/data/opt_weights",
        },
        bareMetal: {
            hosts: [host, { ...host, address: "10.0.0.12" }],
            user: "ops",
            unit: "alpa-ray.service",
            privateKeyFile: "/nowhere",
        },
    };

    it("of intra have both sides of a conversion where Alpa is on bare metal, with option intra-a and with intra-b", () => {
        const alpa = addresses.alpa.slice(0, 1);
        assert.equal(laidOver("intra", undefined, { gpus, alpa }).option, "intra-a");
        const settings = laidOver("intra", undefined, { gpus, alpa, option: "intra-b" });
        assert.ok(settings.option === "intra-b");
        assert.equal(settings.conversion.phase, "prepared");
        assert.deepEqual(settings.conversion.opt.nodes, gpus.nodes);
        assert.ok(
            settings.conversion.bareMetal.stopTimeoutSeconds < 20,
            "a failed stop is detected before systemd kills",
        );
    });
});
