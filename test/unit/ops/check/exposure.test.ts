// Proves what the command finds at an address, what it prints, and its exit code. The address is an address of this
// machine. Only ports that a test opens count as open, because other programs may listen on all addresses.
import { strict as assert } from "node:assert";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { stringify } from "yaml";
import { CLOSED_PORTS, stateOf } from "../../../../ops/check/exposure-ports";
import { certificate } from "../../../certificates";
import { bench, exits, type Said } from "../kit";
import { EXPOSURE } from "../../kit/intra-a";

const ADDRESS = "127.83.19.7";
const ALPA_HOST = "127.83.19.8";
const NAME = "llm.example.com";
const TUNNEL = Object.fromEntries(Object.entries(EXPOSURE).map(([key, value]) => [`alpa-auth:${key}`, value]));

/** The gateway's answer to a request without a credential. */
const gateway: RequestListener = (request, answer) => {
    const open = request.method === "POST" && /^\/alpa\/(completions|logprobs)$/.test(request.url!);
    answer.writeHead(open ? 401 : 404).end();
};

const STACK = { "alpa-auth:option": "intra-a", "alpa-auth:alpa": { endpoints: ["10.20.96.188:20001"] } };

describe("ops check exposure", () => {
    let servers: Server[] = [];
    /** `address:port` of each open port. */
    let open: string[] = [];
    const listen = async (server: Server): Promise<number> => {
        servers.push(server);
        await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
        const { port } = server.address() as AddressInfo;
        open.push(`${ADDRESS}:${port}`);
        return port;
    };
    afterEach(async () => {
        await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
        servers = [];
        open = [];
    });

    const run = (outputs: object, config: object = {}, ...args: string[]): Promise<Said> =>
        bench({
            outputs,
            text: stringify({ config: { ...STACK, ...config } }),
            stateOfPort: async (address, port) => (open.includes(`${address}:${port}`) ? "open" : "closed"),
        }).ops("check", "exposure", ...args);
    /** Starts an HTTP server. @returns outputs of a stack at its address */
    const served = async (listener = gateway, host = ADDRESS) => ({
        url: `http://${host}:${await listen(createServer(listener))}/alpa`,
    });
    const findings = ({ out }: Said) => {
        const { ports, entry } = JSON.parse(out) as { ports: any[]; entry: any[] };
        return { ports, entry, wrong: [...ports, ...entry].filter(({ ok }) => !ok) };
    };

    it("finds no problem with a single HTTP address", async () => {
        const outputs = await served();
        const said = await exits(0, run(outputs));
        const { port } = new URL(outputs.url);
        assert.match(said.out, new RegExp(`│ ${ADDRESS} +│ ${port} +│ entry point +│ open +│ yes`));
        assert.match(said.out, /│ 9180 +│ APISIX, Admin API +│ closed +│ yes/);
        assert.match(said.note, /^exposure: all 23 checks passed, as seen from this machine\.$/m);
    });
    it("finds no problem with an HTTPS address of the stack's DNS records", async () => {
        const pair = await certificate([NAME]);
        const port = await listen(createTlsServer({ cert: pair.certificate, key: pair.key }, gateway));
        const dnsRecords = [{ name: NAME, type: "A", values: [ADDRESS], ttl: 300 }];
        await exits(0, run({ url: `https://${NAME}:${port}/alpa`, dnsRecords }));
    });
    it("explains what an open port means, in the first rows, and exits with 3", async () => {
        open.push(`${ADDRESS}:8265`);
        const said = await exits(3, run(await served()));
        assert.match(
            said.out.split("\n")[3],
            /│ 8265 +│ Ray, dashboard and jobs +│ open +│ NO +│ anyone who can connect can run code/,
        );
        assert.match(said.note, /\(1 of 23 checks failed\)\. Close open ports in the firewall/);
    });
    it("finds an answer without a credential", async () => {
        const said = await run(await served((_, answer) => answer.writeHead(200).end()), {}, "--json");
        assert.equal(said.code, 3);
        const [found] = findings(said).wrong;
        assert.deepEqual([found.check, found.got], ["POST /alpa/completions without a credential", "200"]);
        assert.match(found.meaning, /callers may reach the server without a key \(expected 401\)/);
    });
    it("expects every port of hosts behind Cloudflare to be closed", async () => {
        open.push(`${ADDRESS}:20001`);
        const outputs = await served();
        const said = await run(outputs, TUNNEL, "--address", ADDRESS, "--closed", ADDRESS, "--json");
        assert.deepEqual(
            findings(said).wrong.map((row) => [row.port, row.meaning]),
            [[20001, "callers bypass the gateway, and need no key"]],
        );
        assert.equal(findings(said).ports.length, CLOSED_PORTS.length);
        const unnamed = await exits(2, run(outputs, TUNNEL));
        assert.match(unnamed.note, /--address: required, since callers come through Cloudflare/);
    });
    it("expects all ports of a host without callers to be closed, and checks no entry point there", async () => {
        open.push(`${ALPA_HOST}:25815`);
        const config = { "alpa-auth:alpa": { endpoints: ["10.0.0.1:25815", "10.0.0.3:20001"] } };
        const { ports, entry, wrong } = findings(
            await run(await served(), config, "--closed", ALPA_HOST, "--closed", ADDRESS, "--json"),
        );
        assert.deepEqual(
            wrong.map((row) => [row.address, row.port, row.what, row.expected]),
            [[ALPA_HOST, 25815, "the server", "closed"]],
        );
        assert.equal(ports.filter(({ address }) => address === ALPA_HOST).length, CLOSED_PORTS.length + 1);
        assert.ok(entry.every(({ address }) => address === ADDRESS));
    });
    it("knows the ports of Alpa, Ray, APISIX, etcd and Kubernetes, each once", () => {
        const known = CLOSED_PORTS.map(({ port }) => port);
        for (const port of [20001, 8001, 6379, 8265, 10001, 9180, 2379, 16443])
            assert.ok(known.includes(port), `${port}`);
        assert.deepEqual(known, [...new Set(known)]);
    });
    it("reports a port as open where a program listens, as closed where none does, and none after its timeout", async () => {
        const server = createTcpServer();
        const port = await listen(server);
        const end = Date.now() + 60_000;
        assert.equal(await stateOf(ADDRESS, port, Date.now()), "not looked at");
        assert.equal(await stateOf(ADDRESS, port, end), "open");
        await new Promise((resolve) => servers.splice(servers.indexOf(server), 1)[0].close(resolve));
        assert.equal(await stateOf(ADDRESS, port, end), "closed");
    });
    it("never requests secrets from Pulumi", async () => {
        const it = bench({ outputs: await served() });
        await it.ops("check", "exposure");
        assert.ok(it.calls.length > 0 && it.calls.every(({ args }) => !args.includes("--show-secrets")));
    });

    const usage: [what: string, outputs: object, args: string[], problem: RegExp][] = [
        ["a stack that is not up", {}, [], /has no outputs yet/],
        ["a name instead of an address", { url: "http://10.0.0.1" }, ["--address", "lb"], /must be an IPv4.*got lb/],
        ["a name of a closed host", { url: "http://10.0.0.1" }, ["--closed", "dgx-1"], /must be an IPv4.*got dgx-1/],
    ];
    for (const [what, outputs, args, problem] of usage)
        it(`exits with 2 for ${what}`, async () => {
            const said = await exits(2, run(outputs, {}, ...args));
            assert.match(said.note, problem);
        });
});
