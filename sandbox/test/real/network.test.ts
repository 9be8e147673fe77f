// Proves that real programs reach the emulators of the cluster by its DNS names and pod addresses, and reach nothing else.
// The network needs port 53, so its tests run only where this user may listen there.
import { strict as assert } from "node:assert";
import { Resolver } from "node:dns/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { execFile } from "node:child_process";
import { ClusterNetwork } from "../../real/network";
import { type SocksProxy, startSocks } from "../../real/socks";

const NAME = "counters.llm.svc.cluster.local";

function get(url: string, proxy?: string): Promise<string> {
    const at = proxy ? { ...target(proxy), path: url } : target(url);
    return new Promise((resolve, reject) => {
        const sent = request({ ...at, agent: false }, (response) => {
            let text = "";
            response.on("data", (chunk: Buffer) => (text += chunk.toString()));
            response.on("end", () => resolve(`${response.statusCode} ${text}`));
        });
        sent.on("error", reject);
        sent.end();
    });
}

function target(url: string): { host: string; port: string; path: string } {
    const { hostname, port, pathname, search } = new URL(url);
    return { host: hostname, port, path: `${pathname}${search}` };
}

if (process.platform === "linux" && process.getuid?.() === 0)
    describe("network of real programs", () => {
        let server: Server;
        let network: ClusterNetwork;
        let dns: Resolver;

        beforeEach(async () => {
            server = createServer((incoming, outgoing) => outgoing.end(`${incoming.method} ${incoming.url}`));
            await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
            const { port } = server.address() as AddressInfo;
            network = await ClusterNetwork.start({
                portsOf: (host) => (host === NAME ? [6379] : undefined),
                resolve: (host, asked) => (host === NAME && asked === 6379 ? port : undefined),
                podPort: (address, asked) => (address === "10.1.2.3" && asked === 9180 ? port : undefined),
                log: () => undefined,
            });
            dns = new Resolver({ timeout: 20_000, tries: 1 });
            dns.setServers([network.dnsAddress]);
        });
        afterEach(async () => {
            await network.close();
            await new Promise((resolve) => server.close(resolve));
        });

        it("answers on the port of a Service, at the address of its name", async () => {
            const [address] = await dns.resolve4(NAME);
            assert.match(address, /^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.10$/);
            assert.equal(await get(`http://${address}:6379/a`), "200 GET /a");
            assert.deepEqual(await dns.resolve4(NAME), [address]);
        });

        it("forwards requests to a pod's address, and to a Service's name", async () => {
            assert.equal(await get(`http://${NAME}:6379/b`, network.proxyUrl), "200 GET /b");
            assert.equal(await get("http://10.1.2.3:9180/apisix?x=1", network.proxyUrl), "200 GET /apisix?x=1");
        });

        it("forwards no request to a pod that does not exist, or to any other address", async () => {
            for (const url of ["http://10.1.2.4:9180/", "http://10.1.2.3:9080/", "http://127.0.0.1:1/"])
                await assert.rejects(get(url, network.proxyUrl), /socket hang up|ECONNRESET/);
        });
    });

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
