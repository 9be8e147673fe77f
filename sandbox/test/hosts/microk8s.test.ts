// Proves what the emulators of snap and MicroK8s allow, and that they refuse the rest by name. What the project's scripts do with
// them is proved by test/unit/components/hosts/microk8s-scripts.test.ts.
import assert from "node:assert/strict";
import { Microk8sEmulator, type Microk8sHost } from "../../hosts";
import { MemoryCluster } from "../../hosts/microk8s/memory-cluster";
import type { Reply } from "../../hosts/reply";

const TOKEN = "0123456789abcdef0123456789abcdef";
const PROGRAMS: Record<string, string> = { microk8s: "/snap/bin/microk8s", snap: "/usr/local/sbin/snap" };

describe("emulator of MicroK8s", () => {
    const api = new MemoryCluster();
    const emulator = new Microk8sEmulator({ api });
    after(() => emulator.close());
    let a: Microk8sHost, b: Microk8sHost;

    function run(host: Microk8sHost, line: string, privileged = true): Promise<Reply> {
        const [program, ...args] = line.split(" ");
        return host.stage.run(PROGRAMS[program], args, { privileged });
    }
    const done = async (host: Microk8sHost, line: string) => {
        const { code, out, err } = await run(host, line);
        assert.equal(code, 0, `${line}: ${err}`);
        return out.trimEnd();
    };
    before(async () => {
        a = await emulator.startHost({ name: "a", address: "127.0.0.21" });
        b = await emulator.startHost({ name: "b", address: "127.0.0.22" });
        for (const host of [a, b]) await done(host, "snap install microk8s --classic --channel=1.34/stable");
    });

    const odd = [
        ...["snap info microk8s", "snap install hello", "microk8s stop", "microk8s status", "microk8s enable rbac"],
        ...["microk8s kubectl get pods", "microk8s kubectl drain a", "microk8s remove-node a --force"],
    ];
    for (const line of odd)
        it(`refuses ${line}`, async () => {
            const { code, err } = await run(a, line);
            assert.equal(code, 70, err);
            assert.match(err, /^unsupported by the sandbox: /);
        });

    it("lets a node join only with a valid token and the other node's fingerprint", async () => {
        const invitation = await done(a, `microk8s add-node --token ${TOKEN} --token-ttl 60 --format token-check`);
        const url = `${a.address}:25000/${invitation}`;
        assert.match((await run(b, `microk8s join ${url.slice(0, -2)}zz`)).err, /unsupported/);
        assert.match((await run(b, `microk8s join ${url.slice(0, -12)}000000000000`)).err, /verify the identity/);
        assert.match((await run(b, `microk8s join ${url.replace(TOKEN, `x${TOKEN}`)}`)).err, /invalid token/);
        a.microk8s!.expireTokens();
        assert.match((await run(b, `microk8s join ${url}`)).err, /invalid token/);
        await done(a, `microk8s add-node --token ${TOKEN} --token-ttl 60 --format token-check`);
        await done(b, `microk8s join ${url}`);
        assert.equal(await done(b, "microk8s kubectl get nodes -o name"), "node/a\nnode/b");
    });

    it("evicts the pods of a node only as budgets allow, and leaves those of DaemonSets", async () => {
        for (const kind of ["ReplicaSet", "DaemonSet"])
            api.put("pods", "llm", {
                metadata: { name: kind.toLowerCase(), ownerReferences: [{ kind, name: "x" }] },
                spec: { nodeName: "b" },
            });
        const drain = "microk8s kubectl drain b --ignore-daemonsets --delete-emptydir-data";
        api.blocked = () => true;
        assert.match((await run(a, `${drain} --timeout=1s`)).err, /llm\/replicaset: global timeout reached/);
        api.blocked = () => false;
        await done(a, `${drain} --timeout=5s`);
        const { items } = await api.call<{ items: { metadata: { name: string } }[] }>("GET", "/api/v1/pods");
        assert.deepEqual(
            items.map(({ metadata }) => metadata.name),
            ["daemonset"],
        );
    });
});
