/**
 * Proves that tunnels are created, configured and validated as the documentation of the API shows.
 */
import assert from "node:assert/strict";
import type { Tunnel } from "../../../cloudflare/account";
import { uuid } from "../../../cloudflare/ids";
import { TestApi } from "../kit";

const TUNNELS = "accounts/{account}/cfd_tunnel";

describe("A tunnel at the Cloudflare emulator", () => {
    let api: TestApi;
    let tunnel: Tunnel;
    let path: string;
    beforeEach(async () => {
        api = await TestApi.start();
        const { result } = await api.post(TUNNELS, { name: "t1", config_src: "cloudflare" });
        path = `${TUNNELS}/${result.id}`;
        tunnel = api.account.tunnels.get(result.id) as Tunnel;
    });
    afterEach(() => api.close());

    /** Connections of one connector. */
    const connections = (client_id: string, count: number) =>
        Array.from({ length: count }, () => ({
            ...{ id: uuid(), client_id, client_version: "2026.8.2", colo_name: "ams01", origin_ip: "192.0.2.7" },
            ...{ opened_at: api.account.stamp(), is_pending_reconnect: false },
        }));
    const status = async () => (await api.get(path)).result.status;

    it("returns everything but the secret", async () => {
        const { result, text } = await api.get(path);
        assert.deepEqual(
            [result.name, result.config_src, result.remote_config, result.status, result.deleted_at, result.tun_type],
            ["t1", "cloudflare", true, "inactive", null, "cfd_tunnel"],
        );
        assert.deepEqual([result.connections, result.account_tag], [[], api.account.id]);
        assert.ok(!text.includes(tunnel.secret));
    });

    it("has a token of account, tunnel and secret, which changes only with the secret", async () => {
        const token = async () => (await api.get(`${path}/token`)).result;
        const first = await token();
        const content = { a: api.account.id, t: tunnel.id, s: tunnel.secret };
        assert.deepEqual(JSON.parse(Buffer.from(first, "base64").toString()), content);
        assert.equal(api.account.tunnelOfToken(first), tunnel);
        await api.patch(path, { name: "t2", tunnel_secret: null });
        assert.equal(await token(), first);
        await api.patch(path, { tunnel_secret: Buffer.alloc(32, 7).toString("base64") });
        assert.notEqual(await token(), first);
        assert.equal(api.account.tunnelOfToken(first), undefined);
    });

    it("rejects a secret that is short or not base64", async () => {
        for (const tunnel_secret of ["c2hvcnQ=", "not base64 ".repeat(5)])
            assert.equal((await api.patch(path, { tunnel_secret })).status, 400);
    });

    it("rejects the name of an existing tunnel with 409 at each attempt, and accepts the name after the deletion", async () => {
        const again = await api.post(TUNNELS, { name: "t1" });
        assert.deepEqual([again.status, again.code, again.headers.get("x-should-retry")], [409, 1013, "false"]);
        const other = await api.post(TUNNELS, { name: "t2" });
        assert.equal((await api.patch(`${TUNNELS}/${other.result.id}`, { name: "t1" })).status, 409);
        await api.delete(path);
        assert.equal((await api.post(TUNNELS, { name: "t1" })).status, 200);
    });

    it("cannot be deleted while connectors are connected", async () => {
        api.account.setConnections(tunnel, connections("c1", 4));
        const got = await api.delete(path);
        assert.deepEqual([got.status, got.code], [400, 1022]);
    });

    it("can be read after its deletion, but not changed", async () => {
        await api.delete(path);
        assert.equal((await api.get(path)).result.deleted_at, api.account.stamp());
        assert.equal((await api.get(`${path}/token`)).status, 404);
        assert.equal((await api.patch(path, { name: "x" })).status, 404);
        assert.equal((await api.delete(path)).status, 404);
        assert.equal((await api.get(`${TUNNELS}?is_deleted=false`)).result.length, 0);
        assert.equal((await api.get(`${TUNNELS}?is_deleted=true&name=t1`)).result.length, 1);
    });

    it("is healthy with four connections per connector, degraded with fewer, and down after the last", async () => {
        api.account.setConnections(tunnel, connections("c1", 4));
        assert.equal(await status(), "healthy");
        api.account.setConnections(tunnel, [...connections("c1", 4), ...connections("c2", 2)]);
        assert.equal(await status(), "degraded");
        api.account.setConnections(tunnel, []);
        assert.equal(await status(), "down");
        const { conns_active_at, conns_inactive_at } = (await api.get(path)).result;
        assert.deepEqual([conns_active_at, conns_inactive_at], [api.account.stamp(), api.account.stamp()]);
    });

    it("disconnects one or all connectors, and lists the connected connectors", async () => {
        const dropped: (string | undefined)[] = [];
        api.account.on("changed", ({ kind, client_id }) => kind === "connections" && dropped.push(client_id));
        api.account.setConnections(tunnel, [...connections("c1", 4), ...connections("c2", 4)]);
        const clients = await api.get(`${path}/connections`);
        assert.deepEqual(
            clients.result.map((client: any) => [client.id, client.conns.length]),
            [
                ["c1", 4],
                ["c2", 4],
            ],
        );
        await api.delete(`${path}/connections?client_id=c1`);
        assert.equal(tunnel.connections.length, 4);
        await api.delete(`${path}/connections`);
        assert.deepEqual([tunnel.connections.length, dropped], [0, ["c1", undefined]]);
    });

    const last = { service: "http_status:404" };
    const put = (ingress: object[], more: object = {}) =>
        api.put(`${path}/configurations`, { config: { ingress, ...more } });

    it("stores a configuration exactly as sent, and counts its versions", async () => {
        const access = { required: true, teamName: "team", audTag: ["a".repeat(64)] };
        const rule = { hostname: "api.example.test", service: "http://127.0.0.1:8000", originRequest: { access } };
        assert.equal((await put([rule, last])).result.version, 1);
        const { result } = await put([rule, last], { originRequest: null });
        assert.equal(result.version, 2);
        assert.deepEqual(result.config, { ingress: [rule, last], originRequest: null });
        assert.deepEqual((await api.get(`${path}/configurations`)).result, result);
    });

    it("has no configuration at first", async () => {
        const { result } = await api.get(`${path}/configurations`);
        assert.deepEqual([result.version, result.config], [0, null]);
    });

    const host = { hostname: "a.test", service: "http://a:80" };
    const refused: [why: string, ingress: object[]][] = [
        ["no rule", []],
        ["a last rule with a hostname", [host]],
        ["a last rule with a path", [host, { path: "/x", service: "http://a:80" }]],
        ["a catch-all before the last", [last, host, last]],
        ["a service that is not a URL", [{ hostname: "a.test", service: "a:80" }, last]],
        ["a service with a path", [{ ...host, service: "http://a:80/x" }, last]],
        ["a wildcard in the middle", [{ ...host, hostname: "a.*.test" }, last]],
        ["a path that is not a regular expression", [{ ...host, path: "(" }, last]],
        ["a path with syntax that RE2 lacks", [{ ...host, path: "^/(?!admin)" }, last]],
    ];
    for (const [why, ingress] of refused) {
        it(`rejects a configuration with ${why}`, async () => {
            const got = await put(ingress);
            assert.deepEqual([got.status, got.code], [400, 1056]);
            assert.equal(tunnel.configuration, undefined);
        });
    }

    it("rejects settings of a configuration that it does not emulate", async () => {
        assert.equal((await put([{ ...host, originRequest: { bastionMode: true } }, last])).status, 501);
        assert.equal((await put([{ ...host, path: "(?i)^/v1" }, last])).status, 501);
        assert.equal((await put([last], { "warp-routing": { enabled: true } })).status, 501);
    });
});
