// Proves what the scripts of MicroK8s do on hosts. A real shell runs them over SSH on sandbox hosts. snap, MicroK8s and sudo are
// emulators.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { POD_NETWORK, renderLaunch } from "../../../../components/hosts/microk8s/launch";
import * as scripts from "../../../../components/hosts/microk8s/scripts";
import { runOnHost } from "../../../../components/hosts/ssh-run";
import { commandLine } from "../../../../components/hosts/script";
import { type Microk8sHost, type Microk8sHostOptions, Microk8sEmulator } from "../../../../sandbox/hosts";
import { MemoryCluster } from "../../../../sandbox/hosts/microk8s/memory-cluster";
import type { KubeObject } from "../../../../sandbox/hosts/microk8s/rest";

const OWNER = "alpa-auth/dev";
const TOKEN = "0123456789abcdef0123456789abcdef";
const CHANNEL = "1.34/stable";
/** An example of another service on the host. */
const RAY = "[Service]\nExecStart=/bin/sleep 1000\n";

describe("MicroK8s on hosts", () => {
    let api: MemoryCluster;
    let microk8s: Microk8sEmulator;
    let a: Microk8sHost, b: Microk8sHost;
    let last = 20;
    const start = (name: string, more: Partial<Microk8sHostOptions> = {}) =>
        microk8s.startHost({ name, address: `127.0.0.${++last}`, users: ["root"], ...more });

    /** Runs a script on a host, like the provider. @returns the output @throws an error with the output */
    async function run(host: Microk8sHost, script: string, ...words: string[]): Promise<string> {
        const { address, port, hostKey, privateKey } = host;
        const reached = { address, port, user: "root", hostKey, privateKey };
        const said = await runOnHost(reached, commandLine(host.name, ...words), script, AbortSignal.timeout(60_000));
        assert.equal(said.code, 0, said.stderr);
        return said.stdout.trim();
    }
    const install = (host: Microk8sHost, url?: string, channel = CHANNEL, pods = POD_NETWORK) =>
        run(host, scripts.nodeScript(renderLaunch(pods), url), OWNER, "install", channel, pods);
    const leave = (host: Microk8sHost, owner = OWNER) => run(host, scripts.nodeScript(""), owner, "leave");
    /** Invites a node, as the hook does. @returns its URL */
    const invitation = async () => {
        await run(a, scripts.inviteScript(TOKEN), OWNER, "invite");
        return `${a.address}:25000/${TOKEN}/${(await install(a)).split(" ")[1]}`;
    };
    const cluster = (...members: [host: Microk8sHost, ...labels: string[]][]) => {
        const all = members.map(([{ name }, ...labels]) => ({ node: name, place: name, labels }));
        return run(a, scripts.clusterScript(all, 2), OWNER, "members");
    };
    const look = async (host: Microk8sHost, owner = OWNER) => {
        const { command, script } = scripts.probe([host.name, owner, CHANNEL, POD_NETWORK]);
        const [, ...words] = command.slice("sh -s -- ".length).split(" ");
        return scripts.readProbe(`${await run(host, script, ...words)}\n`);
    };
    const nodes = async () => {
        const { items } = await api.call<{ items: KubeObject[] }>("GET", "/api/v1/nodes");
        return Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata]));
    };
    const refuses = (work: Promise<unknown>, why: RegExp) =>
        assert.rejects(work, ({ message }: Error) => {
            assert.match(message, why);
            assert.ok(!message.includes(TOKEN));
            return true;
        });

    beforeEach(async () => {
        api = new MemoryCluster();
        microk8s = new Microk8sEmulator({ api });
        a = await start("first");
    });
    afterEach(() => microk8s.close());

    it("install a held MicroK8s with RBAC, change nothing again, and leave other services alone", async () => {
        b = await start("second", { files: { "etc/systemd/system/ray.service": RAY } });
        await b.systemctl("start", "ray");
        const ray = b.pidOf("ray.service");
        const said = await install(a);
        assert.match(said, /^first [0-9a-f]{12}$/);
        assert.ok(a.snap.isHeld);
        const args = readFileSync(join(a.root, "var/snap/microk8s/current/args/kube-apiserver"), "utf8");
        assert.match(args, /^--authorization-mode=RBAC,Node$/m);
        assert.equal(await install(a), said);
        assert.match(await install(b, await invitation()), /^second /);
        await install(b, "1.2.3.4:25000/other/000000000000");
        assert.deepEqual(Object.keys(await nodes()), ["first", "second"]);
        assert.ok(ray !== undefined && b.pidOf("ray.service") === ray, "Ray was touched");
    });

    it("reject an API server without RBAC", async () => {
        const script = scripts.nodeScript("version: 0.1.0");
        await refuses(run(a, script, OWNER, "install", CHANNEL, POD_NETWORK), /does not run with --authorization-mode/);
        assert.equal((await look(a)).kubeconfig, undefined);
    });

    it("set labels, remove those that are gone, and print the kubeconfig that the preflight also gets", async () => {
        await install(a);
        const kubeconfig = await cluster([a, "rack=a", "gpu=none"]);
        assert.equal(JSON.parse(kubeconfig).kind, "Config");
        assert.equal((await look(a)).kubeconfig?.trim(), kubeconfig);
        await cluster([a, "rack=b"]);
        const { labels = {} } = (await nodes()).first;
        assert.deepEqual([labels["alpa-auth.io/place"], labels.rack, labels.gpu], ["first", "b", undefined]);
    });

    it("drain a node that is no longer listed, and remove it without leftovers", async () => {
        b = await start("second");
        await install(a);
        await install(b, await invitation());
        await cluster([a], [b]);
        const pod = { metadata: { name: "gateway" }, spec: { nodeName: "second" } };
        api.put("pods", "llm", pod);
        api.blocked = () => true;
        await refuses(cluster([a]), /first: node second was not drained within 2 s .*keep the node with: .* uncordon/);
        assert.deepEqual(Object.keys(await nodes()), ["first", "second"]);
        api.blocked = () => false;
        await cluster([a]);
        assert.equal(await api.find("/api/v1/namespaces/llm/pods/gateway"), undefined);
        await leave(b);
        assert.deepEqual(Object.keys(await nodes()), ["first"]);
        assert.deepEqual([b.snap.channel, existsSync(join(b.root, scripts.FOLDER))], [undefined, false]);
    });

    it("never remove a node that another administrator has added", async () => {
        await install(a);
        api.put("nodes", "", { metadata: { name: "other" } });
        await cluster([a]);
        assert.deepEqual(Object.keys(await nodes()), ["first", "other"]);
    });

    it("reject another cluster's fingerprint, complete an interrupted join, and show no token", async () => {
        b = await start("second");
        await install(a);
        const url = await invitation();
        await refuses(
            install(b, url.replace(/\w{12}$/, "000000000000")),
            /second: could not join .*verify the identity/,
        );
        b.faults.add({ step: "join-half-way", message: `cut off ${TOKEN}` });
        await refuses(install(b, url), /second: could not join the cluster at 127\.0\.0\.\d+:25000 \(cut off …\)/);
        await install(b, url);
        assert.deepEqual(Object.keys(await nodes()), ["first", "second"]);
        assert.equal(a.microk8s!.cluster.members.length, 2);
    });

    const refused: [why: string, options: Partial<Microk8sHostOptions>, said: RegExp, channel?: string][] = [
        ["another system", { os: "alpine" }, /second: must run Ubuntu \(got alpine\)/],
        ["no snapd", { snapd: false }, /second: has no snapd\. Run there: apt-get install snapd/],
        ["a channel that the store does not have", {}, /could not install .*not available on 1\.99/, "1.99/stable"],
    ];
    for (const [why, options, said, channel] of refused)
        it(`reject ${why}, and install nothing`, async () => {
            b = await start("second", options);
            await refuses(install(b, undefined, channel), said);
            assert.equal(b.snap.channel, undefined);
        });

    it("reject MicroK8s that this stack did not install, and never remove it", async () => {
        await install(a);
        await refuses(
            run(a, scripts.nodeScript(""), "alpa-auth/other", "install", CHANNEL, POD_NETWORK),
            /of another stack/,
        );
        await leave(a, "alpa-auth/other");
        assert.match((await look(a, "alpa-auth/other")).problem!, /^is a node of another stack, alpa-auth\/dev\./);
        rmSync(join(a.root, scripts.FOLDER), { recursive: true });
        await refuses(install(a), /first: has MicroK8s that this stack did not install/);
        await refuses(cluster([a]), /first: MicroK8s of this stack is not installed/);
        await leave(a);
        assert.equal(a.snap.channel, CHANNEL);
    });

    it("reject another channel or pod network than the node's", async () => {
        await install(a);
        await refuses(install(a, undefined, "1.35/stable"), /first: follows channel 1\.34\/stable of MicroK8s/);
        await refuses(install(a, undefined, CHANNEL, "10.200.0.0/16"), /first: has the pod network 10\.1\.0\.0\/16/);
    });

    it("keep MicroK8s of a host that has another name in the config now", async () => {
        await install(a);
        const old = scripts.nodeScript("");
        const { address, port, hostKey, privateKey } = a;
        const reached = { address, port, user: "root", hostKey, privateKey };
        const line = commandLine("old.example.com", OWNER, "leave");
        const { code, stdout } = await runOnHost(reached, line, old, AbortSignal.timeout(60_000));
        assert.deepEqual([code, a.snap.channel], [0, CHANNEL]);
        assert.match(stdout, /not removed: this host is first in the config now/);
    });
});
