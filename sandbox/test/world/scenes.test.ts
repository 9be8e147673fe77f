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
import { TOOL_NAMES, worldTools } from "../../toolchain/toolchain";

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
    it("has no address of a load balancer with exposure tunnel, which would be an error", () => {
        const { config } = parseYaml(exposed(INTER, FACTS)) as { config: Record<string, { address?: string }> };
        assert.equal(config["alpa-auth:gateway"].address, undefined);
        assert.ok(parseYaml(INTER).config["alpa-auth:gateway"].address);
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
    it("is intra-b in a world with GPUs, which only stack intra has", () => {
        const scene = sceneOf({ stack: "intra", option: "intra-b" });
        for (const one of [scene, sceneOf({ stack: "intra" })]) assert.ok(one.tools.includes("kuberay-operator"));
        assert.ok(!sceneOf({ stack: "inter" }).tools.includes("kuberay-operator"));
        assert.throws(
            () => sceneOf({ stack: "inter", option: "intra-b" }),
            /--option intra-b: works only with stack intra/,
        );
        const both = { stack: "intra", option: "intra-b", exposure: "tunnel" } as const;
        assert.throws(() => sceneOf(both), /must not be given with --exposure tunnel/);
    });
    it("has a world whose tools are all built before Pulumi and its provider", () => {
        for (const stack of ["intra", "inter"] as const) {
            const { tools } = sceneOf({ stack });
            const order = TOOL_NAMES.filter((name) => tools.includes(name));
            const ofWorld = worldTools(tools);
            assert.deepEqual(order.slice(0, ofWorld.length).sort(), [...ofWorld].sort());
            assert.deepEqual(order.slice(ofWorld.length), ["pulumi-resource-kubernetes", "pulumi"]);
        }
    });
    it("has a model with the requested loading time, where Alpa is on GPUs", () => {
        assert.equal(sceneOf({ stack: "intra", loadSeconds: 60 }), sceneOf({ stack: "intra" }));
        for (const without of [{ stack: "inter" }, { stack: "intra", exposure: "tunnel" }] as const)
            assert.throws(() => sceneOf({ ...without, loadSeconds: 60 }), /--load-seconds 60: needs stack intra/);
    });
    it("has a Prometheus where there is a gateway to scrape, and metrics for it", () => {
        assert.throws(() => sceneOf({ stack: "cloudflare", observe: true }), /--observe: works only with stack intra/);
        for (const exposure of ["direct", "tunnel"] as const)
            assert.ok(sceneOf({ stack: "inter", exposure, observe: true }));
        const metricsOf = (facts: ClusterFacts) => {
            const { config } = parseYaml(exposed(SHIPPED, facts)) as { config: Record<string, any> };
            return config["alpa-auth:observability"]?.metrics !== undefined;
        };
        assert.equal(metricsOf({ ...FACTS, prometheus: "http://127.0.0.1:4" }), true);
        assert.equal(metricsOf(FACTS), false);
    });
    it("has no exposure where there is no gateway", () => {
        assert.throws(() => sceneOf({ stack: "cloudflare", exposure: "tunnel" }), /--exposure tunnel: works only with/);
        assert.equal(sceneOf({ stack: "intra", exposure: "direct" }), sceneOf({ stack: "intra" }));
    });
});
