// Proves the pitfalls of MicroK8s' clustering on its emulator: tokens, fingerprints, joining twice, leaving and removing.
import assert from "node:assert/strict";
import { Microk8sEmulator } from "../../../hosts";
import { MemoryCluster } from "../../../hosts/microk8s/memory-cluster";
import { address, done, Hosts, names, root, text } from "./kit";

const TOKEN = "0123456789abcdef0123456789abcdef";
const TOKENS = "var/snap/microk8s/current/credentials/cluster-tokens.txt";
const KUBELET = "var/snap/microk8s/current/args/kubelet";

describe("clusters of the emulator of MicroK8s", () => {
    const hosts = new Hosts();
    let first: Awaited<ReturnType<Hosts["start"]>>;
    before(async () => {
        first = await hosts.installed("first");
    });

    it("use the given API for the first host's cluster, and an own API for any other host until that host joins", async () => {
        const other = await hosts.installed("other");
        assert.deepEqual(await names(other), ["node/other"]);
        assert.equal((await hosts.api.request("GET", "/api/v1/nodes/other")).status, 404);
        await done(other, `microk8s join ${await address(first)} --worker`);
        assert.deepEqual(await names(first), ["node/first", "node/other"]);
        assert.equal((await hosts.api.request("GET", "/api/v1/nodes/other")).status, 200);
        await done(first, "microk8s remove-node other");
    });

    it("never include a foreign host, whichever is first", async () => {
        const apart = new Microk8sEmulator({ api: new MemoryCluster(), scale: 0.001 });
        const stranger = await apart.startHost({ name: "stranger", address: "127.0.0.201", foreign: true });
        const own = await apart.startHost({ name: "own", address: "127.0.0.202" });
        for (const host of [stranger, own]) await done(host, "snap install microk8s --classic");
        assert.deepEqual(await names(stranger), ["node/stranger"]);
        assert.match(await done(stranger, "microk8s config"), /127\.0\.0\.201:16443/);
        assert.match(await done(own, "microk8s config"), /127\.0\.0\.1:16443/);
        await apart.close();
    });

    it("invalidate a token without a ttl after its first use, and a token with a ttl when the ttl ends", async () => {
        await done(first, `microk8s add-node --token ${TOKEN}`);
        const url = `${first.address}:25000/${TOKEN}`;
        const [a, b] = [await hosts.installed("a"), await hosts.installed("b")];
        await done(a, `microk8s join ${url} --worker`);
        const again = await root(b, `microk8s join ${url} --worker`);
        assert.deepEqual(
            [again.code, again.out],
            [6, `Contacting cluster at ${first.address}\nConnection failed. invalid token (500).\n`],
        );
        await done(first, `microk8s add-node -t ${TOKEN} -l 3600`);
        await done(first, `microk8s add-node -t ${TOKEN} -l 3600`);
        assert.equal(text(first, TOKENS).trimEnd().split("\n").length, 2, "each call adds one more line");
        await done(b, `microk8s join ${url} --worker`);
        const late = `${TOKEN}x`;
        first.microk8s!.place.files.write(TOKENS, `${late}|${Math.floor(Date.now() / 1000) - 1}\n`);
        assert.equal((await root(b, `microk8s join ${first.address}:25000/${late} --worker`)).code, 6);
        for (const name of ["a", "b"]) await done(first, `microk8s remove-node ${name}`);
    });

    it("print the address for joining in two formats, and reject short tokens", async () => {
        const add = (more: string) => done(first, `microk8s add-node --token ${TOKEN} --token-ttl 60 ${more}`);
        const short = await add("--format short");
        assert.match(short, new RegExp(`^microk8s join ${first.address}:25000/${TOKEN}/[0-9a-f]{12}$`));
        assert.match(await add(""), new RegExp(`^${short} --worker$`, "m"));
        assert.match((await root(first, "microk8s add-node --format json")).err, /^unsupported .*--format json/);
        assert.equal((await root(first, "microk8s add-node --token short")).code, 1);
    });

    it("check the fingerprint only when the address has one", async () => {
        const node = await hosts.installed("checked");
        await done(first, `microk8s add-node --token ${TOKEN} --token-ttl 600`);
        const url = `${first.address}:25000/${TOKEN}`;
        const wrong = await root(node, `microk8s join ${url}/0123456789ab`);
        assert.deepEqual([wrong.code, /Could not verify the identity/.test(wrong.out)], [4, true]);
        assert.match((await root(node, `microk8s join ${url}/0123`)).out, /Fingerprint too short/);
        await done(node, `microk8s join ${url} --worker`);
        await done(first, "microk8s remove-node checked");
    });

    it("reject a join to the joining node's own address, to an address without a listener, and with too little memory", async () => {
        assert.match((await root(first, `microk8s join ${await address(first)}`)).out, /has the same IP/);
        const unreachable = await root(first, `microk8s join 127.0.0.99:25000/${TOKEN}`);
        assert.deepEqual([unreachable.code, /Connection refused/.test(unreachable.err)], [1, true]);
        const small = await hosts.installed("small", { lowMemory: true });
        const url = await address(first);
        assert.equal((await root(small, `microk8s join ${url}`)).code, 1);
        await done(small, `microk8s join ${url} --worker`);
        await done(first, "microk8s remove-node small");
    });

    it("give a joining node the kubelet's arguments of the node that it contacts: its own labels and taints are lost", async () => {
        const launch =
            "version: 0.1.0\nextraKubeletArgs:\n  --node-labels: zone=a\n  --register-with-taints: only=gpu:NoSchedule\n";
        const node = await hosts.installed("labelled", { launch });
        const own = JSON.parse(await done(node, "microk8s kubectl get node labelled -o json"));
        assert.deepEqual([own.metadata.labels.zone, own.spec.taints[0].key], ["a", "only"]);
        await done(node, `microk8s join ${await address(first)} --worker`);
        assert.doesNotMatch(text(node, KUBELET), /zone=a|only=gpu/);
        const joined = JSON.parse(await done(first, "microk8s kubectl get node labelled -o json"));
        assert.deepEqual([joined.metadata.labels.zone, joined.spec], [undefined, undefined]);
        assert.equal(joined.metadata.labels["node.kubernetes.io/microk8s-worker"], "microk8s-worker");
        assert.equal(joined.status.addresses[0].address, node.address);
        await done(first, "microk8s remove-node labelled");
    });

    it("refer to another node on a worker: status exits with 1, config with 0 and no YAML map", async () => {
        const worker = await hosts.joined(first, "worker", "--worker");
        for (const verb of ["status --wait-ready", "add-node", "enable dns", "kubectl get nodes"]) {
            const { code, out } = await root(worker, `microk8s ${verb}`);
            assert.deepEqual([code, /acting as a node in a cluster/.test(out)], [1, true], verb);
        }
        assert.match(await done(worker, "microk8s config"), /^This MicroK8s deployment is acting as a node/);
        await done(worker, "microk8s leave");
        assert.deepEqual(await names(worker), ["node/worker"]);
        assert.ok((await names(first)).includes("node/worker"), "its Node object stays until remove-node");
        await done(first, "microk8s remove-node worker");
        assert.ok(!(await names(first)).includes("node/worker"));
    });

    it("count a node twice that joins twice", async () => {
        const twice = await hosts.joined(first, "twice");
        await done(twice, `microk8s join ${await address(first)}`);
        assert.equal(
            (await done(first, "microk8s status")).match(new RegExp(`${twice.address}:19001`, "g"))?.length,
            2,
        );
        await done(first, "microk8s remove-node twice --force");
        await root(first, `microk8s remove-node ${twice.address} --force`);
        assert.deepEqual(await names(first), ["node/first"]);
    });

    it("are highly available from three control planes on, and do not let the last voter of several leave", async () => {
        const isHa = async () => /^high-availability: (\w+)$/m.exec(await done(first, "microk8s status"))![1];
        const second = await hosts.joined(first, "second");
        assert.equal(await isHa(), "no");
        const refused = await root(first, "microk8s leave");
        assert.deepEqual([refused.code, /holds the only copy/.test(refused.out)], [3, true]);
        const third = await hosts.joined(second, "third");
        assert.equal(await isHa(), "yes");
        assert.match(await done(third, "microk8s status --format yaml"), /running: True\n(.*\n)*.*enabled: True/);

        const early = await root(first, "microk8s remove-node third");
        assert.deepEqual([early.code, /registered with dqlite/.test(early.out)], [1, true]);
        await done(third, "microk8s leave");
        await done(first, "microk8s remove-node third");
        await done(first, `microk8s remove-node ${second.address} --force`);
        assert.deepEqual(await names(first), ["node/first"]);
        assert.equal((await root(first, "microk8s remove-node unknown")).code, 1);
    });

    it("are incomplete after a fault in a join: without the Node", async () => {
        const half = await hosts.installed("half");
        half.faults.add({ step: "join-half-way" });
        assert.equal((await root(half, `microk8s join ${await address(first)}`)).code, 1);
        assert.deepEqual(await names(first), ["node/first"]);
        assert.match(
            await done(first, "microk8s status"),
            new RegExp(`${half.address}:19001|datastore master nodes: ${first.address}`),
        );
        await done(half, "microk8s leave");
        await done(half, `microk8s join ${await address(first)}`);
        assert.deepEqual(await names(first), ["node/first", "node/half"]);
    });
});
