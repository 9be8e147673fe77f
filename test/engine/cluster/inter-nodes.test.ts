// Proves that three hosts become a cluster whose highly available gateway serves TLS. Only the nodes reach Alpa. No request
// is lost when nodes, TLS or the exposure change. The header of kit/nodes.ts lists the real parts. This does not prove that the real MicroK8s and kernel do the same.
import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { FOLDER } from "../../../components/hosts/microk8s/scripts";
import { partsOfEnvironment } from "../../../sandbox/real/choice";
import { askEdge } from "../kit/cloudflare/edge-request";
import { eventually, here, succeeded, takeAlpaRequests, useExposure } from "../kit/cloudflare/exposed-stack";
import { freeNodePort } from "../kit";
import { startHosts, type Hosts } from "../kit/nodes-hosts";
import { allLeaving, complete, core, gateways, HOSTNAME, NodesStack, shown, type Entry } from "../kit/nodes";
import { SLOW_COMPLETION, startSlowAlpa, type SlowAlpa } from "../kit/slow-alpa";
import { failed, SECOND_LASTS } from "../kit/stack";
import { under } from "../kit/traffic";

const THREE = ["a", "b", "c"];
/**
 * Duration of an answer, in seconds. With the chart's grace period (30 s) or nginx's default limit (240 s), a shutdown
 * would abort the answer.
 */
const LONGER_THAN_THE_CHART = 300;

describe("inter on hosts of its own", () => {
    useExposure({ nodes: [], alpaServices: 2, certManager: "internal" });
    let hosts: Hosts;
    let stack: NodesStack;
    let secure: Entry, plain: Entry;
    let keys: Record<string, string>;
    let ca: string;
    let slow: SlowAlpa;
    /** Statuses of requests that are sent before SIGTERM and answered after the chart's limits. */
    let longAnswers: Promise<number | string>[] = [];
    let given: Promise<number>;

    const joined = async () => (await core().listNode()).items.map(({ metadata }) => metadata!.name).sort();
    /** Whether the rules on Alpa's host admit a node; the tests of the rules prove what the kernel does with them. */
    const reaches = (name: string) => hosts.nft.tables.get("inet alpa_auth")!.includes(hosts.nodes[name].address);
    const checkExposure = (...args: string[]) => stack.ops("check", "exposure", ...args);
    const clean = (name: string) =>
        hosts.nodes[name].snap.channel === undefined && !existsSync(join(hosts.nodes[name].root, FOLDER));
    before(async () => {
        hosts = await startHosts(70);
        slow = await startSlowAlpa();
        stack = await NodesStack.create("wide", hosts, slow, await freeNodePort());
        ca = stack.authority;
        plain = { port: stack.nodePort, hostname: HOSTNAME };
        secure = { port: await freeNodePort(), hostname: HOSTNAME, ca };
    });
    after(async () => {
        await slow?.close();
        await hosts?.close();
    });

    it("keeps its nodes when the chart fails, and shows the error", async () => {
        stack.configure(THREE, { ...stack.azure(secure.port), gateway: { chartRepository: "http://127.0.0.1:1" } });
        const said = failed(await stack.up());
        assert.match(said, /Rampart reports Failed/);
        assert.match(said, /the hosts do not form a cluster yet, so only the hosts were checked/);
        assert.deepEqual(await joined(), ["inter-a", "inter-b", "inter-c"]);
    });

    it("completes in the next run: by TLS, a request without a key gets 401 and a caller an answer", async () => {
        stack.configure(THREE, stack.azure(secure.port));
        succeeded(await stack.up());
        const { url, credentials } = await stack.outputs();
        assert.equal(url, `https://${HOSTNAME}/alpa`);
        keys = credentials;
        takeAlpaRequests();
        assert.equal(await complete(secure), 401);
        assert.deepEqual(takeAlpaRequests(), []);
        // Each node must answer, also if no gateway pod runs on it.
        for (const name of THREE)
            assert.equal(await complete({ ...secure, address: hosts.nodes[name].address }, keys["alice/a"]), 200, name);
        assert.equal(await complete(plain, keys["alice/a"]), 308);
        assert.equal(new Set((await gateways()).map(({ spec }) => spec!.nodeName)).size, 3);
    });

    it("lets only its own nodes reach Alpa", () => {
        assert.deepEqual(["a", "b", "c", "d"].map(reaches), [true, true, true, false]);
    });

    it("changes nothing in a second run, and passes ops check exposure", async () => {
        const [preview, ports] = await Promise.all([stack.preview("--expect-no-changes"), checkExposure()]);
        succeeded(preview);
        assert.match(succeeded(ports).stderr, /^exposure: all \d+ checks passed/m);
    });

    it("fails this check where a port of Alpa or Kubernetes is reachable", async () => {
        const open: Server[] = [];
        for (const port of [20001, 16443]) {
            const server = createServer((socket) => socket.destroy());
            await new Promise<void>((resolve) => server.listen(port, hosts.nodes.b.address, resolve));
            open.push(server);
        }
        const ports = await checkExposure("--json");
        await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))));
        assert.equal(ports.code, 3, ports.stderr);
        const found = JSON.parse(ports.stdout) as { ports: { port: number; ok: boolean }[] };
        assert.deepEqual(
            found.ports.filter(({ ok }) => !ok).map(({ port }) => port),
            [16443, 20001],
        );
    });

    if (partsOfEnvironment()["cert-manager"])
        it("serves a certificate that cert-manager has renewed, without a run and without a failed request", async () => {
            const before = await shown(secure);
            const ask = () => complete(secure, keys["alice/a"]);
            const { all, failed } = await under(ask, async () => {
                await here().world.certManager!.renew(stack.name, "alpa-tls");
                await eventually("the new certificate", async () => (await shown(secure)) !== before || undefined);
            });
            assert.deepEqual(failed, [], `of ${all}`);
        });

    it("adds a node without a failed request by TLS", async () => {
        stack.configure([...THREE, "d"], stack.azure(secure.port, { redirect: false }));
        const { done, all, failed } = await under(
            () => complete(secure, keys["alice/a"]),
            () => stack.up(),
        );
        succeeded(done);
        assert.deepEqual(failed, [], `of ${all}`);
        assert.deepEqual(await joined(), ["inter-a", "inter-b", "inter-c", "inter-d"]);
        assert.ok(reaches("d"));
        assert.equal(await complete(plain, keys["alice/a"]), 200);
    });

    it("removes the node, closes TLS and opens a tunnel, without a failed request by HTTP", async () => {
        stack.configure(THREE, stack.tunnel("a", "b"));
        longAnswers = Array.from({ length: 12 }, () => complete(plain, keys["alice/b"], SLOW_COMPLETION));
        await eventually("a long answer under way", async () => slow.underWay() > 0 || undefined);
        given = allLeaving(await gateways()).then(async () => {
            await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_THE_CHART * SECOND_LASTS * 1000));
            const count = slow.underWay();
            slow.release();
            return count;
        });
        const { done, all, failed } = await under(
            () => complete(plain, keys["alice/a"]),
            () => stack.up(),
        );
        succeeded(done);
        assert.deepEqual(failed, [], `of ${all}`);
        assert.deepEqual([await joined(), clean("d"), reaches("d")], [["inter-a", "inter-b", "inter-c"], true, false]);
        const url = `${here().edge.url}/alpa/completions`;
        const credentials: Record<string, string>[] = [{}, { apikey: keys["alice/a"] }];
        const asked = credentials.map((headers) => askEdge(url, HOSTNAME, headers));
        assert.deepEqual(
            (await Promise.all(asked)).map(({ status }) => status),
            [401, 200],
        );
        await assert.rejects(shown(secure));
    });

    it("revokes a key while the host that started the cluster is off, and reports that host", async () => {
        await hosts.way.shut();
        stack.configure(THREE, stack.tunnel("b"));
        const up = await stack.up().finally(() => hosts.way.open());
        assert.match(
            succeeded(up).stdout,
            /cluster\.nodes\[0\]: .* does not answer by SSH .* continues without this host/,
        );
        assert.deepEqual([await complete(plain, keys["alice/a"]), await complete(plain, keys["alice/b"])], [401, 200]);
    });

    it("completed every answer that took longer than the chart's own limits", async () => {
        assert.ok((await given) > 0);
        assert.deepEqual(await Promise.all(longAnswers), Array(longAnswers.length).fill(200));
    });

    it("leaves nothing on the hosts and at Cloudflare after destroy", async () => {
        succeeded(await stack.destroy());
        assert.deepEqual(["a", "b", "c", "d"].map(clean), [true, true, true, true]);
        assert.deepEqual([hosts.nft.tables.size, await stack.resources()], [0, []]);
        assert.ok([...here().account.tunnels.values()].every((one) => one.deleted_at));
    });
});
