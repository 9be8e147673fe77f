// Proves that only differences are written to an Admin API, in an order that the API accepts. Proves which objects of
// other owners are deleted, which are ignored, and which cause an error. The real ADC 0.23.1 was observed to do the
// same.
// The Admin API in these tests only stores and records objects. It does not validate them as sandbox/gateway does.

import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";

import { AdminApi } from "../../ingress-controller/admin";
import type { ApisixObject, Collection } from "../../ingress-controller/objects";

class Recorder {
    readonly stored = new Map<string, any>();
    readonly writes: string[] = [];
    readonly refuse = new Map<string, string>();
    /** Paths that are answered with 404, as APISIX does for a prefix that is missing in etcd. */
    readonly missing = new Set<string>();
    url = "";
    private readonly server = http.createServer(async (request, response) => {
        let text = "";
        for await (const chunk of request) text += chunk;
        const path = (request.url as string).replace("/apisix/admin/", "");
        const send = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
        if (request.headers["x-api-key"] !== "k") return send(401, { error_msg: "failed to check token" });
        if (request.method === "GET") {
            if (this.missing.has(path)) return send(404, { message: "Key not found" });
            const inside = [...this.stored].filter(
                ([key]) => key.startsWith(`${path}/`) && !key.slice(path.length + 1).includes("/"),
            );
            const list = inside.map(([key, value]) => ({
                key: `/apisix/${key}`,
                value: { ...value, update_time: 1, extra: 0 },
            }));
            return send(200, { total: list.length, list: list.length > 0 ? list : {} });
        }
        this.writes.push(`${request.method} ${path}`);
        const refused = this.refuse.get(path);
        if (refused) return send(400, { error_msg: refused });
        if (request.method === "DELETE") {
            if (!this.stored.delete(path) && !path.startsWith("upstreams/"))
                return send(404, { message: "Key not found" });
            for (const key of this.stored.keys()) if (key.startsWith(`${path}/`)) this.stored.delete(key);
        }
        if (request.method === "PUT") this.stored.set(path, JSON.parse(text));
        return send(200, {});
    });

    async start(): Promise<this> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
        this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
        return this;
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
}

const made = (collection: Collection, id: string, more: object = {}, path = `${collection}/${id}`): ApisixObject => ({
    collection,
    id,
    path,
    body: { ...(collection === "consumers" ? { username: id } : { id, name: id }), ...more },
});
const credential = (user: string, id: string) =>
    made("credentials", id, { plugins: { "key-auth": { key: id } } }, `consumers/${user}/credentials/${id}`);

describe("Admin API client of the ingress controller", () => {
    let admin: Recorder;
    let api: AdminApi;
    beforeEach(async () => {
        admin = await new Recorder().start();
        api = new AdminApi(admin.url, "k", () => {});
    });
    afterEach(() => admin.stop());

    const written = async (objects: ApisixObject[]) => {
        admin.writes.length = 0;
        const failures = await api.sync(objects);
        return { writes: [...admin.writes], failures };
    };
    const upstream = { type: "roundrobin", nodes: [{ host: "10.0.0.1", port: 80, weight: 1 }] };

    it("creates services before routes and consumers before their credentials", async () => {
        const objects = [credential("u", "c"), made("routes", "r"), made("consumers", "u"), made("services", "s")];
        const { writes } = await written(objects);
        assert.deepEqual(writes, [
            "PUT services/s",
            "PUT routes/r",
            "PUT consumers/u",
            "PUT consumers/u/credentials/c",
        ]);
    });

    it("stores a service's own upstream as a separate object, written first and deleted last", async () => {
        const service = made("services", "s", { name: "one", upstream });
        assert.deepEqual((await written([service])).writes, ["PUT upstreams/s", "PUT services/s"]);
        assert.deepEqual(admin.stored.get("services/s"), { id: "s", name: "one", upstream_id: "s" });
        assert.deepEqual(admin.stored.get("upstreams/s"), { ...upstream, id: "s", name: "one" });
        assert.deepEqual((await written([service])).writes, []);
        const moved = made("services", "s", { name: "one", upstream: { ...upstream, type: "chash" } });
        assert.deepEqual((await written([moved])).writes, ["PUT upstreams/s"]);
        assert.deepEqual((await written([])).writes, ["DELETE services/s", "DELETE upstreams/s"]);
    });

    it("deletes routes before their services, before anything is created", async () => {
        await written([made("routes", "r", { service_id: "s" }), made("services", "s", { upstream })]);
        const { writes } = await written([made("services", "new")]);
        assert.deepEqual(writes, ["DELETE routes/r", "DELETE services/s", "DELETE upstreams/s", "PUT services/new"]);
    });

    it("writes nothing when nothing has changed, not even after a start of the controller", async () => {
        const objects = [made("services", "s", { upstream }), made("consumers", "u"), credential("u", "c")];
        await written(objects);
        assert.deepEqual((await written(objects)).writes, []);
        api = new AdminApi(admin.url, "k", () => {});
        assert.deepEqual((await written(objects)).writes, []);
    });

    describe("objects created or changed by hand", () => {
        const objects = [
            made("services", "s", { upstream }),
            made("routes", "r", { service_id: "s", uris: ["/x"] }),
            made("consumers", "u"),
            credential("u", "c"),
        ];
        beforeEach(() => written(objects));

        it("are restored where they were changed or deleted", async () => {
            admin.stored.set("services/s", { id: "s", name: "changed", upstream_id: "s" });
            admin.stored.get("upstreams/s").nodes = [];
            admin.stored.delete("routes/r");
            assert.deepEqual((await written(objects)).writes, ["PUT upstreams/s", "PUT services/s", "PUT routes/r"]);
        });

        it("are deleted if they are a consumer, a credential or a service, with labels or without", async () => {
            admin.stored.set("consumers/mallory", { username: "mallory", labels: { team: "x" } });
            admin.stored.set("consumers/u/credentials/mine", { id: "mine", name: "mine", plugins: { "key-auth": {} } });
            admin.stored.set("services/own", { id: "own" });
            admin.stored.set("routes/below", { id: "below", service_id: "s" });
            assert.deepEqual((await written(objects)).writes, [
                "DELETE routes/below",
                "DELETE services/own",
                "DELETE upstreams/own",
                "DELETE consumers/mallory",
                "DELETE consumers/u/credentials/mine",
            ]);
        });

        it("stay if they are a route without a service, an upstream, a plugin config, or an unknown kind of credential", async () => {
            admin.stored.set("routes/own", { id: "own", uri: "/own", upstream_id: "own" });
            admin.stored.set("upstreams/own", { id: "own", nodes: {} });
            admin.stored.set("plugin_configs/own", { id: "own", plugins: {} });
            admin.stored.set("consumers/u/credentials/ldap", { id: "ldap", name: "l", plugins: { "ldap-auth": {} } });
            admin.stored.get("routes/r").status = 0;
            const { writes, failures } = await written(objects);
            assert.deepEqual([writes, failures], [[], []]);
        });

        it("stop every write while any consumer has a credential without a name", async () => {
            for (const user of ["u", "mallory"]) {
                admin.stored.set(`consumers/${user}`, { username: user });
                admin.stored.set(`consumers/${user}/credentials/mine`, { id: "mine", plugins: { "key-auth": {} } });
                const { writes, failures } = await written([...objects, made("consumers", "new")]);
                assert.deepEqual(writes, []);
                assert.match(
                    failures[0].message,
                    /Err: HTTP 500: {"message":"TypeError \[ERR_INVALID_ARG_TYPE\]: The /,
                );
                admin.stored.delete(`consumers/${user}/credentials/mine`);
                admin.stored.delete("consumers/mallory");
            }
        });

        it("are deleted a second time, which fails, if they were deleted with their consumer", async () => {
            admin.stored.set("consumers/mallory", { username: "mallory" });
            admin.stored.set("consumers/mallory/credentials/x", { id: "x", name: "x", plugins: { "jwt-auth": {} } });
            const { writes, failures } = await written(objects);
            assert.deepEqual(writes, ["DELETE consumers/mallory", "DELETE consumers/mallory/credentials/x"]);
            assert.match(failures[0].message, /Error: Request failed with status code 404$/);
            assert.deepEqual(await written(objects), { writes: [], failures: [] });
        });
    });

    it("reports a rejection with APISIX's message, continues with the other objects, and retries", async () => {
        const objects = [made("services", "bad"), made("services", "good")];
        admin.refuse.set("services/bad", "invalid configuration: nope");
        const { failures } = await written(objects);
        assert.deepEqual(
            failures.map(({ object, message }) => [object?.id, message]),
            [["bad", `ServerAddr: ${admin.url}, Error: invalid configuration: nope`]],
        );
        assert.ok(admin.stored.has("services/good"));
        admin.refuse.clear();
        assert.deepEqual((await written(objects)).writes, ["PUT services/bad"]);
    });

    const fails = (status: string) =>
        `Err: HTTP 500: {"message":"AxiosError: Request failed with status code ${status}"}`;

    it("writes nothing while a prefix does not exist, as after the loss of etcd's keys", async () => {
        admin.missing.add("services");
        const { writes, failures } = await written([made("services", "s")]);
        assert.deepEqual([writes, failures[0].unreachable], [[], true]);
        assert.equal(failures[0].message, `ServerAddr: ${admin.url}, ${fails("404")}`);
    });

    it("reports a missing Admin API or a wrong key, and changes nothing", async () => {
        const wrong = await new AdminApi(admin.url, "other", () => {}).sync([made("services", "s")]);
        assert.equal(wrong[0].message, `ServerAddr: ${admin.url}, ${fails("401")}`);
        const url = admin.url;
        await admin.stop();
        const [failure] = await new AdminApi(url, "k", () => {}).sync([made("services", "s")]);
        assert.ok(failure.unreachable);
        assert.match(failure.message, /^ServerAddr: http:\/\/127.*, Err: HTTP 500: {"message":"Error: .*ECONNREFUSED/);
        assert.deepEqual(admin.writes, []);
        admin = await new Recorder().start(); // afterEach stops a running server
    });
});
