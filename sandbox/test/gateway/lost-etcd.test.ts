/** Proves how a gateway and its Admin API behave after etcd has lost its data. */
import assert from "node:assert/strict";
import { Configuration } from "../../gateway/objects/configuration";
import { Kit } from "./kit";

const MISSING = { status: 404, body: { message: "Key not found" } };

describe("Gateway whose etcd", () => {
    const kits: Kit[] = [];
    let configuration: Configuration;
    const start = async () => {
        const kit = await Kit.start({ configuration: configuration.current() });
        kits.push(kit);
        return kit;
    };
    const asked = async (kit: Kit, path = "/x") => (await kit.send(path)).status;
    const put = (kit: Kit, uri: string) => {
        const plugins = { "fault-injection": { abort: { http_status: 204 } } };
        return kit.put(`/routes/${uri.slice(1)}`, { uri, plugins });
    };

    beforeEach(() => (configuration = new Configuration()));
    afterEach(async () => {
        await Promise.all(kits.splice(0).map((kit) => kit.stop()));
    });

    it("restarted without data keeps answering, and lists nothing until another gateway starts", async () => {
        const before = await start();
        await put(before, "/x");
        configuration.lose();
        assert.equal(await asked(before), 204);
        for (const path of ["/routes", "/global_rules", "/routes/x"])
            assert.deepEqual(await before.admin("GET", path), MISSING);
        const after = await start();
        assert.equal(await asked(after), 404);
        assert.deepEqual(await before.admin("GET", "/routes"), { status: 200, body: { total: 0, list: [] } });
        await put(before, "/x");
        assert.equal(await asked(after), 204);
    });

    it("restarted without data ignores what is written to etcd afterwards", async () => {
        const before = await start();
        configuration.lose();
        await put(before, "/y");
        assert.equal(await asked(before, "/y"), 404);
        assert.equal((await before.admin("GET", "/routes")).body.total, 1, "a prefix exists with its first object");
    });
});
