// Proves the emulator of kubectl on an API in memory: its requests, its output and what it rejects.
import assert from "node:assert/strict";
import { kubectl } from "../../../hosts/microk8s/kubectl/kubectl";
import { MemoryCluster } from "../../../hosts/microk8s/memory-cluster";

describe("emulator of kubectl", () => {
    let api: MemoryCluster;
    const run = (...args: string[]) =>
        kubectl(api, { args, privileged: true, signal: new AbortController().signal }, (seconds) => seconds * 10);
    const words = (line: string) => run(...line.split(" "));
    const out = async (line: string) => {
        const reply = await words(line);
        assert.equal(reply.code, 0, reply.err);
        return reply.out.trimEnd();
    };
    const err = async (line: string) => {
        const reply = await words(line);
        assert.notEqual(reply.code, 0, reply.out);
        return reply.err.trimEnd();
    };
    const taintsOf = async (name: string): Promise<{ key: string }[]> =>
        JSON.parse(await out(`get node ${name} -o json`)).spec.taints;
    const pod = (name: string, more: object = {}, owner = "ReplicaSet") =>
        api.put("pods", "llm", {
            metadata: { name, ownerReferences: owner ? [{ kind: owner, name: "x", controller: true }] : [] },
            spec: { nodeName: "a", ...more },
        });
    beforeEach(() => {
        api = new MemoryCluster();
        for (const name of ["a", "b"]) api.put("nodes", "", { metadata: { name, labels: { zone: name } } });
    });

    it("gets nodes by name and by label", async () => {
        assert.equal(await out("get nodes -o name"), "node/a\nnode/b");
        assert.equal(await out("get no -l zone=b -o name"), "node/b");
        assert.match(await out("get node a"), /^NAME +STATUS +ROLES +AGE +VERSION\na +Ready +<none> /);
        api.put("nodes", "", { metadata: { name: "a", managedFields: [{}] } });
        assert.doesNotMatch(await out("get node a -o json"), /managedFields/);
        assert.equal(await err("get node c"), 'Error from server (NotFound): nodes "c" not found');
        assert.equal(await out("get node c --ignore-not-found"), "");
    });

    it("labels nodes, and changes a label only with --overwrite", async () => {
        assert.equal(await out("label node a role=gateway"), "node/a labeled");
        assert.equal(await out("label node a role=gateway"), "node/a not labeled");
        assert.match(
            await err("label node a role=other"),
            /'role' already has a value \(gateway\), and --overwrite is false/,
        );
        assert.equal(await out("label --overwrite node a role=other"), "node/a labeled");
        assert.equal(await out("label node/a role-"), "node/a unlabeled");
        assert.equal(await out("get nodes -l role -o name"), "");
    });

    it("taints nodes, and reports when there is nothing to remove", async () => {
        assert.equal(await out("taint nodes a only=gateway:NoSchedule"), "node/a tainted");
        assert.match(await err("taint nodes a only=x:NoSchedule"), /already has only taint\(s\)/);
        assert.equal(await out("taint nodes a only=x:NoSchedule --overwrite"), "node/a tainted");
        assert.deepEqual(await taintsOf("a"), [{ key: "only", value: "x", effect: "NoSchedule" }]);
        assert.equal(await out("taint nodes a only:NoSchedule-"), "node/a untainted");
        assert.equal(await err("taint nodes a only:NoSchedule-"), 'error: taint "only:NoSchedule" not found');
    });

    it("does not overwrite taints that a controller has changed meanwhile", async () => {
        const { request } = api;
        let changed = false;
        api.request = async (method: string, path: string, body?: object) => {
            if (method === "PATCH" && !changed) {
                changed = true;
                await request.call(api, "PATCH", path, { spec: { taints: [{ key: "late", effect: "NoSchedule" }] } });
            }
            return request.call(api, method, path, body);
        };
        assert.equal(await out("taint nodes a only=gateway:NoSchedule"), "node/a tainted");
        assert.deepEqual(
            (await taintsOf("a")).map(({ key }) => key),
            ["late", "only"],
        );
    });

    it("drains a node of evictable pods, and cordons it", async () => {
        pod("web");
        pod("daemon", {}, "DaemonSet");
        assert.match(await err("drain a"), /cannot delete DaemonSet-managed Pods.*llm\/daemon/);
        assert.match(
            await out("drain a --ignore-daemonsets"),
            /^node\/a already cordoned\nevicting pod llm\/web\npod\/web evicted\nnode\/a drained$/,
        );
        assert.equal(await out("get pods -A -o name"), "pod/daemon");
        assert.match(await out("get nodes"), /^a +Ready,SchedulingDisabled/m);
        assert.equal(await out("uncordon a"), "node/a uncordoned");
    });

    it("does not drain pods that would lose data, without the flag for it", async () => {
        pod("scratch", { volumes: [{ emptyDir: {} }] });
        pod("alone", {}, "");
        assert.match(await err("drain a"), /local storage.*llm\/scratch.*no controller.*llm\/alone/);
        assert.match(await out("drain a --force --delete-emptydir-data"), /drained$/);
    });

    it("retries an eviction that a budget forbids, until its timeout", async () => {
        pod("web");
        api.blocked = () => true;
        assert.match(
            await err("drain a --timeout=200ms"),
            /error when evicting pods\/"web" -n "llm": global timeout reached/,
        );
        const free = setTimeout(() => (api.blocked = () => false), 100);
        assert.match(await out("drain a --timeout=25s"), /drained$/);
        clearTimeout(free);
    });

    it("waits for conditions, deletions and rollouts, each until its timeout", async () => {
        assert.equal(
            await out("wait --for=condition=Ready node/a node/b --timeout=1s"),
            "node/a condition met\nnode/b condition met",
        );
        assert.equal(
            await err("wait --for=condition=Gone node/a --timeout=100ms"),
            "error: timed out waiting for the condition on nodes/a",
        );
        assert.match(await err("wait --for=condition=Ready node/c --timeout=1s"), /"c" not found/);
        assert.equal(await out("delete node b"), 'node "b" deleted');
        assert.equal(await out("wait --for=delete node/b --timeout=1s"), "node/b condition met");
        assert.equal(await out("delete node b --ignore-not-found"), "");
        api.put("deployments", "kube-system", { metadata: { name: "coredns" }, spec: { replicas: 1 } });
        assert.equal(
            await out("-n kube-system rollout status deploy/coredns"),
            'deployment "coredns" successfully rolled out',
        );
        api.put("deployments", "kube-system", { metadata: { name: "late", generation: 2 } });
        const late = await words("rollout status deployment/late -n kube-system --timeout=100ms");
        assert.deepEqual([late.code, late.err], [1, "error: timed out waiting for the condition\n"]);
    });

    const refused = [
        "apply -f x.yaml",
        "get secrets",
        "get nodes -o custom-columns=A:.a",
        "get nodes -w",
        "delete pod x",
        "wait --for=jsonpath={.a}=b node/a",
        "get nodes -o jsonpath={.items}",
    ];
    for (const line of refused)
        it(`refuses ${line}`, async () => assert.match(await err(line), /^unsupported by the sandbox: kubectl/));
});
