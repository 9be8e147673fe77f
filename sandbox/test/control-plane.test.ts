// Proves that programs of the control plane listen on loopback only and require certificates. Engine tests prove that they work.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as args from "../control-plane/arguments";
import { makePki, type Pki } from "../control-plane/pki";
import { startServiceProxy } from "../control-plane/service-proxy";
import { freePort } from "../processes";
import { listen, type Listening } from "../processes/listen";

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

describe("Certificates of the control plane", () => {
    let folder: string;
    let pki: Pki;
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-pki-"));
        pki = await makePki(folder);
    });
    after(() => rmSync(folder, { recursive: true }));
    const certificate = (path: string) => new X509Certificate(readFileSync(path));

    it("are files that only this user can read", () => {
        assert.equal(statSync(folder).mode & 0o077, 0);
        for (const file of readdirSync(folder)) assert.equal(statSync(join(folder, file)).mode & 0o077, 0, file);
    });

    it("of clients contain user and groups, and are rejected by etcd", async () => {
        const client = new X509Certificate((await pki.client({ user: "ada", groups: ["team-a", "team-b"] })).cert);
        assert.equal(client.subject, "CN=ada\nO=team-a\nO=team-b");
        assert.ok(client.verify(new X509Certificate(pki.caCert).publicKey));
        assert.ok(!client.verify(certificate(pki.files.etcdCa).publicKey));
    });

    describe("and the proxy for connections into the cluster", () => {
        let port: number;
        let kubelet: Listening;
        let proxy: { close(): Promise<void> };
        before(async () => {
            kubelet = await listen(createServer((socket) => void socket.end("hello")));
            port = await freePort();
            proxy = await startServiceProxy({ port, pki, kubelet: kubelet.port, log: () => undefined });
        });
        after(async () => {
            await proxy.close();
            await kubelet.close();
        });

        /** Status of the answer to a CONNECT. */
        function connect(path: string, withCertificate = true): Promise<number | undefined> {
            const { egress, ca } = pki.files;
            const own = withCertificate ? { cert: readFileSync(egress.cert), key: readFileSync(egress.key) } : {};
            const to = { host: "127.0.0.1", port, method: "CONNECT", path, ca: readFileSync(ca), agent: false };
            return new Promise((resolve, reject) => {
                request({ ...to, ...own })
                    .on("connect", (response, socket) => {
                        socket.destroy();
                        resolve(response.statusCode);
                    })
                    .on("error", reject)
                    .end();
            });
        }

        it("reach the kubelet, and are otherwise refused at once, so that the API server does not wait", async () => {
            assert.equal(await connect(`127.0.0.11:${kubelet.port}`), 200);
            assert.equal(await connect("10.152.183.9:8443"), 503);
        });

        it("are refused to any client but kube-apiserver", async () => {
            await assert.rejects(connect(`127.0.0.11:${kubelet.port}`, false));
        });
    });
});
