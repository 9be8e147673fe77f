// Proves the behavior of the emulator's TLS port according to APISIX's sources.
import { strict as assert } from "node:assert";
import { request } from "node:https";
import { connect, type ConnectionOptions } from "node:tls";
import { certificate, privateKey, type Pair } from "../../../test/certificates";
import { startGateway, type Gateway } from "../../gateway/server";
import { ADMIN_KEY } from "./kit";

describe("gateway: TLS", () => {
    let gateway: Gateway;
    let authority: Pair, own: Pair;

    const admin = async (method: string, path: string, body?: object) => {
        const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/apisix/admin/${path}`, {
            method,
            headers: { "X-API-KEY": ADMIN_KEY },
            body: body && JSON.stringify(body),
        });
        return { status: response.status, text: await response.text() };
    };
    const put = async (path: string, body: object) => {
        const { status, text } = await admin("PUT", path, body);
        assert.ok(status < 300, text);
    };
    const ssl = (pair: Pair, ...snis: string[]) => ({ cert: pair.certificate, key: pair.key, snis });
    /** Serial number of the served certificate, or the error code. */
    const shown = (servername: string | undefined, options: ConnectionOptions = {}): Promise<string> =>
        new Promise((resolve) => {
            const socket = connect({
                port: gateway.tlsPort!,
                host: "127.0.0.1",
                servername: servername ?? "",
                ca: authority.certificate,
                checkServerIdentity: () => undefined,
                ...options,
            });
            socket.on("secureConnect", () => {
                resolve(String(socket.getPeerCertificate().subject.CN));
                socket.destroy();
            });
            socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        });
    const get = (port: number, headers: Record<string, string> = {}, method = "GET"): Promise<any> =>
        port === gateway.tlsPort
            ? new Promise((resolve, reject) => {
                  const sent = request(
                      {
                          ...{ port, host: "127.0.0.1", servername: "llm.example.com", method, path: "/a?b=c" },
                          ca: authority.certificate,
                          headers: { Host: "llm.example.com", ...headers },
                      },
                      (answer) => {
                          answer.resume();
                          resolve({ status: answer.statusCode, location: answer.headers.location });
                      },
                  );
                  sent.on("error", reject).end();
              })
            : fetch(`http://127.0.0.1:${port}/a?b=c`, { method, headers, redirect: "manual" }).then((answer) => ({
                  status: answer.status,
                  location: answer.headers.get("location"),
              }));

    before(async () => {
        authority = await certificate([], { ca: true });
        own = await certificate(["llm.example.com"], { by: authority });
        gateway = await startGateway({
            ...{ port: 0, adminPort: 0, adminKey: ADMIN_KEY, httpsPort: 8443 },
            tls: { port: 0, protocols: "TLSv1.2 TLSv1.3" },
        });
        await put("ssls/1", ssl(own, "llm.example.com"));
        await put("routes/1", {
            uri: "/*",
            plugins: {
                "serverless-post-function": { phase: "access", functions: ["return function() return 204 end"] },
                redirect: { http_to_https: true },
            },
        });
    });
    after(() => gateway.close());

    it("serves the certificate of the SNI name, and no certificate for other names or without SNI", async () => {
        const wide = await certificate(["*.wide.example.com"], { by: authority });
        await put("ssls/2", ssl(wide, "*.wide.example.com"));
        assert.equal(await shown("llm.example.com"), "llm.example.com");
        assert.equal(await shown("LLM.example.com"), "llm.example.com");
        assert.equal(await shown("a.wide.example.com"), "*.wide.example.com");
        for (const other of ["wide.example.com", "a.b.wide.example.com", "other.example.com", undefined])
            assert.match(await shown(other), /^(ECONNRESET|ERR_SSL_.*)$/, other);
    });
    it("serves a renewed certificate from the next handshake on", async () => {
        const first = await certificate(["renewed.example.com"], { by: authority });
        await put("ssls/3", ssl(first, "renewed.example.com"));
        assert.equal(await shown("renewed.example.com"), "renewed.example.com");
        await put("ssls/3", ssl(await certificate(["second"], { by: authority }), "renewed.example.com"));
        assert.equal(await shown("renewed.example.com"), "second");
        await admin("DELETE", "ssls/3");
        assert.notEqual(await shown("renewed.example.com"), "second");
    });
    it("accepts the configured TLS versions, and no older ones", async () => {
        const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
        assert.match(await shown("llm.example.com", old), /^(ECONNRESET|ERR_SSL_.*)$/);
        assert.equal(await shown("llm.example.com", { maxVersion: "TLSv1.2" }), "llm.example.com");
    });
    it("accepts a key that does not belong to the certificate, and then fails each handshake", async () => {
        await put("ssls/4", { ...ssl(own, "mixed.example.com"), key: privateKey() });
        assert.match(await shown("mixed.example.com"), /^(ECONNRESET|ERR_SSL_.*)$/);
        assert.equal(await shown("llm.example.com"), "llm.example.com");
    });
    it("serves the same routes by TLS as by HTTP, and redirects HTTP to the port that callers use", async () => {
        assert.equal((await get(gateway.tlsPort!)).status, 204);
        assert.deepEqual(await get(gateway.port), { status: 301, location: "https://127.0.0.1:8443/a?b=c" });
        assert.equal((await get(gateway.port, {}, "POST")).status, 308);
    });
    it("ignores a caller's claim that HTTP is HTTPS, or the other way round", async () => {
        assert.equal((await get(gateway.port, { "X-Forwarded-Proto": "https" })).status, 301);
        assert.equal((await get(gateway.tlsPort!, { "X-Forwarded-Proto": "http" })).status, 204);
    });
    it("contains no private key in any answer of the Admin API", async () => {
        for (const { text } of [
            await admin("GET", "ssls/1"),
            await admin("PUT", "ssls/1", ssl(own, "llm.example.com")),
        ])
            assert.ok(!text.includes("PRIVATE KEY"), text);
        for (const path of ["ssls", "ssls/1"]) assert.doesNotMatch((await admin("GET", path)).text, /"keys?":\[?"[^/]/);
        assert.equal(await shown("llm.example.com"), "llm.example.com");
    });

    const refused: [why: string, body: () => object, status: number, problem: RegExp][] = [
        ["text that is not a certificate", () => ({ ...ssl(own, "a.b"), cert: "x".repeat(200) }), 400, /parse cert/],
        ["text that is not a key", () => ({ ...ssl(own, "a.b"), key: `---${"x".repeat(200)}` }), 400, /parse key/],
        ["no name", () => ({ cert: own.certificate, key: own.key }), 400, /matches none of the required/],
        ["certificates of callers", () => ({ ...ssl(own, "a.b"), client: { ca: own.certificate } }), 501, /ssl client/],
        ["an unknown field", () => ({ ...ssl(own, "a.b"), hosts: ["a.b"] }), 400, /additional properties/],
    ];
    for (const [why, body, status, problem] of refused)
        it(`rejects ${why}`, async () => {
            const answer = await admin("PUT", "ssls/9", body());
            assert.equal(answer.status, status);
            assert.match(answer.text, problem);
        });
});
