/** Proves that the Admin API stores what the ingress controller writes, and refuses everything else by name. */
import assert from "node:assert/strict";
import { Kit, VIEWER_KEY } from "./kit";

describe("gateway Admin API", () => {
    let kit: Kit;
    before(async () => {
        kit = await Kit.start();
    });
    after(() => kit.stop());

    const route = (plugins: object, more: object = {}) => ({ uri: "/x", plugins, ...more });

    it("requires its key, and accepts only reads with the viewer key", async () => {
        const none = await kit.admin("GET", "/routes", undefined, "");
        const wrong = await kit.admin("GET", "/routes", undefined, "nope");
        const write = await kit.admin("PUT", "/routes/r1", route({}), VIEWER_KEY);
        assert.deepEqual(
            [none, wrong, write].map(({ status, body }) => [status, body.description]),
            [
                [401, "missing apikey"],
                [401, "wrong apikey"],
                [401, "invalid method for role viewer"],
            ],
        );
        assert.equal((await kit.admin("GET", "/routes", undefined, VIEWER_KEY)).status, 200);
    });

    it("lists nothing of kinds that cannot be written, and has no stream routes", async () => {
        for (const kind of ["protos", "consumer_groups", "secrets", "global_rules", "plugin_configs"])
            assert.deepEqual(await kit.admin("GET", `/${kind}`), { status: 200, body: { total: 0, list: [] } });
        assert.equal((await kit.admin("GET", "/stream_routes")).status, 400);
    });

    const limit = { count: 1, time_window: 1, rejected_code: 429 };
    const rewrite = { vars: [], headers: { set: {} } };
    const lua = (text: string) => ({ "serverless-pre-function": { phase: "access", functions: [text] } });
    const filters = [{ regex: "(?>a)", scope: "once", replace: "", options: "jo" }];
    const schema = { header_schema: { oneOf: [] } };
    const refused: [what: string, path: string, body: object, status: number, message: RegExp][] = [
        ["another plugin", "/routes/r", route({ cors: {} }), 501, /plugin cors/],
        ["another field", "/routes/r", route({ "key-auth": { realm: "x" } }), 501, /field realm of plugin key-auth/],
        ["a wrong value", "/routes/r", route({ "limit-count": { ...limit, count: 0 } }), 400, /limit-count\.count/],
        ["keys in queries", "/routes/r", route({ "key-auth": { query: "key" } }), 400, /key-auth\.query/],
        ["an operator", "/routes/r", route({}, { vars: [["uri", "ipmatch", "1.2.3.4"]] }), 501, /ipmatch/],
        ["a variable", "/routes/r", route({ "proxy-rewrite": { uri: "/$host" } }), 501, /variables/],
        ["a pattern", "/routes/r", route({ "response-rewrite": { ...rewrite, filters } }), 501, /expression \(\?>a\)/],
        ["a keyword of JSON Schema", "/routes/r", route({ "request-validation": schema }), 501, /the keyword oneOf/],
        ["another library", "/routes/r", route(lua("require('x') return function() end")), 501, /require in Lua/],
        ["Lua with an error", "/routes/r", route(lua("a")), 400, /'=' expected/],
        ["a host", "/routes/r", route({}, { hosts: ["a.example"] }), 501, /field hosts/],
        ["retries", "/upstreams/u", { nodes: { "a:1": 1, "b:1": 1 } }, 501, /retries/],
        ["passive checks", "/upstreams/u", { nodes: { "a:1": 1 }, checks: { passive: {} } }, 501, /field passive/],
        ["a missing service", "/routes/r", { uri: "/x", service_id: "none" }, 400, /services \[none\]/],
        ["a name with a dot", "/consumers", { username: "a.b" }, 400, /username/],
        ["a lost credential", "/consumers/none/credentials/a", { plugins: {} }, 404, /^consumer not found$/],
        ["a global rule", "/global_rules/1", { plugins: {} }, 501, /PUT global_rules/],
    ];
    for (const [what, path, body, status, message] of refused)
        it(`refuses by name: ${what}`, async () => {
            const result = await kit.admin("PUT", path, body);
            assert.equal(result.status, status, JSON.stringify(result.body));
            assert.match(String(result.body.error_msg), message);
            assert.equal((await kit.admin("GET", path)).status === 200 && status !== 404, path === "/consumers");
        });

    it("refuses a key of another credential, and names that credential", async () => {
        const body = { plugins: { "key-auth": { key: "same-key" } } };
        await kit.put("/consumers", { username: "one" });
        await kit.put("/consumers/one/credentials/a", body);
        await kit.put("/consumers/one/credentials/a", body);
        const result = await kit.admin("PUT", "/consumers/one/credentials/b", body);
        assert.equal(result.status, 400);
        assert.match(String(result.body.error_msg), /duplicate key of plugin key-auth .*one\/credentials\/a/);
        const reference = { plugins: { "key-auth": { key: "$env://PATH" } } };
        assert.equal((await kit.admin("PUT", "/consumers/one/credentials/c", reference)).status, 501);
    });

    it("stores what was sent, lists it by kind, and deletes it unless it is in use", async () => {
        await kit.put("/upstreams/used", kit.target);
        await kit.put("/services/s", { upstream_id: "used" });
        const { body } = await kit.admin("GET", "/upstreams");
        const [{ key, value }] = body.list as { key: string; value: Record<string, unknown> }[];
        assert.deepEqual(
            [body.total, key, value.type, value.nodes],
            [1, "/apisix/upstreams/used", "roundrobin", kit.target.nodes],
        );
        assert.equal((await kit.admin("DELETE", "/upstreams/used")).status, 400);
        for (const path of ["/services/s", "/upstreams/used"])
            assert.equal((await kit.admin("DELETE", path)).status, 200);
        assert.deepEqual(await kit.admin("DELETE", "/upstreams/used"), {
            status: 404,
            body: { message: "Key not found" },
        });
    });
});
