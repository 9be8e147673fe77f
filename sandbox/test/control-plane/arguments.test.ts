/** Proves the arguments of the control plane's programs; engine tests prove that they work. */
import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import * as args from "../../control-plane/arguments";
import { kubeconfig } from "../../control-plane/kubeconfig";
import { cpuNodes, dgxNodes, nodeObject, type NodeShape } from "../../control-plane/nodes";
import type { Pki } from "../../control-plane/pki";
import { ENDS_SLOWLY_ANNOTATION, kwokStages, STARTABLE_ANNOTATION } from "../../control-plane/stages";

const pair = (name: string) => ({ cert: `/pki/${name}.crt`, key: `/pki/${name}.key` });
const pki = {
    caCert: "CA",
    files: {
        ca: "/pki/ca.crt",
        serving: pair("serving"),
        etcdCa: "/pki/etcd-ca.crt",
        etcd: pair("etcd"),
        serviceAccounts: { publicKey: "/pki/sa.pub", privateKey: "/pki/sa.key" },
        egress: pair("egress"),
    },
    client: () => Promise.reject(new Error("not asked here")),
} satisfies Pki;
const ports: args.Ports = {
    etcdClient: 1,
    etcdPeer: 2,
    apiserver: 3,
    controllerManager: 4,
    scheduler: 5,
    kwok: 6,
    serviceProxy: 7,
    kubelet: 8,
};
const paths: args.Paths = {
    etcdData: "/etcd",
    kubeconfig: { controllerManager: "/kcm", scheduler: "/ks", kwok: "/kwok" },
    egress: "/egress",
    stages: "/stages",
};

describe("Programs of the control plane", () => {
    const all = {
        etcd: args.etcdArguments(pki, ports, paths),
        "kube-apiserver": args.apiserverArguments(pki, ports, paths),
        "kube-controller-manager": args.controllerManagerArguments(pki, ports, paths),
        "kube-scheduler": args.schedulerArguments(pki, ports, paths),
        kwok: args.kwokArguments(ports, paths),
    };

    for (const [name, list] of Object.entries(all)) {
        it(`${name} listens on loopback only`, () => {
            const listening = list.filter((arg) => /listen-(client|peer)-urls|bind-address|server-address/.test(arg));
            assert.ok(listening.length > 0, "must name its listen address");
            for (const arg of listening) assert.match(arg, /=(https:\/\/)?127\.0\.0\.1(:\d+)?$/);
        });
    }

    it("get secrets as files, never as arguments", () => {
        for (const arg of Object.values(all).flat()) assert.doesNotMatch(arg, /BEGIN|token=|password/i);
    });

    it("keep RBAC and NodeRestriction on, and the usual range of node ports", () => {
        const list = all["kube-apiserver"];
        for (const arg of ["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"])
            assert.ok(list.includes(arg), arg);
        assert.ok(list.includes("--service-node-port-range=30000-32767"));
        assert.ok(!list.some((arg) => /anonymous-auth|AlwaysAllow|disable-admission/.test(arg)));
    });

    it("require a client certificate for etcd, of an authority of its own", () => {
        assert.ok(all.etcd.includes("--client-cert-auth=true"));
        assert.ok(all.etcd.includes("--trusted-ca-file=/pki/etcd-ca.crt"));
        assert.ok(all["kube-apiserver"].includes("--client-ca-file=/pki/ca.crt"));
    });

    it("keep the controller that removes the initial taint of nodes", () => {
        const controllers = all["kube-controller-manager"].find((arg) => arg.startsWith("--controllers="))!;
        const named = controllers.replace("--controllers=", "").split(",");
        assert.equal(named[0], "*");
        assert.ok(!named.includes("-node-lifecycle-controller"));
    });

    it("send connections into the cluster, and no others, through the proxy", () => {
        const { egressSelections } = args.egressConfiguration(pki, ports) as { egressSelections: { name: string }[] };
        assert.deepEqual(
            egressSelections.map(({ name }) => name),
            ["cluster"],
        );
    });
});

describe("Kubeconfig of the sandbox", () => {
    it("has every requested context, all for the same cluster", () => {
        const text = kubeconfig({
            server: "https://127.0.0.1:3",
            caCert: "CA",
            user: "operator",
            credential: { token: "T" },
            contexts: ["intra", "inter"],
            namespace: "alpa",
        });
        const config = parse(text) as { contexts: unknown[]; "current-context": string; users: unknown[] };
        const context = { cluster: "sandbox", user: "operator", namespace: "alpa" };
        assert.deepEqual(config.contexts, [
            { name: "intra", context },
            { name: "inter", context },
        ]);
        assert.equal(config["current-context"], "intra");
        assert.deepEqual(config.users, [{ name: "operator", user: { token: "T" } }]);
    });
});

describe("Nodes of the sandbox", () => {
    it("are emulated by kwok, with eight GPUs each on DGX nodes", () => {
        const [node] = dgxNodes(2).map((shape) => nodeObject(shape, "v1.34.4")) as NodeLike[];
        assert.equal(node.metadata.name, "dgx-01");
        assert.equal(node.metadata.annotations["kwok.x-k8s.io/node"], "fake");
        assert.equal(node.status.capacity["nvidia.com/gpu"], "8");
        assert.equal(node.status.allocatable["nvidia.com/gpu"], "8");
    });

    it("have no GPUs on plain servers", () => {
        const nodes = cpuNodes(3).map((shape) => nodeObject(shape, "v1.34.4")) as NodeLike[];
        assert.equal(nodes.length, 3);
        for (const node of nodes) assert.ok(!("nvidia.com/gpu" in node.status.capacity));
    });

    it("have their own loopback addresses if the loss of a node is emulated", () => {
        const address = (shape: NodeShape) =>
            (nodeObject(shape, "v1.34.4") as NodeLike).status.addresses.find(({ type }) => type === "InternalIP")!
                .address;
        assert.deepEqual(cpuNodes(3).map(address), ["127.0.0.11", "127.0.0.12", "127.0.0.13"]);
        assert.deepEqual(dgxNodes(2).map(address), ["127.0.0.1", "127.0.0.1"]);
    });
});

describe("kwok", () => {
    const stages = parseAllDocuments(kwokStages()).map((document) => document.toJS() as Stage);

    it("writes to a node without delay, and only until the node is Ready: no heartbeat overwrites the state of a node that a test cut off", () => {
        // If no stage for nodes is configured, kwok adds its own, with heartbeats.
        const nodes = stages.filter(({ spec }) => spec.resourceRef.kind === "Node");
        assert.equal(nodes.length, 1);
        const [{ spec }] = nodes;
        assert.equal(spec.delay, undefined);
        const key = '.status.conditions.[] | select( .type == "Ready" ) | .status';
        assert.deepEqual(spec.selector.matchExpressions, [{ key, operator: "NotIn", values: ["True"] }]);
    });

    it("makes pods ready only after the kubelet's check has found everything that they need", () => {
        assert.deepEqual(
            stages.map((stage) => stage.metadata.name),
            ["node-ready", "pod-ready", "pod-complete", "pod-delete"],
        );
        const conditions = stages[1].spec.selector.matchExpressions;
        assert.ok(conditions.some(({ key, operator }) => key.includes(STARTABLE_ANNOTATION) && operator === "Exists"));
    });

    it("deletes pods unless they stop slowly", () => {
        const { matchExpressions } = stages.find(({ metadata }) => metadata.name === "pod-delete")!.spec.selector;
        const slow = matchExpressions.find(({ key }) => key.includes(ENDS_SLOWLY_ANNOTATION));
        assert.equal(slow?.operator, "DoesNotExist");
    });
});

interface NodeLike {
    metadata: { name: string; annotations: Record<string, string> };
    status: {
        addresses: { type: string; address: string }[];
        capacity: Record<string, string>;
        allocatable: Record<string, string>;
    };
}
interface Stage {
    metadata: { name: string };
    spec: {
        resourceRef: { kind: string };
        selector: { matchExpressions: { key: string; operator: string; values?: string[] }[] };
        delay?: object;
    };
}
