// Proves how the options of `sandbox up` change a shipped stack. test/engine/sandbox/cli.test.ts deploys the changed stack.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { parse as parseYaml, stringify } from "yaml";
import { parse } from "../../../config";
import { freePortFrom } from "../../processes";
import { exposed } from "../../world/exposure-scene";
import { sceneOf } from "../../world/scenes";
import type { ClusterFacts } from "../../world/state";
import { TODAY } from "../../../test/unit/kit/cloudflare";

const SHIPPED = readFileSync(join(__dirname, "../../../Pulumi.intra.yaml"), "utf8");
const INTER = readFileSync(join(__dirname, "../../../Pulumi.inter.yaml"), "utf8");
const OPENAI = readFileSync(join(__dirname, "../../../Pulumi.openai.yaml"), "utf8");
const CLOUDFLARE = { api: "http://127.0.0.1:1", account: "a".repeat(32), teamName: "team", zone: "example.com" };
const FACTS = {
    alpa: "127.0.0.1:20001",
    alpas: ["127.0.0.1:20001"],
    chartRepository: "http://127.0.0.1:2",
    cloudflare: { ...CLOUDFLARE, edge: "http://127.0.0.1:3" },
} as ClusterFacts;

describe("the sandbox's stack", () => {
    for (const [shipped, option, server, warnings] of [
        [SHIPPED, "intra-a", "alpa", /^$/],
        [OPENAI, "inter", "openai", /^tunnel: a stopping connector waits at most 180 s[^\n]*$/],
    ] as const)
        it(`has the callers of ${option} with ${server} behind a tunnel, with exposure tunnel`, () => {
            const { config } = parseYaml(exposed(shipped, FACTS)) as { config: Record<string, unknown> };
            const raw = Object.entries(config).map(([key, value]) => [
                key.replace("alpa-auth:", ""),
                typeof value === "string" ? value : JSON.stringify(value),
            ]);
            const settings = parse(Object.fromEntries(raw), () => true, TODAY);
            assert.ok(settings.option === option && settings.server.kind === server);
            assert.equal(settings.exposure!.hostname, "llm.example.com");
            assert.match(settings.warnings.join("\n"), warnings);
            assert.deepEqual(
                settings.consumers.map(({ name }) => name),
                ["mbzuai-nlp"],
            );
        });
    it("keeps the node port of the stack file, but not one on which another program listens", async () => {
        const server = createServer();
        const port = await freePortFrom(32200);
        for (const [exposure, key] of [
            ["direct", "gateway"],
            ["direct", "tls"],
            ["tunnel", "gateway"],
        ] as const) {
            const { config, ...file } = parseYaml(INTER) as { config: Record<string, object> };
            config[`alpa-auth:${key}`] = { ...config[`alpa-auth:${key}`], nodePort: port };
            const text = stringify({ ...file, config });
            const laidOver = () => sceneOf({ stack: "inter", exposure }).layOver(text, FACTS, () => undefined);
            const own = (parseYaml((await laidOver()).text) as { config: Record<string, object> }).config;
            assert.deepEqual(own[`alpa-auth:${key}`], { ...own[`alpa-auth:${key}`], nodePort: port });
            await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
            await assert.rejects(
                laidOver(),
                new RegExp(`^Error: ${key}\\.nodePort: port ${port} is held by node.*\\. End that program, or set`),
            );
            await new Promise((resolve) => server.close(resolve));
        }
    });
    it("has no exposure where there is no gateway", () => {
        assert.throws(() => sceneOf({ stack: "cloudflare", exposure: "tunnel" }), /--exposure tunnel: works only with/);
        assert.equal(sceneOf({ stack: "intra", exposure: "direct" }), sceneOf({ stack: "intra" }));
    });
});
