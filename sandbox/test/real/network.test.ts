// Proves that real programs reach the emulators of the cluster by its DNS names and pod addresses, and reach nothing
// else. Runs only where this user may listen on port 53, which the network needs.
import { strict as assert } from "node:assert";
import { Resolver } from "node:dns/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ClusterNetwork } from "../../real/network";

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

        it("resolves no name outside of the cluster", async () => {
            await assert.rejects(dns.resolve4("example.com"), { code: "ENOTFOUND" });
            await assert.rejects(dns.resolve4("other.llm.svc.cluster.local"), { code: "ENOTFOUND" });
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
