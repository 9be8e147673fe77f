/**
 * Proves that the Admin API accepts what APISIX accepts, and that it rejects everything else with APISIX's messages. If
 * the emulator does not implement something, the error must name it.
 */
import assert from "node:assert/strict";
import { ADMIN_KEY, Kit, VIEWER_KEY } from "./kit";

describe("gateway Admin API", () => {
    let kit: Kit;
    before(async () => {
        kit = await Kit.start();
    });
    after(() => kit.stop());

    const route = (extra: object) => ({ uri: "/x", upstream: kit.target, ...extra });

    it("requires its key", async () => {
        assert.deepEqual(await kit.admin("GET", "/routes", undefined, ""), {
            status: 401,
            body: { error_msg: "failed to check token", description: "missing apikey" },
        });
        const wrong = await kit.admin("GET", "/routes", undefined, "nope");
        assert.equal(wrong.body.description, "wrong apikey");
    });

    it("accepts only reads with the viewer key", async () => {
        assert.equal((await kit.admin("GET", "/routes", undefined, VIEWER_KEY)).status, 200);
        const write = await kit.admin("PUT", "/routes/r1", route({}), VIEWER_KEY);
        assert.deepEqual([write.status, write.body.description], [401, "invalid method for role viewer"]);
    });

    it("lists nothing of kinds that it does not emulate, and rejects stream routes without stream mode", async () => {
        for (const kind of ["protos", "consumer_groups", "secrets"])
            assert.deepEqual(await kit.admin("GET", `/${kind}`), { status: 200, body: { total: 0, list: [] } });
        assert.equal((await kit.admin("PUT", "/protos/p", { content: "x" })).status, 501);
        assert.deepEqual(await kit.admin("GET", "/stream_routes"), {
            status: 400,
            body: { error_msg: "stream mode is disabled, can not add stream routes" },
        });
    });

    const sharedCount = { count: 1, time_window: 1, policy: "redis", redis_host: "127.0.0.1" };
    const refused: [why: string, path: string, body: () => unknown, status: number, message: RegExp][] = [
        ["an unknown plugin", "/routes/r", () => route({ plugins: { nope: {} } }), 400, /^unknown plugin \[nope\]$/],
        [
            "an unknown plugin's list",
            "/routes/r",
            () => route({ plugins: { nope: [] } }),
            400,
            /^unknown plugin \[nope\]$/,
        ],
        [
            "a plugin's list",
            "/routes/r",
            () => route({ plugins: { "key-auth": ["x"] } }),
            400,
            /^failed to check the configuration of plugin key-auth err: wrong type: expected object, got table$/,
        ],
        ["a plugin's empty list", "/routes/r", () => route({ plugins: { "key-auth": [] } }), 501, /empty list/],
        [
            "a plugin's text",
            "/routes/r",
            () => route({ plugins: { "key-auth": "\x7f" } }),
            400,
            /^invalid plugin conf "\\u007f" for plugin \[key-auth\]$/,
        ],
        [
            "a plugin it does not emulate",
            "/routes/r",
            () => route({ plugins: { "exit-transformer": { functions: [] } } }),
            501,
            /unsupported by the sandbox: plugin exit-transformer/,
        ],
        [
            "limits in a Redis cluster",
            "/routes/r",
            () => route({ plugins: { "limit-count": { count: 1, time_window: 1, policy: "redis-cluster" } } }),
            501,
            /limit-count policy redis-cluster/,
        ],
        [
            "a counter that is synchronized to Redis in intervals",
            "/routes/r",
            () => route({ plugins: { "limit-count": { ...sharedCount, sync_interval: 0.5 } } }),
            501,
            /limit-count sync_interval/,
        ],
        [
            "a Redis password from the environment",
            "/routes/r",
            () => route({ plugins: { "limit-count": { ...sharedCount, redis_password: "$env://PASSWORD" } } }),
            501,
            /\$env:\/\/ references in limit-count/,
        ],
        [
            "shared limits without the address of a Redis",
            "/routes/r",
            () => route({ plugins: { "limit-count": { count: 1, time_window: 1, policy: "redis" } } }),
            400,
            /^failed to check the configuration of plugin limit-count err: then clause did not match$/,
        ],
        [
            "a field that violates the plugin's schema",
            "/routes/r",
            () => route({ plugins: { "limit-count": { count: 0, time_window: 1 } } }),
            400,
            /^failed to check the configuration of plugin limit-count err: property "count" validation failed: value should match only one schema, but matches none$/,
        ],
        [
            "an unknown field",
            "/routes/r",
            () => route({ nope: 1 }),
            400,
            /additional properties forbidden, found nope$/,
        ],
        ["Lua in a route", "/routes/r", () => route({ filter_func: "function(vars) return true end" }), 501, /Lua/],
        ["websockets", "/routes/r", () => route({ enable_websocket: true }), 501, /enable_websocket/],
        [
            "an https upstream",
            "/upstreams/u",
            () => ({ type: "roundrobin", scheme: "https", nodes: {} }),
            501,
            /scheme https/,
        ],
        [
            "passive health checks",
            "/upstreams/u",
            () => ({ type: "roundrobin", nodes: {}, checks: { active: {}, passive: {} } }),
            501,
            /passive health checks/,
        ],
        [
            "an upstream that does not exist",
            "/routes/r",
            () => ({ uri: "/x", upstream_id: "none" }),
            400,
            /failed to fetch upstream info by upstream id \[none\], response code: 404/,
        ],
        [
            "!= in a filter",
            "/routes/r",
            () => route({ plugins: { "key-auth": { _meta: { filter: [["uri", "!=", "/"]] } } } }),
            400,
            /invalid operator '!='/,
        ],
        ["a name with a dot", "/consumers", () => ({ username: "a.b" }), 400, /property "username" validation failed/],
        [
            "a credential without its consumer",
            "/consumers/none/credentials/a",
            () => ({ plugins: { "key-auth": { key: "k" } } }),
            404,
            /^consumer not found$/,
        ],
        [
            "a secret manager reference outside of credentials",
            "/routes/r",
            () => route({ plugins: { "key-auth": { realm: "$secret://vault/1/x" } } }),
            501,
            /\$secret:\/\/ references/,
        ],
        ["a resource it does not emulate", "/protos/1", () => ({}), 501, /resource protos/],
        ["an unknown resource", "/nope/1", () => ({}), 404, /^Unsupported resource type: nope$/],
    ];
    for (const [why, path, body, status, message] of refused)
        it(`rejects ${why}`, async () => {
            const result = await kit.admin("PUT", path, body());
            assert.equal(result.status, status, JSON.stringify(result.body));
            assert.match(String(result.body.error_msg), message);
        });

    it("returns a key encrypted after a write and plain after a read", async () => {
        await kit.put("/consumers", { username: "jack" });
        const body = { plugins: { "key-auth": { key: "key-a" } } };
        const written = await kit.admin("PUT", "/consumers/jack/credentials/a", body);
        const read = await kit.admin("GET", "/consumers/jack/credentials/a");
        const keyOf = (result: { body: Record<string, unknown> }) =>
            (result.body.value as { plugins: Record<string, { key: string }> }).plugins["key-auth"].key;
        assert.equal(keyOf(written), "TDb6Mnv7Z9+aPcyBDPMpgQ==");
        assert.equal(keyOf(read), "key-a");
    });

    it("returns the password of a Redis encrypted after a write, in routes too", async () => {
        const limit = { ...sharedCount, redis_password: "made-up" };
        const written = await kit.admin("PUT", "/routes/r", route({ plugins: { "limit-count": limit } }));
        assert.equal(written.status, 201);
        assert.doesNotMatch(JSON.stringify(written.body), /made-up/);
        assert.match(JSON.stringify((await kit.admin("GET", "/routes/r")).body), /"redis_password":"made-up"/);
    });

    it("rejects a key of another credential, and names that credential", async () => {
        const body = { plugins: { "key-auth": { key: "same-key" } } };
        await kit.put("/consumers", { username: "one" });
        await kit.put("/consumers/one/credentials/a", body);
        // A credential that is written again with its own key is no duplicate.
        await kit.put("/consumers/one/credentials/a", body);
        const result = await kit.admin("PUT", "/consumers/one/credentials/b", body);
        const message = "duplicate key of plugin key-auth found with credential: a of consumer: one";
        assert.deepEqual(result, { status: 400, body: { error_msg: message } });
    });

    it("stores what was sent, without the defaults that it applies", async () => {
        const { body } = await kit.admin("PUT", "/routes/plain", route({ plugins: { "key-auth": {} } }));
        const value = body.value as Record<string, unknown>;
        assert.deepEqual(Object.keys(value).sort(), ["create_time", "id", "plugins", "update_time", "upstream", "uri"]);
        assert.deepEqual(value.plugins, { "key-auth": {} });
    });

    it("does not delete an upstream in use without force", async () => {
        await kit.put("/upstreams/used", kit.target);
        await kit.put("/routes/user", { uri: "/y", upstream_id: "used" });
        const refusal = await kit.admin("DELETE", "/upstreams/used");
        assert.equal(refusal.status, 400);
        assert.match(String(refusal.body.error_msg), /route \[user\] is still using it now/);
        const forced = await kit.admin("DELETE", "/upstreams/used?force=true");
        assert.deepEqual(forced, { status: 200, body: { deleted: "1", key: "/apisix/upstreams/used" } });
        assert.equal((await kit.send("/y")).status, 502);
    });

    it("answers 404 for an object that does not exist", async () => {
        const missing = { status: 404, body: { message: "Key not found" } };
        assert.deepEqual(await kit.admin("GET", "/routes/none"), missing);
        assert.deepEqual(await kit.admin("DELETE", "/routes/none"), missing);
    });

    it("lists the objects of a kind, without credentials among the consumers", async () => {
        const { body } = await kit.admin("GET", "/consumers");
        const keys = (body.list as { key: string }[]).map((entry) => entry.key);
        assert.ok(keys.includes("/apisix/consumers/jack"));
        assert.ok(keys.every((key) => !key.includes("credentials")));
        assert.equal(body.total, keys.length);
    });

    it("merges a PATCH into the object", async () => {
        await kit.put("/routes/p", route({ plugins: { "key-auth": {} } }));
        const { status, body } = await kit.admin("PATCH", "/routes/p", { plugins: { "request-id": {} }, uri: "/z" });
        assert.equal(status, 200);
        assert.deepEqual((body.value as Record<string, unknown>).plugins, { "key-auth": {}, "request-id": {} });
        assert.equal((await kit.admin("PATCH", "/consumers/jack", {})).status, 405);
    });

    it("reports the error in a body that is not JSON", async () => {
        const response = await fetch(`http://127.0.0.1:${kit.gateway.adminPort}/apisix/admin/routes/r`, {
            method: "PUT",
            headers: { "X-API-KEY": ADMIN_KEY },
            body: "{",
        });
        const body = (await response.json()) as Record<string, unknown>;
        assert.equal(response.status, 400);
        assert.match(String(body.error_msg), /^invalid request body: Expected object key string but found T_END/);
    });

    it("binds a limit-count group's name to its first configuration", async () => {
        const limit = (count: number) => ({ "limit-count": { count, time_window: 60, group: "g" } });
        await kit.put("/routes/g", route({ plugins: limit(1) }));
        await kit.admin("DELETE", "/routes/g");
        const result = await kit.admin("PUT", "/routes/g", route({ plugins: limit(2) }));
        assert.match(String(result.body.error_msg), /plugin limit-count err: group conf mismatched$/);
    });
});
