/** Proves that no requests fail when connectors start and stop, as with cloudflared, and that the account shows connectors. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Connector } from "../../../cloudflare/connector/connector";
import { parseToken } from "../../../cloudflare/connector/arguments";
import { HOST, World } from "./kit";

describe("Cloudflare edge: connectors", () => {
    let world: World;
    beforeEach(async () => {
        world = await World.start();
    });
    afterEach(() => world.close());

    it("applies a new configuration without a restart", async () => {
        await world.connect();
        await world.connect();
        assert.equal((await world.send()).status, 200);
        world.configure({ ingress: [{ service: "http_status:418" }] });
        await world.until(() => world.connectors.every((c) => c.stats.configVersion === 2));
        for (let i = 0; i < 8; i++) assert.equal((await world.send()).status, 418);
    });

    const refused: [what: string, change: (token: any) => void, error: RegExp][] = [
        ["a wrong secret", (t) => (t.s = "d3Jvbmc="), /Unauthorized: Invalid tunnel secret/],
        ["an unknown tunnel", (t) => (t.t = "00000000-0000-4000-8000-000000000000"), /Unauthorized: Tunnel not found/],
        ["another account", (t) => (t.a = "0".repeat(32)), /Unauthorized: Tunnel not found/],
    ];
    for (const [what, change, error] of refused)
        it(`rejects ${what} with the real log message, and the connector retries`, async () => {
            const fields = { a: world.account.id, t: world.tunnel.id, s: world.tunnel.secret };
            change(fields);
            const lines: string[] = [];
            const connector = new Connector({
                token: parseToken(Buffer.from(JSON.stringify(fields)).toString("base64")),
                edges: [`127.0.0.1:${world.edge.connectorPort}`],
                ca: world.edge.certificate.cert,
                backoff: 1,
                log: (level, message) => void lines.push(`${level} ${message}`),
            });
            world.connectors.push(connector);
            connector.start();
            await world.until(() => lines.filter((line) => line.startsWith("ERR")).length >= 2);
            assert.match(lines[1], /^ERR Register tunnel error from server side /);
            assert.match(lines[1], error);
            assert.equal(connector.stats.ready().status, 503);
            assert.ok(!lines.join().includes(world.tunnel.secret));
        });

    it("keeps the connection for others when a caller disconnects during an upload", async () => {
        await world.connect();
        const { request } = await import("node:http");
        const options = {
            host: "127.0.0.1",
            port: world.edge.port,
            method: "POST",
            headers: { Host: HOST, "Content-Length": "10" },
        };
        const caller = request(options);
        caller.on("error", () => undefined);
        caller.write("half");
        await once(caller, "socket");
        await world.until(() => world.connectors[0].stats.concurrentRequests === 1);
        caller.destroy();
        await world.until(() => world.connectors[0].stats.concurrentRequests === 0);
        assert.equal(world.tunnel.connections.length, 4);
        assert.equal((await world.send()).status, 200);
    });
});
