/**
 * Proves that Node's own X.509 accepts the certificates of the control plane. Proves that the proxy requires such a
 * certificate.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:https";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPki, type Pki } from "../../control-plane/pki";
import { startServiceProxy } from "../../control-plane/service-proxy";
import { freePort } from "../../processes";

describe("Certificates of the control plane", () => {
    let folder: string;
    let pki: Pki;
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-pki-"));
        pki = await openPki(folder);
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
        let echo: Server;
        let proxy: { close(): Promise<void> };
        before(async () => {
            echo = createServer((socket) => void socket.end("hello")).listen(0, "127.0.0.1");
            await new Promise((resolve) => echo.once("listening", resolve));
            const target = (echo.address() as AddressInfo).port;
            port = await freePort();
            const dialIn = (host: string, to: number) => (host === "10.152.183.9" && to === 443 ? target : undefined);
            proxy = await startServiceProxy({ port, pki, dialIn, log: () => undefined });
        });
        after(async () => {
            await proxy.close();
            await new Promise((resolve) => echo.close(resolve));
        });

        /** The answer to a CONNECT, and the bytes that arrive afterwards. */
        function connect(path: string, withCertificate = true): Promise<{ status?: number; text: string }> {
            const { egress, ca } = pki.files;
            const own = withCertificate ? { cert: readFileSync(egress.cert), key: readFileSync(egress.key) } : {};
            return new Promise((resolve, reject) => {
                request({
                    host: "127.0.0.1",
                    port,
                    method: "CONNECT",
                    path,
                    ca: readFileSync(ca),
                    ...own,
                    agent: false,
                })
                    .on("connect", (response, socket, head) => {
                        let text = head.toString();
                        socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
                        socket.on("close", () => resolve({ status: response.statusCode, text }));
                    })
                    .on("error", reject)
                    .end();
            });
        }

        it("reach the emulator at an address", async () => {
            assert.deepEqual(await connect("10.152.183.9:443"), { status: 200, text: "hello" });
        });

        it("are refused at once if no program emulates the address, so that the API server does not wait for webhooks", async () => {
            assert.equal((await connect("10.152.183.9:8443")).status, 503);
        });

        it("are refused to any client but kube-apiserver", async () => {
            await assert.rejects(connect("10.152.183.9:443", false));
        });
    });
});
