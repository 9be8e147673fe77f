// Proves what the command finds at an address, what it prints, and its exit code. The address is an address of this
// machine. Only ports that a test opens count as open, because other programs may listen on all addresses.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import type { ServerOptions } from "node:https";
import { stringify } from "yaml";
import { CLOSED_PORTS, stateOf } from "../../../../ops/check/exposure-ports";
import { certificate, type Pair } from "../../../certificates";
import { bench, exits, type Said } from "../kit";

const ADDRESS = "127.83.19.7";
const ALPA_HOST = "127.83.19.8";
const NAME = "llm.example.com";

/** The gateway's answer to a request without a credential. */
const gateway: RequestListener = (request, answer) => {
    const open = request.method === "POST" && /^\/alpa\/(completions|logprobs)$/.test(request.url!);
    answer.writeHead(open ? 401 : 404).end();
};

describe("ops check exposure", () => {
    let servers: Server[] = [];
    /** `address:port` of each open port. */
    let open: string[] = [];
    let pair: Pair, authority: Pair;
    const listen = async (server: Server): Promise<number> => {
        servers.push(server);
        await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
        const { port } = server.address() as AddressInfo;
        open.push(`${ADDRESS}:${port}`);
        return port;
    };
    before(async () => {
        authority = await certificate([], { ca: true });
        pair = await certificate([NAME], { by: authority });
    });
    afterEach(async () => {
        await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
        servers = [];
        open = [];
    });

    const run = async (outputs: object, config: object = {}, ...args: string[]): Promise<Said & { ca: string }> => {
        const it = bench({
            outputs,
            text: stringify({ config: { "alpa-auth:option": "intra-a", ...config } }),
            stateOfPort: async (address, port) => (open.includes(`${address}:${port}`) ? "open" : "closed"),
        });
        const ca = join(it.folder, "ca.pem");
        writeFileSync(ca, authority.certificate);
        return { ...(await it.ops("check", "exposure", ...args.map((one) => (one === "CA" ? ca : one)))), ca };
    };
    const https = (options: ServerOptions = {}, listener = gateway, own = pair) =>
        createTlsServer({ cert: own.certificate, key: own.key, ...options }, listener);
    /** Starts the HTTPS server, and the HTTP server if given. @returns outputs of a stack with TLS at their address */
    const served = async (secure: Server, plain?: RequestListener) => {
        const port = await listen(secure);
        const location = `https://${NAME}:${port}/alpa/completions`;
        const http = await listen(createServer(plain ?? ((_, answer) => answer.writeHead(308, { location }).end())));
        return {
            url: `https://${NAME}:${port}/alpa`,
            dnsRecords: [{ name: NAME, type: "A", values: [ADDRESS], ttl: 300 }],
            loadBalancer: { rules: [{ frontendPort: port }, { frontendPort: http }] },
        };
    };
    const findings = ({ out }: Said) => {
        const { ports, entry } = JSON.parse(out) as { ports: any[]; entry: any[] };
        const wrong = [...ports, ...entry].filter(({ ok }) => !ok);
        return { ports, entry, wrong };
    };

    it("finds no problem with a single HTTP address", async () => {
        const port = await listen(createServer(gateway));
        const said = await exits(0, run({ url: `http://${ADDRESS}:${port}/alpa` }));
        assert.match(said.out, new RegExp(`│ ${ADDRESS} +│ ${port} +│ entry point +│ open +│ yes`));
        assert.match(said.out, /│ 9180 +│ APISIX, Admin API +│ closed +│ yes/);
        assert.match(said.note, /^exposure: all 26 checks passed, as seen from this machine\.$/m);
    });
    it("finds no problem with a valid certificate, and HTTP that redirects to it", async () => {
        const said = await run(await served(https()), {}, "--ca", "CA", "--json");
        assert.deepEqual(findings(said).wrong, []);
        assert.equal(said.code, 0, said.note);
        const checks = findings(said).entry.map(({ check }) => check);
        assert.ok(checks.includes("TLS 1.1 is rejected") && checks.includes(`the certificate is valid for ${NAME}`));
    });
    it("explains what an open port means, in the first rows, and exits with 3", async () => {
        const port = await listen(createServer(gateway));
        open.push(`${ADDRESS}:8265`);
        const said = await exits(3, run({ url: `http://${ADDRESS}:${port}/alpa` }));
        assert.match(
            said.out.split("\n")[3],
            /│ 8265 +│ Ray, dashboard and jobs +│ open +│ NO +│ anyone who can connect can run code/,
        );
        assert.match(said.out, /^│ address +│ port +│ program +│ state +│ right +│ problem +│$/m);
        assert.match(said.note, /\(1 of 26 checks failed\)\. /);
        assert.doesNotMatch(said.note, /certificate/);
    });
    it("says of a loopback address that only this machine reaches its ports, and of others to close them", async () => {
        const url = `http://${ADDRESS}:${await listen(createServer(gateway))}/alpa`;
        open.push(`${ADDRESS}:8265`);
        const local = (await exits(3, run({ url }))).note;
        assert.match(
            local,
            /Only this machine can connect to a loopback address \(127\.83\.19\.7\), so an open port there does not show/,
        );
        assert.doesNotMatch(local, /firewall/);
        open.push("192.0.2.1:8265");
        const both = (await exits(3, run({ url }, {}, "--closed", "192.0.2.1"))).note;
        assert.match(both, /Close the open ports in the firewall [^.]+\. Only this machine/);
        open.splice(1, 1);
        const other = (await exits(3, run({ url }, {}, "--closed", "192.0.2.1"))).note;
        assert.match(other, /Close the open ports in the firewall/);
        assert.doesNotMatch(other, /loopback/);
    });
    it("wraps a long text, so that a table is at most 120 columns wide", async () => {
        const port = await listen(createServer(gateway));
        open.push(`${ADDRESS}:25000`);
        const { out } = await exits(3, run({ url: `http://${ADDRESS}:${port}/alpa` }));
        assert.match(out, /anyone with a join token can[^]*the cluster/);
        assert.ok(out.split("\n").every((line) => line.length <= 120));
    });
    it("checks the given addresses instead of those of the stack", async () => {
        const port = await listen(createServer(gateway));
        const said = await exits(0, run({ url: `http://192.0.2.1:${port}/alpa` }, {}, "--address", ADDRESS, "--json"));
        assert.ok(findings(said).ports.every(({ address }) => address === ADDRESS));
    });
    it("expects every port of hosts behind Cloudflare to be closed, also the node port", async () => {
        const port = await listen(createServer(gateway));
        open.push(`${ADDRESS}:20001`);
        const outputs = { url: `http://${ADDRESS}:${port}/alpa` };
        const said = await run(outputs, { "alpa-auth:exposure": "tunnel" }, "--address", ADDRESS, "--json");
        assert.deepEqual(
            findings(said).wrong.map((row) => [row.port, row.meaning]),
            [[20001, "callers bypass the gateway, and need no key"]],
        );
        assert.equal(findings(said).ports.length, CLOSED_PORTS.length);
        const unnamed = await exits(2, run(outputs, { "alpa-auth:exposure": "tunnel" }));
        assert.match(unnamed.note, /--address: required, since callers come through Cloudflare/);
    });
    it("expects all ports of a host without callers to be closed, and checks no entry point there", async () => {
        const port = await listen(createServer(gateway));
        open.push(`${ALPA_HOST}:20001`);
        const said = await run({ url: `http://${ADDRESS}:${port}/alpa` }, {}, "--closed", ALPA_HOST, "--json");
        const { ports, entry, wrong } = findings(said);
        assert.deepEqual(
            wrong.map((row) => [row.address, row.port, row.expected]),
            [[ALPA_HOST, 20001, "closed"]],
        );
        assert.equal(ports.filter(({ address }) => address === ALPA_HOST).length, CLOSED_PORTS.length);
        assert.ok(entry.every(({ address }) => address === ADDRESS));
    });

    it("checks a host behind Cloudflare once, however often it is named", async () => {
        const port = await listen(createServer(gateway));
        const named = ["--address", ALPA_HOST, "--address", ALPA_HOST, "--closed", ALPA_HOST, "--json"];
        const said = await run({ url: `http://${ADDRESS}:${port}/alpa` }, { "alpa-auth:exposure": "tunnel" }, ...named);
        assert.equal(findings(said).ports.length, CLOSED_PORTS.length);
    });

    it("expects the ports of the stack's own endpoints to be closed too", async () => {
        const port = await listen(createServer(gateway));
        open.push(`${ALPA_HOST}:25815`);
        const config = { "alpa-auth:alpa": { endpoints: ["10.0.0.1:25815", "10.0.0.2:25815", "10.0.0.3:20001"] } };
        const { wrong } = findings(
            await run({ url: `http://${ADDRESS}:${port}/alpa` }, config, "--closed", ALPA_HOST, "--json"),
        );
        assert.deepEqual(
            wrong.map((row) => [row.address, row.port, row.what]),
            [[ALPA_HOST, 25815, "Alpa"]],
        );
    });

    const wrong: [what: string, outputs: () => Promise<object>, check: RegExp, got: RegExp, meaning: RegExp][] = [
        [
            "an answer without a credential",
            async () => served(https({}, (_, answer) => answer.writeHead(200).end())),
            /^POST \/alpa\/completions/,
            /^200$/,
            /callers reach Alpa without a key/,
        ],
        [
            "a certificate for another name",
            async () => served(https({}, gateway, await certificate(["other.example.com"], { by: authority }))),
            /^the certificate is valid/,
            /does not match/,
            /clients that verify certificates reject this one/,
        ],
        [
            "a certificate of an unknown authority",
            async () => served(https({}, gateway, await certificate([NAME]))),
            /^the certificate is valid/,
            /self[- ]signed/,
            /clients that verify certificates reject this one/,
        ],
        [
            "a certificate that was not renewed",
            async () => {
                const notAfter = new Date(Date.now() + 5 * 86_400_000);
                return served(https({}, gateway, await certificate([NAME], { by: authority, notAfter })));
            },
            /^the certificate is valid/,
            /^yes, for 4 days$/,
            /not renewed/,
        ],
        [
            "TLS 1.1",
            async () => served(https({ minVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" })),
            /^TLS 1\.1/,
            /^accepted$/,
            /weak/,
        ],
        [
            "HTTP that serves",
            async () => served(https(), gateway),
            /^HTTP on port \d+ redirects/,
            /^401$/,
            /keys and tokens are sent in plain text/,
        ],
        [
            "HTTP that redirects elsewhere",
            async () =>
                served(https(), (_, answer) => answer.writeHead(308, { location: "https://other.example.com/" }).end()),
            /^HTTP on port/,
            /^308 https:\/\/other/,
            /expected 308 to https:\/\/llm/,
        ],
    ];
    for (const [what, outputs, check, got, meaning] of wrong)
        it(`finds ${what}`, async () => {
            const said = await exits(3, run(await outputs(), {}, "--ca", "CA", "--json"));
            const found = findings(said).wrong.find((row) => check.test(row.check ?? ""));
            assert.ok(found, said.out);
            assert.match(found.got, got);
            assert.match(found.meaning, meaning);
            assert.match(said.note, /checks failed\)\. Correct the entry point or its certificate/);
        });

    it("ends in time where nothing answers", async () => {
        const silent = await listen(
            createTcpServer(() => undefined).on("connection", (one) =>
                servers.push({ close: (done: () => void) => (one.destroy(), done()) } as unknown as Server),
            ),
        );
        const start = Date.now();
        const said = await exits(3, run({ url: `http://${ADDRESS}:${silent}/alpa` }, {}, "--timeout", "1", "--json"));
        assert.ok(Date.now() - start < 20_000);
        assert.ok(findings(said).wrong.every(({ got }) => got === "no answer in time"));
    });
    it("knows the ports of Alpa, Ray, APISIX, etcd and Kubernetes", () => {
        const known = CLOSED_PORTS.map(({ port }) => port);
        for (const port of [20001, 8001, 6379, 8265, 10001, 9180, 2379, 16443])
            assert.ok(known.includes(port), `${port}`);
        assert.deepEqual(known, [...new Set(known)]);
    });
    it("reports a port as open where a program listens, and as closed where none does", async () => {
        const server = createTcpServer();
        const port = await listen(server);
        const end = Date.now() + 60_000;
        assert.equal(await stateOf(ADDRESS, port, end), "open");
        await new Promise((resolve) => servers.splice(servers.indexOf(server), 1)[0].close(resolve));
        assert.equal(await stateOf(ADDRESS, port, end), "closed");
    });
    it("checks no port after its timeout", async () =>
        assert.equal(await stateOf(ADDRESS, await listen(createTcpServer()), Date.now()), "not looked at"));
    it("never requests secrets from Pulumi", async () => {
        const port = await listen(createServer(gateway));
        const it = bench({ outputs: { url: `http://${ADDRESS}:${port}/alpa` } });
        await it.ops("check", "exposure");
        assert.ok(it.calls.every(({ args }) => !args.includes("--show-secrets")));
    });

    const usage: [what: string, outputs: object, args: string[], problem: RegExp][] = [
        ["a stack that is not up", {}, [], /has no outputs yet/],
        [
            "a name instead of an address",
            { url: "http://10.0.0.1" },
            ["--address", "lb.example.com"],
            /--address: must be an IPv4/,
        ],
        [
            "a name instead of the address of a closed host",
            { url: "http://10.0.0.1" },
            ["--closed", "dgx-1"],
            /--closed: must be an IPv4/,
        ],
        [
            "a closed host that is an address of the entry point",
            { url: "http://10.0.0.1" },
            ["--closed", "10.0.0.1"],
            /--closed: must be a host that serves no callers \(10\.0\.0\.1 is an address of the entry point/,
        ],
        [
            "a file that is not a certificate",
            { url: "http://10.0.0.1" },
            ["--ca", "/dev/null"],
            /--ca: must be a file with/,
        ],
    ];
    for (const [what, outputs, args, problem] of usage)
        it(`exits with 2 for ${what}`, async () => {
            const said = await exits(2, run(outputs, {}, ...args));
            assert.match(said.note, problem);
        });
});
