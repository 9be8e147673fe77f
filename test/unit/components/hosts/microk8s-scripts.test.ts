// Proves what the scripts of MicroK8s do on hosts. A real shell runs them over SSH on sandbox hosts. snap, MicroK8s,
// sudo and ss are emulators.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FOLDER } from "../../../../components/hosts/microk8s/script-files";
import { renderLaunch } from "../../../../components/hosts/microk8s/launch";
import { probe, readProbe, type Probed } from "../../../../components/hosts/microk8s/probe-script";
import { clusterScript, nodeScript, type ClusterFacts } from "../../../../components/hosts/microk8s/scripts";
import { runOnHost } from "../../../../components/hosts/ssh-run";
import { commandLine } from "../../../../components/hosts/ssh-script";
import { type Microk8sHost, type Microk8sHostOptions, Microk8sEmulator } from "../../../../sandbox/hosts";

const OWNER = "alpa-auth/dev";
const TOKEN = "0123456789abcdef0123456789abcdef";
const CHANNEL = "1.34/stable";
/** An example of another service on the host. */
const RAY = "[Service]\nExecStart=/bin/sleep 1000\n";
const waits = { readySeconds: 60, drainSeconds: 60 };

describe("MicroK8s on hosts", () => {
    let microk8s: Microk8sEmulator;
    let a: Microk8sHost;
    let b: Microk8sHost;
    let last = 20;
    const start = (name: string, more: Partial<Microk8sHostOptions> = {}) =>
        microk8s.startHost({ name, address: `127.0.0.${++last}`, users: ["root"], ...more });

    /** Runs a script on a host, like the provider. @returns the output @throws an error with the output */
    async function run(host: Microk8sHost, script: string, ...words: string[]): Promise<string> {
        const { address, port, hostKey, privateKey } = host;
        const reached = { address, port, user: "root", hostKey, privateKey };
        const line = commandLine(host.name, OWNER, ...words);
        const said = await runOnHost(reached, line, script, AbortSignal.timeout(120_000));
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
        microk8s = new Microk8sEmulator();
        a = await start("first");
    });
    afterEach(() => microk8s.close());

    const up = async () => {
        await install(a);
        await run(a, onNode(a), "start");
        await install(b);
        await enter(b);
    };
    const refuses = (work: Promise<unknown>, why: RegExp) =>
        assert.rejects(work, ({ message }: Error) => {
            assert.match(message, why);
            assert.ok(!message.includes(TOKEN));
            return true;
        });

    it("creates the cluster of the config, and removes a node without leftovers", async () => {
        b = await start("worker-1", { files: { "etc/systemd/system/ray.service": RAY } });
        await run(b, "systemctl start ray");
        const ray = b.pidOf("ray.service");
        await up();
        assert.equal((await look(a)).kubeconfig, undefined);
        await ask(a, "addons");
        const kubeconfig = await ask(a, "kubeconfig");
        assert.match(kubeconfig, /^apiVersion: v1\n/);
        const { machine, ...told } = await look(a);
        assert.equal(told.kubeconfig?.trim(), kubeconfig);
        assert.equal(machine, readFileSync(at(a, "etc/machine-id"), "utf8").trim());
        const args = readFileSync(at(a, "var/snap/microk8s/current/args/kube-apiserver"), "utf8");
        assert.match(args, /^--authorization-mode=RBAC,Node$/m);
        assert.ok(a.snapd.isHeld);

        const facts = { labels: ["rack=a"], taints: ["gpu=yes:NoSchedule"] };
        await ask(b, "mark", facts);
        await ask(b, "ready");
        // `old.example.com` was the host's name in an earlier config.
        await ask(b, "drain", { place: "old.example.com" });
        await ask(b, "remove-node", { place: "old.example.com" });
        const [kept] = (await a.microk8s!.cluster.nodes()).filter((one) => one.metadata.name === "worker-1");
        assert.equal(kept.spec?.unschedulable, undefined);
        await ask(a, "mark");
        await refuses(ask(a, "drain"), /first cannot leave: it is the last control-plane node, and 1 other node\(s\)/);

        await ask(b, "drain", facts);
        await run(b, onNode(b), "leave", "worker");
        await ask(b, "remove-node");
        await run(b, onNode(b), "remove");
        assert.deepEqual([await nodes(), b.snapd.release, existsSync(at(b, FOLDER))], [["first"], undefined, false]);
        assert.ok(ray !== undefined && b.pidOf("ray.service") === ray, "Ray was touched");
    });

    it("rejects another cluster's fingerprint, completes an interrupted join, and shows no token", async () => {
        b = await start("second");
        await install(a);
        await run(a, onNode(a), "start");
        await install(b);
        const url = await invite(b);
        const wrong = url.replace(/[0-9a-f]{12}$/, "000000000000");
        await refuses(enter(b, wrong), /second: could not join .*Could not verify the identity/);
        b.faults.add({ step: "join-half-way", code: 1, message: `cut off ${TOKEN}` });
        await refuses(enter(b, url), /second: could not join the cluster at 127\.0\.0\.\d+:25000 \(cut off …\)/);
        await enter(b, url);
        assert.deepEqual([await nodes(), a.microk8s!.storeOf().length], [["first", "second"], 2]);
        // Both hosts return a kubeconfig. Host b returns a spare one, because it cannot know whether the cluster is
        // complete.
        await ask(a, "kubeconfig");
        const told = [await look(a), await look(b)].map((one) => [one.kubeconfig, one.spareKubeconfig]);
        const [yes, no] = [/^apiVersion: v1\n/, /^$/];
        [yes, no, no, yes].forEach((wanted, i) => assert.match(told.flat()[i] ?? "", wanted));
    });

    it("reports how to check an add-on that does not become ready, and completes when the add-on is ready", async () => {
        a.faults.add({ step: "addon", addon: "dns", times: 1000 });
        await refuses(
            run(a, onNode(a, undefined, 1), "install", CHANNEL, "control-plane"),
            /first: MicroK8s did not apply its launch configuration, .*install\.yaml, within 1 s\..*journalctl -u snap/,
        );
        a.faults.clear();
        assert.equal(await install(a), "first");
    });

    const refused: [why: string, options: Partial<Microk8sHostOptions>, before: () => void, said: RegExp][] = [
        ["another system", { os: "alpine" }, () => undefined, /must run Ubuntu \(got Alpine Linux v3\.20\)/],
        ["no snapd", { snapd: false }, () => undefined, /snapd is missing\. Run: apt-get install snapd/],
        [
            "ports that other programs use",
            {
                listening: [
                    { port: 10250, process: "raylet", pid: 77 },
                    { port: 8265, process: "dashboard" },
                ],
            },
            () => undefined,
            /ports of MicroK8s are in use \(10250\/tcp by raylet, process 77\)/,
        ],
        [
            "a store that is unreachable",
            {},
            () => b.faults.add({ step: "store" }),
            /could not install MicroK8s of channel 1\.34\/stable \(error: cannot install .*name resolution\)/,
        ],
    ];
    it("rejects a channel that the store does not have, with the store's message, and installs nothing", async () => {
        await refuses(
            install(a, "1.99/stable"),
            /could not install MicroK8s of channel 1\.99\/stable \(error: .*not available on 1\.99\/stable/,
        );
        assert.equal(a.snapd.release, undefined);
    });

    for (const [why, options, before, said] of refused)
        it(`rejects ${why}, and installs nothing`, async () => {
            b = await start("second", options);
            before();
            await refuses(install(b), said);
            assert.equal(b.snapd.release, undefined);
        });

    it("rejects MicroK8s that this stack did not install, and leaves it unchanged", async () => {
        await a.stage.run("/usr/local/sbin/snap", ["install", "microk8s", "--classic", "--channel=1.34/stable"]);
        await refuses(install(a), /first: MicroK8s on this host was not installed by this stack/);
        await run(a, onNode(a), "remove");
        assert.notEqual(a.snapd.release, undefined);
        assert.deepEqual([(await look(a)).owner, (await look(a)).channel], [undefined, CHANNEL]);
    });

    it("rejects a channel or pod network other than the node's, and changes nothing", async () => {
        await install(a);
        const elsewhere = nodeScript({ launch: "", sans: [a.address], podNetwork: "10.200.0.0/16" }, waits);
        await refuses(
            run(a, elsewhere, "install", CHANNEL, "control-plane"),
            /first: the pod network is 10\.1\.0\.0\/16 \(the config says 10\.200\.0\.0\/16\)/,
        );
        await refuses(install(a, "1.35/stable"), /follows channel 1\.34\/stable \(the config says 1\.35\/stable\)/);
        assert.equal(a.snapd.release?.channel, CHANNEL);
    });

    it("keeps the names of an existing certificate, and prints them", async () => {
        await install(a);
        const more = nodeScript({ launch: "", sans: [a.address, "k8s.example.com"] }, waits);
        assert.equal(await run(a, more, "install", CHANNEL, "control-plane"), "first");
        assert.equal((await look(a)).sans, a.address);
    });
});
