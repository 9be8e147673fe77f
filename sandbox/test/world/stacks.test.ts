// Proves that the shipped stack files, changed for the sandbox and by options of `up`, are valid config of the program.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parse as parseYaml, stringify } from "yaml";
import { strict as assert } from "node:assert";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { parse } from "../../../config";
import { newKey, publicLine } from "../../hosts";
import { type Addresses, layOver } from "../../world/overlay";
import { type ClusterFacts, ROOT } from "../../world/state";
import { raw } from "../../../test/unit/kit/intra-a";
import { freePortFrom } from "../../processes";
import { exposed } from "../../world/exposure-scene";
import { sceneOf } from "../../world/scenes";
import { TODAY } from "../../../test/unit/kit/cloudflare";
import { type Served, startOpenAiServer } from "../../openai/server";
import { attempts, tryOut } from "../../world/attempts";
import { serviceOf } from "../../world/openai-requests";

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

const STACK = `config:
  alpa-auth:option: inter
  alpa-auth:openai: { endpoints: ["10.20.96.188:8000"], models: [big, small] }
  alpa-auth:consumers:
    - { name: team, models: [small], credentials: [{ id: k1, method: key }] }
`;

describe("stack openai of the sandbox", () => {
    it("has requests to try with a key as a Bearer token, and with a model that the caller may use", async () => {
        const served: Served[] = [];
        const onRequest = (one: Served) => void served.push(one);
        const server = await startOpenAiServer({ port: 0, models: ["big", "small"], apiKey: "key-of-team", onRequest });
        const dir = mkdtempSync(join(tmpdir(), "alpa-auth-openai-"));
        try {
            const credentials = { keys: { "team/k1": "key-of-team" }, jwtSecrets: {}, namespace: "ns" };
            const url = `http://127.0.0.1:${server.port}/v1`;
            const list = await attempts(dir, url, credentials, serviceOf(STACK));
            assert.ok(
                list.every(({ command }) => !command.includes("key-of-team")),
                "no key on a command line",
            );
            // Without the gateway in front of it, the server answers the request for another model itself.
            for (const attempt of list.filter(({ expect }) => ![403, 404].includes(expect)))
                assert.equal((await tryOut(attempt)).status, attempt.expect, attempt.title);
            const models = served
                .filter(({ generated }) => generated > 0)
                .map(({ body }) => JSON.parse(body.toString()));
            assert.deepEqual(
                models.map(({ model, stream = false }) => [model, stream]),
                [
                    ["small", false],
                    ["small", true],
                ],
            );
            assert.deepEqual(
                list.map(({ expect }) => expect),
                [401, 401, 200, 200, 200, 403, 404],
            );
        } finally {
            await server.close();
            rmSync(dir, { recursive: true, force: true });
        }
    });
});
