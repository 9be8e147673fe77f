// Claim: what reaches an Admin API is the difference and no more, in an order it accepts, and foreign objects go.
// The Admin API here only stores and records; the one that checks is sandbox/gateway.

import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";

import { AdminApi } from "../../../../sandbox/ingress-controller/admin";
import type { ApisixObject, Collection } from "../../../../sandbox/ingress-controller/objects";

class Recorder {
    readonly stored = new Map<string, any>();
    readonly writes: string[] = [];
    readonly refuse = new Map<string, string>();
    reads = 0;
    url = "";
    private readonly server = http.createServer(async (request, response) => {
        let text = "";
        for await (const chunk of request) text += chunk;
        const path = (request.url as string).replace("/apisix/admin/", "");
        const send = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
        if (request.headers["x-api-key"] !== "k") return send(401, { error_msg: "failed to check token" });
        if (request.method === "GET") {
            this.reads += 1;
            const inside = [...this.stored].filter(([key]) => key.startsWith(`${path}/`));
            const list = inside.map(([key, value]) => ({
                key: `/apisix/${key}`,
                value: { ...value, update_time: 1, extra: 0 },
            }));
            return send(200, { total: list.length, list: list.length > 0 ? list : {} });
        }
        this.writes.push(`${request.method} ${path}`);
        const refused = this.refuse.get(path);
        if (refused) return send(400, { error_msg: refused });
        if (request.method === "DELETE") this.stored.delete(path);
        else this.stored.set(path, JSON.parse(text));
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
    body: { ...(collection === "consumers" ? { username: id } : { id }), ...more },
});
const credential = (user: string, id: string, more: object = {}) =>
    made("credentials", id, more, `consumers/${user}/credentials/${id}`);

describe("Admin API client of the ingress controller", () => {
    let admin: Recorder;
    let api: AdminApi;
    beforeEach(async () => {
        admin = await new Recorder().start();
        api = new AdminApi(admin.url, "k", () => {});
    });
    afterEach(() => admin.stop());

    const written = async (objects: ApisixObject[], full = false) => {
        admin.writes.length = 0;
        const failures = await api.sync(objects, full);
        return { writes: [...admin.writes], failures };
    };

    it("creates services before routes and consumers before their credentials", async () => {
        const objects = [credential("u", "c"), made("routes", "r"), made("consumers", "u"), made("services", "s")];
        const { writes } = await written(objects, true);
        assert.deepEqual(writes, [
            "PUT services/s",
            "PUT routes/r",
            "PUT consumers/u",
            "PUT consumers/u/credentials/c",
        ]);
    });

    it("deletes routes before their services, before anything is created", async () => {
        await written([made("routes", "r"), made("services", "s"), made("upstreams", "u")], true);
        const { writes } = await written([made("services", "new")]);
        assert.deepEqual(writes, ["DELETE routes/r", "DELETE services/s", "DELETE upstreams/u", "PUT services/new"]);
    });

    it("writes nothing when nothing has changed, after a full look neither", async () => {
        const objects = [made("services", "s"), made("consumers", "u"), credential("u", "c")];
        await written(objects, true);
        assert.deepEqual((await written(objects)).writes, []);
        assert.deepEqual((await written(objects, true)).writes, []);
        assert.deepEqual((await written(objects, true)).writes, []);
    });

    it("writes only what has changed", async () => {
        await written([made("services", "s"), made("services", "t")], true);
        assert.deepEqual((await written([made("services", "s"), made("services", "t", { name: "x" })])).writes, [
            "PUT services/t",
        ]);
    });

    it("removes objects made by hand, and restores what somebody has changed or deleted", async () => {
        const objects = [made("services", "s"), made("routes", "r"), made("consumers", "u"), credential("u", "c")];
        await written(objects, true);
        await written(objects, true);
        admin.stored.set("consumers/mallory", { username: "mallory" });
        admin.stored.set("consumers/u/credentials/mine", { id: "mine" });
        admin.stored.set("global_rules/g", { id: "g" });
        admin.stored.set("services/s", { id: "s", name: "changed" });
        admin.stored.delete("routes/r");
        assert.deepEqual((await written(objects)).writes, [], "not seen without a full look");
        assert.deepEqual((await written(objects, true)).writes.sort(), [
            "DELETE consumers/mallory",
            "DELETE consumers/u/credentials/mine",
            "DELETE global_rules/g",
            "PUT routes/r",
            "PUT services/s",
        ]);
    });

    it("takes over what an earlier run has left", async () => {
        admin.stored.set("services/s", { id: "s" });
        admin.stored.set("services/old", { id: "old" });
        assert.deepEqual((await written([made("services", "s")], true)).writes, [
            "DELETE services/old",
            "PUT services/s",
        ]);
    });

    it("lets a consumer take its credentials along", async () => {
        await written([made("consumers", "u"), credential("u", "c")], true);
        assert.deepEqual((await written([])).writes, ["DELETE consumers/u"]);
    });

    it("tells a refusal in APISIX's words, goes on with the rest, and tries again", async () => {
        const objects = [made("services", "bad"), made("services", "good")];
        admin.refuse.set("services/bad", "invalid configuration: nope");
        const { failures } = await written(objects, true);
        assert.deepEqual(
            failures.map(({ object, message }) => [object?.id, message]),
            [["bad", `ServerAddr: ${admin.url}, Error: invalid configuration: nope`]],
        );
        assert.ok(admin.stored.has("services/good"));
        admin.refuse.clear();
        assert.deepEqual((await written(objects)).writes, ["PUT services/bad"]);
    });

    it("says so when there is nobody, or the key is wrong, and tries nothing", async () => {
        const wrong = await new AdminApi(admin.url, "other", () => {}).sync([made("services", "s")], true);
        assert.match(wrong[0].message, /Err: failed to check token$/);
        const url = admin.url;
        await admin.stop();
        const [failure] = await new AdminApi(url, "k", () => {}).sync([made("services", "s")], true);
        assert.ok(failure.unreachable);
        assert.match(failure.message, /^ServerAddr: http:\/\/127.*, Err: .*ECONNREFUSED/);
        assert.deepEqual(admin.writes, []);
        admin = await new Recorder().start(); // for afterEach
    });
});
