// Proves that three hosts become a cluster with a highly available gateway, that it serves TLS with a certificate of cert-manager,
// that only its nodes reach Alpa, and that nodes, TLS and exposure change without a lost request. What is real and what is
// played: nodes-kit.ts. It does not prove that the real MicroK8s, cert-manager and kernel do the same.
import { strict as assert } from "node:assert";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { CoreV1Api } from "@kubernetes/client-node";
import { FOLDER } from "../../components/parts/microk8s-common-script";
import { startCertManager, type CertManager } from "../../sandbox/cert-manager";
import { azureZone } from "../../sandbox/dns/azure";
import { startDnsServer } from "../../sandbox/dns/server";
import { askEdge } from "./edge-request";
import { eventually, here, succeeded, takeAlpaRequests, useExposure } from "./exposure-kit";
import { freeNodePort } from "./kit";
import { complete, NodesStack, startHosts, under, type Entry, type Hosts } from "./nodes-kit";
import { failed } from "./stack";

const HOSTNAME = "llm.example.com";
const THREE = ["a", "b", "c"];
const key = (id: string) => ({ id, method: "key" });

describe("inter on hosts of its own", function () {
    this.timeout(240_000);
    useExposure({ nodes: [], alpaServices: 2 });
    let hosts: Hosts;
    let manager: CertManager;
    let stack: NodesStack;
    let secure: Entry, plain: Entry;
    let keys: Record<string, string>;
    let ca: string;

    const consumers = (...ids: string[]) => [{ name: "alice", credentials: ids.map(key) }];
    /** Callers come to the nodes, by TLS. */
    const azure = (more: object = {}, ids = ["a", "b"]) => ({
        consumers: consumers(...ids),
        azure: {
            hostname: HOSTNAME,
            addresses: [hosts.nodes.b.address],
            ports: { http: stack.nodePort, https: secure.port },
        },
        tls: { certificate: { certManager: { issuer: "internal" } }, nodePort: secure.port, ...more },
    });
    /** Callers come by the tunnel, and by the port of HTTP for as long as they need. */
    const tunnel = (...ids: string[]) => ({
        consumers: consumers(...ids),
        exposure: "cloudflare",
        account: here().account.id,
        hostname: HOSTNAME,
        zone: { name: "example.com", plan: "free" },
        tunnel: { version: "2026.8.2" },
        alpa: { tokensPerSecond: 20 },
    });
    const core = () => here().world.kubeConfig.makeApiClient(CoreV1Api);
    const names = async () => (await core().listNode()).items.map(({ metadata }) => metadata!.name).sort();
    const reaches = (name: string) =>
        hosts.nft.decide({ source: hosts.nodes[name].address, port: Number(here().world.facts.alpa.split(":")[1]) });
    const clean = (name: string) =>
        hosts.nodes[name].snapd.release === undefined && !existsSync(join(hosts.nodes[name].root, FOLDER));
    /** Serial number of the certificate that is shown. */
    const shown = (): Promise<string> =>
        new Promise((resolve, reject) => {
            const socket = connect({ host: "127.0.0.1", port: secure.port, servername: HOSTNAME, ca });
            socket.on("secureConnect", () => {
                resolve(socket.getPeerCertificate().serialNumber);
                socket.destroy();
            });
            socket.on("error", reject);
        });

    before(async () => {
        hosts = await startHosts(70);
        manager = await startCertManager({ kubeConfig: here().world.kubeConfig });
        ca = await manager.addAuthority("internal");
        stack = await NodesStack.create("wide", hosts, await freeNodePort());
        plain = { port: stack.nodePort, hostname: HOSTNAME };
        secure = { port: await freeNodePort(), hostname: HOSTNAME, ca };
    });
    after(async () => {
        await manager?.close();
        await hosts?.close();
    });

    it("keeps its nodes when the chart fails, and says what failed", async () => {
        const { chartRepository: repository } = here().world.facts;
        stack.configure(THREE, { ...azure(), gateway: { chart: { repository, version: "9.9.9" } } });
        const said = failed(await stack.up());
        assert.match(said, /Rampart reports Failed/);
        assert.match(said, /nodes are not a cluster yet, so only the hosts were looked at/);
        assert.deepEqual(await names(), ["inter-a", "inter-b", "inter-c"]);
    });

    it("finishes with the next run: a stranger is asked for a key, and a caller gets an answer, by TLS", async () => {
        stack.configure(THREE, azure());
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        assert.equal(url, `https://${HOSTNAME}:${secure.port}/alpa`);
        keys = credentials;
        takeAlpaRequests();
        assert.equal(await complete(secure), 401);
        assert.deepEqual(takeAlpaRequests(), []);
        // Each node answers, whichever runs the pods.
        for (const name of THREE)
            assert.equal(await complete({ ...secure, address: hosts.nodes[name].address }, keys["alice/a"]), 200, name);
        assert.equal(await complete(plain, keys["alice/a"]), 308);
        const gateways = await core().listPodForAllNamespaces({ labelSelector: "app.kubernetes.io/name=apisix" });
        assert.equal(new Set(gateways.items.map(({ spec }) => spec!.nodeName)).size, 3);
    });

    it("lets its own nodes reach Alpa, and nobody else", () => {
        assert.deepEqual(["a", "b", "c", "d"].map(reaches), ["accept", "accept", "accept", "drop"]);
        assert.equal(hosts.nft.decide({ source: hosts.nodes.d.address, port: 22 }), "accept");
    });

    it("changes nothing on a second run", async () => {
        succeeded(await stack.preview("--expect-no-changes"));
    });

    it("is found right by ops check exposure, until a port of Alpa or Kubernetes can be reached", async () => {
        const file = join(here().dir, "ca.pem");
        writeFileSync(file, ca);
        const right = succeeded(await stack.ops("check", "exposure", "--ca", file));
        assert.match(right.stderr, /^exposure: \d+ findings, all as they must be/m);
        const open: Server[] = [];
        for (const port of [20001, 16443]) {
            const server = createServer((socket) => socket.destroy());
            await new Promise<void>((resolve) => server.listen(port, hosts.nodes.b.address, resolve));
            open.push(server);
        }
        const wrong = await stack
            .ops("check", "exposure", "--ca", file, "--json")
            .finally(() => Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve)))));
        assert.equal(wrong.code, 1, wrong.stderr);
        const { ports } = JSON.parse(wrong.stdout) as { ports: { port: number; ok: boolean }[] };
        assert.deepEqual(
            ports.filter(({ ok }) => !ok).map(({ port }) => port),
            [16443, 20001],
        );
    });

    it("is found right by ops check dns, until the zone says something else", async () => {
        const { address } = hosts.nodes.b;
        const zone = azureZone("example.com", [
            { name: HOSTNAME, type: "A", ttl: 300, proxied: false, content: address },
        ]);
        const server = await startDnsServer({ says: zone.says });
        const check = () => stack.ops("check", "dns", "--server", server.address);
        const right = succeeded(await check());
        assert.match(right.stderr, /^llm\.example\.com: 2 answers, all as the stack says\.$/m);
        zone.records[0] = { name: HOSTNAME, type: "A", ttl: 300, proxied: false, content: "127.0.0.99" };
        const wrong = await check().finally(() => server.close());
        assert.equal(wrong.code, 1, wrong.stderr);
        assert.match(wrong.stderr, /1 of 2 answers differ/);
    });

    it("shows a certificate that cert-manager has renewed, without a run and without a failed request", async () => {
        const before = await shown();
        const { all, failed } = await under(
            () => complete(secure, keys["alice/a"]),
            async () => {
                await manager.renew(stack.name, "alpa-tls");
                await eventually("the new certificate", async () => (await shown()) !== before || undefined, 20);
            },
        );
        assert.deepEqual(failed, [], `of ${all}`);
    });

    it("does not take TLS away while HTTP leads there, and says which two steps do", async () => {
        stack.configure(THREE, tunnel("a", "b"));
        assert.match(failed(await stack.preview()), /tls: must not be removed while HTTP sends callers to HTTPS/);
    });

    it("lets a node in while callers come by TLS, and none of them notices", async () => {
        stack.configure([...THREE, "d!"], azure({ redirect: false }));
        const { done, all, failed } = await under(
            () => complete(secure, keys["alice/a"]),
            () => stack.up(),
        );
        succeeded(done);
        assert.deepEqual(failed, [], `of ${all}`);
        assert.ok(all > 10);
        assert.deepEqual(await names(), ["inter-a", "inter-b", "inter-c", "inter-d"]);
        assert.equal(reaches("d"), "accept");
        assert.equal(await complete(plain, keys["alice/a"]), 200);
    });

    it("takes the node out, closes TLS and opens a tunnel, while callers by HTTP notice nothing of it", async () => {
        stack.configure(THREE, tunnel("a", "b"));
        const { done, all, failed } = await under(
            () => complete(plain, keys["alice/a"]),
            () => stack.up(),
        );
        succeeded(done);
        assert.deepEqual(failed, [], `of ${all}`);
        assert.ok(all > 10);
        assert.deepEqual([await names(), clean("d")], [["inter-a", "inter-b", "inter-c"], true]);
        const url = `${here().edge.url}/alpa/completions`;
        const credentials: Record<string, string>[] = [{}, { apikey: keys["alice/a"] }];
        const asked = credentials.map((headers) => askEdge(url, HOSTNAME, headers));
        assert.deepEqual(
            (await Promise.all(asked)).map(({ status }) => status),
            [401, 200],
        );
        await assert.rejects(shown());
    });

    it("revokes a key while the host that started the cluster is off, and says that it is", async () => {
        await hosts.way.shut();
        stack.configure(THREE, tunnel("b"));
        const up = await stack.up().finally(() => hosts.way.open());
        assert.match(succeeded(up).stdout, /cluster\.nodes\[0\]: .* must answer by SSH .* goes on without it/);
        assert.deepEqual([await complete(plain, keys["alice/a"]), await complete(plain, keys["alice/b"])], [401, 200]);
    });

    it("leaves nothing on any host, and nothing at Cloudflare", async () => {
        succeeded(await stack.destroy());
        assert.deepEqual(["a", "b", "c", "d"].map(clean), [true, true, true, true]);
        assert.deepEqual([hosts.nft.tables, await stack.resources()], [[], []]);
        assert.ok([...here().account.tunnels.values()].every((one) => one.deleted_at));
    });
});
