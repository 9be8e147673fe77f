// Proves which targets the proxy of real programs reaches, with curl as an independent client.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { startSocks, type SocksProxy } from "../../real/socks";

describe("proxy of real programs", () => {
    let origin: Server;
    let proxy: SocksProxy;
    before(async () => {
        origin = createServer((request, answer) => answer.end(`asked for ${request.headers.host}`));
        await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
        const { port } = origin.address() as AddressInfo;
        proxy = await startSocks((host, asked) => {
            if (host === "silent.example") throw new Error("connection refused");
            return ["api.example:80", "10.1.2.3:8080"].includes(`${host}:${asked}`) ? port : undefined;
        });
    });
    after(async () => {
        await proxy.close();
        await new Promise<void>((resolve) => {
            origin.close(() => resolve());
            origin.closeAllConnections();
        });
    });

    /** @returns what curl prints, or its exit code */
    const curl = (url: string, scheme = "socks5h") =>
        new Promise<string | number>((resolve) => {
            const args = ["-q", "-s", "--max-time", "10", "--proxy", proxy.url.replace("socks5", scheme), url];
            execFile("curl", args, (error, said) => resolve(error ? Number(error.code) : said));
        });
    /** curl's exit code for a rejection by the proxy. */
    const REFUSED = 97;

    it("connects a name and an address to their ports, and forwards the request unchanged", async () => {
        assert.equal(await curl("http://api.example/"), "asked for api.example");
        assert.equal(await curl("http://10.1.2.3:8080/", "socks5"), "asked for 10.1.2.3:8080");
    });

    for (const [what, url] of [
        ["an unknown name", "http://other.example/"],
        ["another port", "http://api.example:81/"],
        ["a name without a listener behind it", "http://silent.example/"],
        ["an IPv6 address", "http://[::1]/"],
    ])
        it(`rejects ${what}`, async () => assert.equal(await curl(url), REFUSED));
});
