// Proves what the scripts of MicroK8s do on hosts: the real scripts, run by a real shell over SSH on sandbox hosts. snap,
// MicroK8s, sudo and ss are the sandbox's.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FOLDER } from "../../../../components/parts/microk8s-common-script";
import { renderLaunch } from "../../../../components/parts/microk8s-launch";
import { probe, readProbe, type Probed } from "../../../../components/parts/microk8s-probe-script";
import { clusterScript, nodeScript, type ClusterFacts } from "../../../../components/parts/microk8s-scripts";
import { runOnHost } from "../../../../components/parts/ssh-run";
import { commandLine } from "../../../../components/parts/ssh-script";
import { type Microk8sHost, type Microk8sHostOptions, Microk8sPlay } from "../../../../sandbox/hosts";

const OWNER = "alpa-auth/dev";
const TOKEN = "0123456789abcdef0123456789abcdef";
const CHANNEL = "1.34/stable";
const waits = { readySeconds: 5, drainSeconds: 5 };

describe("MicroK8s on hosts", function () {
    this.timeout(30_000);
    let play: Microk8sPlay;
    let a: Microk8sHost;
    let b: Microk8sHost;
    let last = 20;
    const start = (name: string, more: Partial<Microk8sHostOptions> = {}) =>
        play.startHost({ name, address: `127.0.0.${++last}`, ...more });

    /** Runs a script on a host, as the provider does. @returns what it printed; fails with what it said */
    async function run(host: Microk8sHost, script: string, ...words: string[]): Promise<string> {
        const { address, port, hostKey, privateKey } = host;
        const reached = { address, port, user: "ops", hostKey, privateKey };
        const line = commandLine(host.name, OWNER, ...words);
        const t0 = Date.now();
        const said = await runOnHost(reached, line, script, AbortSignal.timeout(25_000));
        process.stderr.write(
            `${host.name} ${words.join(" ")} ${Date.now() - t0} ${JSON.stringify(said).slice(0, 300)}\n`,
        );
        assert.equal(said.code, 0, said.stderr);
        return said.stdout.trim();
    }
    const role = (host: Microk8sHost) => (host.name.startsWith("worker") ? "worker" : "control-plane");
    const onNode = (host: Microk8sHost, url?: string, readySeconds = waits.readySeconds) => {
        const launch = renderLaunch({ role: role(host), first: host === a, sans: [host.address], storage: "hostpath" });
        return nodeScript({ launch, sans: [host.address], url }, { ...waits, readySeconds });
    };
    const onCluster = (about: Microk8sHost, more: Partial<ClusterFacts> = {}) =>
        clusterScript(
            { node: about.name, place: about.name, address: a.address, storage: "hostpath", token: TOKEN, ...more },
            waits,
        );
    const install = (host: Microk8sHost, channel = CHANNEL) => run(host, onNode(host), "install", channel, role(host));
    const invite = (host: Microk8sHost, how = "new") => run(a, onCluster(host), "invite", how);
    const enter = async (host: Microk8sHost, url?: string) =>
        run(host, onNode(host, url ?? (await invite(host))), "join", role(host));
    const ask = (about: Microk8sHost, what: string, more?: Partial<ClusterFacts>) =>
        run(a, onCluster(about, more), what);
    const look = async (host: Microk8sHost): Promise<Probed> => {
        const { command, script } = probe(host.name, OWNER);
        assert.ok(command.endsWith("look"));
        return readProbe(`${await run(host, script, "look")}\n`);
    };
    const at = (host: Microk8sHost, file: string) => join(host.root, file);
    const nodes = async () => (await a.microk8s!.cluster.nodes()).map(({ metadata }) => metadata.name).sort();

    beforeEach(async () => {
        play = new Microk8sPlay();
        a = await start("first");
    });
    afterEach(() => play.close());

    it("makes a cluster of two hosts, finds all as it is on the second run, and goes back step by step", async () => {
        b = await start("worker-1");
        const up = async () => {
            assert.equal(await install(a), "first");
            await run(a, onNode(a), "start");
            await ask(a, "mark");
            await ask(a, "ready");
            await ask(a, "addons");
            assert.equal(await install(b), "worker-1");
            await enter(b);
            await ask(b, "mark", { labels: ["rack=a"], taints: ["gpu=yes:NoSchedule"] });
            await ask(b, "ready");
            return ask(a, "kubeconfig");
        };
        const kubeconfig = await up();
        assert.match(kubeconfig, /^apiVersion: v1\n/);
        const seen = () =>
            [a, b].map((host) => readFileSync(at(host, "var/snap/microk8s/current/args/kubelet"), "utf8"));
        const [before, made] = [seen(), await nodes()];
        assert.equal(await up(), kubeconfig);
        assert.deepEqual([seen(), await nodes()], [before, made]);
        assert.deepEqual(made, ["first", "worker-1"]);
        assert.ok(a.snapd.isHeld && b.snapd.isHeld);
        const args = readFileSync(at(a, "var/snap/microk8s/current/args/kube-apiserver"), "utf8");
        assert.match(args, /^--authorization-mode=RBAC,Node$/m);
        assert.ok((await look(a)).kubeconfig?.startsWith("apiVersion"));

        const facts = { labels: ["rack=a"], taints: ["gpu=yes:NoSchedule"] };
        await ask(b, "drain", facts);
        await ask(b, "unmark", facts);
        await run(b, onNode(b), "leave", "worker");
        await ask(b, "remove-node");
        await run(b, onNode(b), "remove");
        assert.deepEqual([await nodes(), b.snapd.release, existsSync(at(b, FOLDER))], [["first"], undefined, false]);
        await ask(a, "drain");
        await run(a, onNode(a), "leave", "control-plane");
        await run(a, onNode(a), "remove");
        await run(a, onNode(a), "remove");
        assert.equal(a.snapd.release, undefined);
    });
});
