// Proves the behavior of the emulator's TLS port according to APISIX's sources.
import { strict as assert } from "node:assert";
import { request } from "node:https";
import { connect, type ConnectionOptions } from "node:tls";
import { certificate, type Pair } from "../../../test/certificates";
import { Kit } from "./kit";

describe("gateway: TLS", () => {
    let kit: Kit;
    let authority: Pair, own: Pair;
    const NAME = "llm.example.com";

    const ssl = (pair: Pair, ...snis: string[]) => ({ cert: pair.certificate, key: pair.key, snis });
    /** Name of the served certificate, or the error code. */
    const shown = (servername: string, options: ConnectionOptions = {}): Promise<string> =>
        new Promise((resolve) => {
            const to = { port: kit.gateway.tlsPort!, host: "127.0.0.1", servername, ca: authority.certificate };
            const socket = connect({ ...to, checkServerIdentity: () => undefined, ...options });
            socket.on("secureConnect", () => {
                resolve(String(socket.getPeerCertificate().subject.CN));
                socket.destroy();
            });
            socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        });

    before(async () => {
        authority = await certificate([], { ca: true });
        own = await certificate([NAME], { by: authority });
        kit = await Kit.start({ httpsPort: 8443, tls: { port: 0, protocols: "TLSv1.2 TLSv1.3" } });
        await kit.put("/ssls/1", ssl(own, NAME));
        const redirect = { http_to_https: true, _meta: { priority: 23000, filter: [["http_cf_ray", "!", "~~", "."]] } };
        await kit.put("/routes/1", {
            uri: "/*",
            plugins: { "fault-injection": { abort: { http_status: 204 } }, redirect },
        });
    });
    after(() => kit.stop());

    it("serves the certificate of the SNI name, and no certificate for other names or without SNI", async () => {
        await kit.put(
            "/ssls/2",
            ssl(await certificate(["*.wide.example.com"], { by: authority }), "*.wide.example.com"),
        );
        assert.equal(await shown("LLM.example.com"), NAME);
        assert.equal(await shown("a.wide.example.com"), "*.wide.example.com");
        for (const other of ["wide.example.com", "a.b.wide.example.com", "other.example.com", ""])
            assert.match(await shown(other), /^(ECONNRESET|ERR_SSL_.*)$/, other);
    });
    it("serves a renewed certificate from the next handshake on", async () => {
        for (const common of ["first", "second"]) {
            await kit.put("/ssls/3", ssl(await certificate([common], { by: authority }), "renewed.example.com"));
            assert.equal(await shown("renewed.example.com"), common);
        }
        await kit.admin("DELETE", "/ssls/3");
        assert.notEqual(await shown("renewed.example.com"), "second");
    });
    it("accepts the configured TLS versions, and no older ones", async () => {
        const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
        assert.match(await shown(NAME, old), /^(ECONNRESET|ERR_SSL_.*)$/);
        assert.equal(await shown(NAME, { maxVersion: "TLSv1.2" }), NAME);
    });
    it("redirects HTTP to the port that callers use, whatever the caller claims, but not requests of a tunnel", async () => {
        const asked = async (method: string, headers: Record<string, string> = {}) => {
            const url = `http://127.0.0.1:${kit.gateway.port}/a?b=c`;
            const answer = await fetch(url, { method, headers, redirect: "manual" });
            return [answer.status, answer.headers.get("location")];
        };
        assert.deepEqual(await asked("GET", { "X-Forwarded-Proto": "https" }), [301, "https://127.0.0.1:8443/a?b=c"]);
        assert.deepEqual(await asked("POST"), [308, "https://127.0.0.1:8443/a?b=c"]);
        assert.deepEqual(await asked("POST", { "CF-Ray": "1" }), [204, null]);
        const to = { port: kit.gateway.tlsPort!, host: "127.0.0.1", servername: NAME, ca: authority.certificate };
        const sent = request({ ...to, headers: { Host: NAME, "X-Forwarded-Proto": "http" } });
        const status = await new Promise((resolve) => sent.on("response", (one) => resolve(one.statusCode)).end());
        assert.equal(status, 204);
    });
    it("contains no private key in any answer of the Admin API", async () => {
        for (const answer of [
            await kit.admin("GET", "/ssls/1"),
            await kit.admin("PUT", "/ssls/1", ssl(own, NAME)),
            await kit.admin("GET", "/ssls"),
        ])
            assert.ok(answer.status === 200 && !JSON.stringify(answer).includes("PRIVATE KEY"));
        assert.equal((await kit.admin("PUT", "/ssls/9", { ...ssl(own, "a.b"), cert: "x" })).status, 400);
    });
});
