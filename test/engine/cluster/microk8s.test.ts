// Proves that hosts become a cluster with a working gateway. Proves that the next run completes a failed step, and that
// nodes can be added and removed. The hosts are emulators: the scripts and the shell are real, but SSH, sudo, snap,
// MicroK8s and the provider that connects are the sandbox's. Their nodes are in a real API server.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api, type V1Node } from "@kubernetes/client-node";
import { parse } from "yaml";
import { FOLDER } from "../../../components/hosts/microk8s/scripts";
import { type Microk8sHost, Microk8sEmulator, newKey } from "../../../sandbox/hosts";
import { restOf } from "../../../sandbox/hosts/microk8s/rest";
import { call, current, failed, succeeded, TestStack, useWorld } from "../kit";

const PASSWORD = "correct horse";

describe("MicroK8s on the engine", () => {
    useWorld();
    let microk8s: Microk8sEmulator;
    let stack: TestStack;
    let gone: V1Node[];
    let secrets: { privateKey: unknown; sudoPassword: unknown };
    const hosts: Record<string, Microk8sHost> = {};

    const core = () => current().world.kubeConfig.makeApiClient(CoreV1Api);
    const nodes = async () => (await core().listNode()).items;
    const names = async () => (await nodes()).map(({ metadata }) => metadata!.name).sort();

    const entry = (name: string, more: object = {}) => {
        const { address, port, hostKey } = hosts[name];
        return { address: `${address}:${port}`, hostKey, ...more };
    };
    const configure = (...entries: object[]) =>
        stack.configure({
            cluster: { nodes: entries },
            ssh: { user: "ops", ...secrets },
            consumers: [{ name: "lab", credentials: [{ id: "a", method: "key" }] }],
        });
    const three = () => ["a", "b", "c"].map((name) => entry(name));
    const served = async () => {
        const { url, credentials } = await stack.outputs();
        return (await call(url, { key: credentials["lab/a"] })).status;
    };
    /** Files of a healthy node, which no run may change. */
    const state = () =>
        ["a", "b", "c"].map((name) => {
            const read = (file: string) =>
                readFileSync(join(hosts[name].root, "var/snap/microk8s/current", file), "utf8");
            return [read("args/kube-apiserver"), read("certs/server.crt")];
        });
    const clean = (name: string) =>
        hosts[name].snap.channel === undefined && !existsSync(join(hosts[name].root, FOLDER));

    before(async () => {
        const { world, dir } = current();
        // The world creates nodes at its start. They are deleted here, so that the cluster has no nodes before MicroK8s adds
        // its own.
        gone = await nodes();
        for (const { metadata } of gone) await core().deleteNode({ name: metadata!.name! });
        microk8s = new Microk8sEmulator({ api: restOf(world.controlPlane.adminKubeConfig) });
        const privateKey = newKey();
        const common = { privateKey, password: PASSWORD, sudo: "password", stateDir: dir } as const;
        const all = ["a", "b", "c", "d"].map((name, i) =>
            microk8s.startHost({ ...common, name: `node-${name}`, address: `127.0.0.${60 + i}` }),
        );
        for (const host of await Promise.all(all)) hosts[host.name.slice(-1)] = host;
        stack = await TestStack.create("nodes", { ssh: { user: "ops" } });
        await stack.configureSecret("ssh.privateKey", privateKey);
        await stack.configureSecret("ssh.sudoPassword", PASSWORD);
        const file = join(world.facts.stackFiles, "Pulumi.nodes.yaml");
        secrets = parse(readFileSync(file, "utf8")).config["alpa-auth:ssh"];
        configure(...three());
    });
    after(async () => {
        await microk8s.close();
        for (const { metadata, spec, status } of gone) {
            const { name, labels, annotations } = metadata!;
            await core().createNode({ body: { metadata: { name, labels, annotations }, spec, status } });
        }
    });

    afterEach(() => Object.values(hosts).forEach(({ faults }) => faults.clear()));

    it("reports before any change that only the hosts were checked, and shows no secret", async () => {
        const { stdout, stderr } = succeeded(await stack.preview());
        assert.match(stdout, /cluster: the hosts do not form a cluster yet, so only the hosts were checked/);
        assert.ok(!(stdout + stderr).includes(PASSWORD));
        assert.deepEqual([await names(), clean("a")], [[], true]);
    });

    it("names each step that fails and its host: an installation, a join", async () => {
        // Only one step fails in each run, because Pulumi starts nothing more on the other hosts after the first failure.
        hosts.a.faults.add({ step: "install" });
        assert.match(
            failed(await stack.up()),
            /127\.0\.0\.60-\d+: could not install MicroK8s of channel 1\.34\/stable/,
        );
        hosts.b.faults.add({ step: "join-half-way" });
        assert.match(failed(await stack.up()), /127\.0\.0\.61-\d+: could not join the cluster at 127\.0\.0\.60:25000/);
    });

    it("completes in a run days later: three ready nodes, and a working gateway", async () => {
        // Every join token has expired by then.
        hosts.a.microk8s!.expireTokens();
        succeeded(await stack.up());
        assert.deepEqual(await names(), ["node-a", "node-b", "node-c"]);
        assert.equal(await served(), 200);
        for (const name of ["a", "b", "c"]) assert.ok(hosts[name].snap.isHeld, name);
        assert.equal(hosts.a.microk8s!.cluster.members.length, 3);
        for (const [api] of state()) assert.match(api, /^--authorization-mode=RBAC,Node$/m);
    });

    it("changes nothing in a second run but the record of the new cluster's UID, and changes no node", async () => {
        const before = state();
        assert.match(succeeded(await stack.up()).stdout, /~ 1 updated/);
        succeeded(await stack.preview("--expect-no-changes"));
        assert.deepEqual(state(), before);
    });

    it("adds a node with its labels after a killed run, and leaves the others unchanged", async () => {
        const before = state();
        configure(...three(), entry("d", { labels: { rack: "b" } }));
        await stack.upKilledWhen(async () => existsSync(join(hosts.d.root, FOLDER, "owner")));
        await stack.run(["cancel", "--yes"]);
        succeeded(await stack.up());
        const added = (await nodes()).find(({ metadata }) => metadata!.name === "node-d")!;
        assert.equal(added.metadata!.labels!.rack, "b");
        assert.deepEqual([state(), await served()], [before, 200]);
    });

    it("removes a node again, and leaves nothing on its host", async () => {
        configure(...three());
        succeeded(await stack.up());
        assert.deepEqual([await names(), clean("d"), await served()], [["node-a", "node-b", "node-c"], true, 200]);
    });

    it("replaces the node that started the cluster, and the cluster keeps running", async () => {
        configure(entry("b"), entry("c"), entry("d"));
        succeeded(await stack.up());
        assert.deepEqual([await names(), clean("a"), await served()], [["node-b", "node-c", "node-d"], true, 200]);
        succeeded(await stack.preview("--expect-no-changes"));
    });

    it("leaves nothing on any host when it is destroyed", async () => {
        succeeded(await stack.destroy());
        assert.deepEqual(["a", "b", "c", "d"].map(clean), [true, true, true, true]);
    });
});
