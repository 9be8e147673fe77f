/**
 * Proves that the emulator of etcd gives the answers of a real etcd. test/engine/cluster/etcd.test.ts sends the same
 * requests to a real one.
 */
import assert from "node:assert/strict";
import { Configuration } from "../../../gateway/objects/configuration";
import { startEtcdApi } from "../../../workloads/etcd/api";

describe("the emulator of etcd", () => {
    let apis: Awaited<ReturnType<typeof startEtcdApi>>[];
    beforeEach(() => (apis = []));
    afterEach(() => Promise.all(apis.map((api) => api.close())));

    async function start(configuration: Configuration) {
        const api = await startEtcdApi(() => configuration);
        apis.push(api);
        return async (path: string, body: object, token?: string) => {
            const headers: Record<string, string> = token === undefined ? {} : { Authorization: token };
            const url = `http://127.0.0.1:${api.port}/v3/${path}`;
            const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
            return { ...((await answer.json()) as object), status: answer.status } as {
                status: number;
                [field: string]: any;
            };
        };
    }
    const root = (password: string) => ({ name: "root", password });

    it("requires a password after authentication is enabled, and the new password after a change", async () => {
        const ask = await start(new Configuration());
        const off = await ask("auth/authenticate", root("a"));
        assert.deepEqual([off.status, off.code, off.message], [400, 9, "etcdserver: authentication is not enabled"]);
        assert.match((await ask("auth/enable", {})).message, /root user does not have root role/);
        await ask("auth/user/add", root("a"));
        assert.match((await ask("auth/user/add", root("b"))).message, /user name already exists/);
        await ask("auth/user/grant", { user: "root", role: "root" });
        assert.equal((await ask("auth/enable", {})).status, 200);
        assert.match((await ask("auth/authenticate", root("b"))).message, /authentication failed, invalid user ID/);
        assert.match((await ask("auth/user/changepw", root("b"))).message, /user name is empty/);
        const { token } = await ask("auth/authenticate", root("a"));
        assert.equal((await ask("auth/user/changepw", root("b"), token)).status, 200);
        assert.match((await ask("auth/user/changepw", root("c"), token)).message, /invalid auth token/);
        assert.ok((await ask("auth/authenticate", root("b"))).token);
    });

    it("rejects everything else as unsupported", async () => {
        const ask = await start(new Configuration());
        for (const [path, body] of [
            ["lease/grant", {}],
            ["auth/user/add", { name: "other", password: "a" }],
            ["kv/range", { key: "Lw==" }],
        ] as const)
            assert.equal((await ask(path, body)).status, 501, path);
    });
});
