// `npm run record`, with the files record-*.ts of this folder: creates stacks on the real engine, Kubernetes provider
// and API server of the sandbox. Previews changes of these stacks, and writes the previews into this folder. Each set
// takes minutes. The expected reviews are in test/unit/ops/stack/review/recorded/.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PHASES, type Stage } from "../../components/opt/conversion-phases";
import { writeIndex } from "../../sandbox/charts/package";
import { ensureTools } from "../../sandbox/toolchain/toolchain";
import { ROOT } from "../../sandbox/world/state";
import type { World } from "../../sandbox/world/world";
import { certificate } from "../certificates";
import { ConversionStack } from "../engine/kit/conversion/conversion-stack";
import { ExposedStack, here, useExposure } from "../engine/kit/cloudflare/exposed-stack";
import { gpuWorld } from "../engine/kit/conversion/gpu-world";
import { current, freeNodePort, TestStack, useWorld } from "../engine/kit";
import { startHosts, type Hosts } from "../engine/kit/nodes-hosts";
import { NodesStack } from "../engine/kit/nodes";
import type { Place } from "../engine/kit/place";
import { startSlowAlpa, type SlowAlpa } from "../engine/kit/slow-alpa";
import { TOOLS_MILLISECONDS, type StackConfig } from "../engine/kit/stack";
import { Recorder } from "./recorder";

const key = (id: string) => ({ id, method: "key" });
const alice = { name: "alice", limits: { requests: 60, perSeconds: 60 }, credentials: [key("a"), key("b")] };
const consumers = [alice];
const MINUTES = 60_000;

describe("previews of option inter", function () {
    this.timeout(5 * MINUTES);
    useExposure({ nodes: [], alpaServices: 2, certManager: "internal" });
    const recorder = new Recorder("inter");
    const nodes = ["a", "b", "c", "d!"];
    let hosts: Hosts, slow: SlowAlpa, stack: NodesStack, base: StackConfig;

    before(async () => {
        hosts = await startHosts(70);
        slow = await startSlowAlpa();
        stack = await NodesStack.create("wide", hosts, slow, await freeNodePort());
        base = stack.azure(await freeNodePort(), { redirect: false });
        stack.configure(nodes, base);
        await recorder.up(stack);
    });
    after(async () => {
        await slow?.close();
        await hosts?.close();
        recorder.write();
    });

    const sharedCounters = { whenDown: "allow" };
    const gateway = (more: object) => ({ chart: { repository: here().world.facts.chartRepository }, ...more });
    const cases: Record<string, () => [string[], StackConfig]> = {
        nothing: () => [nodes, base],
        "a removed node": () => [nodes.slice(0, 3), base],
        "one more pod of the gateway": () => [nodes, { ...base, gateway: gateway({ replicas: 4 }) }],
        "counters that allow requests while they are down": () => [
            nodes,
            { ...base, gateway: gateway({ sharedCounters }) },
        ],
        "another image": () => [nodes, { ...base, gateway: gateway({ image: { tag: "3.18.1-ubuntu" } }) }],
        "a removed Alpa outside of the cluster": () => [
            nodes,
            { ...base, alpa: { endpoints: here().world.facts.alpas } },
        ],
        "one more Alpa outside of the cluster": () => [
            nodes,
            { ...base, alpa: { endpoints: [...here().world.facts.alpas, slow.address, "127.0.0.1:20099"] } },
        ],
        "no TLS": () => [
            nodes,
            { ...base, tls: undefined, gateway: gateway({ address: "127.0.0.1" }), azure: undefined },
        ],
        "a tunnel instead of TLS": () => [nodes, stack.tunnel("a", "b")],
    };
    for (const [what, configOf] of Object.entries(cases))
        it(what, async () => {
            stack.configure(...configOf());
            await recorder.preview(what, stack, here().dir);
        });
});

describe("previews of a gateway by Helm", function () {
    this.timeout(5 * MINUTES);
    // A cluster without Rampart.
    useWorld({ username: "unused", password: "never-asked" });
    const recorder = new Recorder("helm");
    const crds = ["apisix", "gateway-api"].map((group) => join(ROOT, "sandbox/crds", group, "*.yaml"));
    const NEWER = "2.14.1";
    let stack: TestStack;

    before(async () => {
        const { dir, world } = current();
        const { helm } = await ensureTools(["helm"], { log: () => undefined });
        const folder = join(dir, "charts");
        const run = ["package", join(folder, "source/apisix"), "--version", NEWER, "-d", join(folder, "archives")];
        execFileSync(helm, run);
        await writeIndex(helm, folder, world.facts.chartRepository);
        stack = await TestStack.create("helmed", { consumers, gateway: { installer: "helm", crds } });
        await recorder.up(stack);
    });
    after(async () => {
        recorder.write();
        await stack?.destroy();
    });

    const chart = (version: string) => ({ repository: current().world.facts.chartRepository, version });
    const cases: Record<string, () => object> = {
        nothing: () => ({}),
        "another version of the chart": () => ({ chart: chart(NEWER) }),
        "another image": () => ({ image: { tag: "3.18.1-ubuntu" } }),
        "more pods, with counters of their own": () => ({ replicas: 2, sharedCounters: { whenDown: "refuse" } }),
        "another port": () => ({ nodePort: stack.nodePort + 1 }),
    };
    for (const [what, gateway] of Object.entries(cases))
        it(what, async () => {
            stack.configure({ consumers, gateway: { installer: "helm", crds, ...gateway() } });
            await recorder.preview(what, stack, current().dir);
        });
});

describe("previews of exposure", function () {
    this.timeout(5 * MINUTES);
    useExposure();
    const recorder = new Recorder("exposure");
    let stack: ExposedStack, port: number;

    before(async () => {
        port = await freeNodePort();
        stack = await ExposedStack.create("exposed", { consumers });
        await recorder.up(stack);
    });
    after(() => recorder.write());

    const tunnel = (more: object) => ({ consumers, tunnel: { image: { tag: "2026.8.2" }, ...more } });
    const cases: Record<string, () => void> = {
        nothing: () => stack.configure({ consumers }),
        "more connectors": () => stack.configure(tunnel({ connectors: 3 })),
        "one connector": () => stack.configure(tunnel({ connectors: 1 })),
        "another version of the connectors": () => stack.configure(tunnel({ image: { tag: "2026.9.0" } })),
        "a port of the nodes in addition to the tunnel": () =>
            stack.configure({ consumers, gateway: { nodePort: port } }),
        "from the tunnel to the nodes": () =>
            stack.configureAzure({ consumers, gateway: { nodePort: port, address: "127.0.0.1" } }),
    };
    for (const [what, configure] of Object.entries(cases))
        it(what, async () => {
            configure();
            await recorder.preview(what, stack, here().dir);
        });

    it("from the nodes to the tunnel", async () => {
        stack.configureAzure({ consumers, gateway: { nodePort: port, address: "127.0.0.1" } });
        await recorder.up(stack);
        stack.configure({ consumers });
        await recorder.preview("from the nodes to the tunnel", stack, here().dir);
    });
});

describe("previews of TLS", function () {
    this.timeout(5 * MINUTES);
    useWorld();
    const tls = new Recorder("tls");
    const NAME = "llm.example.com";
    let stack: TestStack, tlsPort: number;

    const plain = () => stack.configure({ consumers });
    /** @param more additional keys of `tls` */
    const secure = async (more: object = {}) => {
        const pair = await certificate([NAME]);
        const settings = (files: object) => ({
            consumers,
            gateway: { address: undefined },
            azure: { hostname: NAME, addresses: ["127.0.0.1"], ports: { http: stack.nodePort, https: tlsPort } },
            tls: { certificate: { files }, nodePort: tlsPort, ...more },
        });
        stack.configure(settings({ certificate: pair.certificate }));
        await stack.configureSecret("tls.certificate.files.key", pair.key);
        const sealed = parse(readFileSync(stack.file, "utf8")).config["alpa-auth:tls"].certificate.files.key;
        stack.configure(settings({ certificate: pair.certificate, key: sealed }));
    };

    before(async () => {
        tlsPort = await freeNodePort();
        stack = await TestStack.create("tls");
        plain();
        await tls.up(stack);
    });
    after(async () => {
        tls.write();
        await stack?.destroy();
    });

    it("TLS where there was none", async () => {
        await secure();
        await tls.preview("TLS where there was none", stack, current().dir);
        await secure({ redirect: false });
        await tls.preview("TLS in addition to HTTP", stack, current().dir);
        await tls.up(stack);
    });
    it("TLS that is there", async () => {
        await secure({ redirect: false });
        await tls.preview("another certificate", stack, current().dir);
        await secure({ redirect: false, minimumVersion: "1.3" });
        await tls.preview("TLS 1.3 alone", stack, current().dir);
        await secure();
        await tls.preview("HTTP that redirects to HTTPS", stack, current().dir);
        plain();
        await tls.preview("TLS removed", stack, current().dir);
    });
});

describe("previews of a conversion", function () {
    this.timeout(10 * MINUTES);
    const recorder = new Recorder("intra-b");
    let place: Place<World> | undefined;
    let stack: ConversionStack;

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        place = await gpuWorld();
        stack = await ConversionStack.create("conv", place.world, place.dir, await freeNodePort());
        await recorder.up(stack);
    });
    after(async () => {
        recorder.write();
        await place?.end();
    });

    const stages: Stage[] = ["intra-a", ...PHASES];
    for (const [i, stage] of stages.entries())
        it(`around ${stage}`, async () => {
            if (i > 0) {
                await stack.go(stage);
                await recorder.from(stack);
            }
            for (const next of [stages[i - 1], stages[i + 1]]) {
                if (next === undefined) continue;
                stack.ask(next);
                await recorder.preview(`from ${stage} to ${next}`, stack, place!.dir);
            }
        });
});
