/** Proves the arguments of the control plane's programs; engine tests prove that they work. */
import assert from "node:assert/strict";
import * as args from "../../control-plane/arguments";
import type { Pki } from "../../control-plane/pki";

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

    it("require a client certificate for etcd, of an authority of its own", () => {
        assert.ok(all.etcd.includes("--client-cert-auth=true"));
        assert.ok(all.etcd.includes("--trusted-ca-file=/pki/etcd-ca.crt"));
        assert.ok(all["kube-apiserver"].includes("--client-ca-file=/pki/ca.crt"));
    });
});
