/**
 * Proves that Node's own X.509 accepts the certificates of the control plane. Proves that the proxy requires such a
 * certificate.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePki, type Pki } from "../../control-plane/pki";
import { startServiceProxy } from "../../control-plane/service-proxy";
import { freePort } from "../../processes";
import { listen, type Listening } from "../../processes/listen";

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
