/** Proves the arguments of the control plane's programs; engine tests prove that they work. */
import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import * as args from "../../control-plane/arguments";
import type { Pki } from "../../control-plane/pki";
import { ENDS_SLOWLY_ANNOTATION, kwokStages } from "../../control-plane/stages";

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

    it("deletes pods unless they stop slowly", () => {
        const { matchExpressions } = stages.find(({ metadata }) => metadata.name === "pod-delete")!.spec.selector;
        const slow = matchExpressions.find(({ key }) => key.includes(ENDS_SLOWLY_ANNOTATION));
        assert.equal(slow?.operator, "DoesNotExist");
    });
});

interface Stage {
    metadata: { name: string };
    spec: {
        resourceRef: { kind: string };
        selector: { matchExpressions: { key: string; operator: string; values?: string[] }[] };
        delay?: object;
    };
}
