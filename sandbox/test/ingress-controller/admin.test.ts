// Proves that only differences are written to the emulated APISIX, in an order that it accepts, and which objects of other
// owners are deleted, stay, or stop every write. The real ADC 0.23.1 was observed to do the same.
import assert from "node:assert/strict";
import { AdminApi } from "../../ingress-controller/admin";
import type { ApisixObject, Collection } from "../../ingress-controller/objects";
import { Kit } from "../gateway/kit";

const made = (collection: Collection, id: string, more: object = {}, path = `${collection}/${id}`): ApisixObject => ({
    collection,
    id,
    path,
    body: { ...(collection === "consumers" ? { username: id } : { id, name: id }), ...more },
});
const credential = (user: string, id: string) =>
    made("credentials", id, { plugins: { "key-auth": { key: id } } }, `consumers/${user}/credentials/${id}`);

describe("Admin API client of the ingress controller", () => {
    let kit: Kit;
    let upstream: object;
    beforeEach(async () => {
        kit = await Kit.start();
        upstream = kit.target;
    });
    afterEach(() => kit.stop());

    /** Synchronizes these objects. @returns what was written, and the messages of failures */
    const sync = async (objects: ApisixObject[], key = "test-admin-key") => {
        const writes: string[] = [];
        const log = (line: string) => line.startsWith("error") || writes.push(line);
        const found = await new AdminApi(`http://127.0.0.1:${kit.gateway.adminPort}`, key, log).sync(objects);
        return { writes, failures: found.map(({ message }) => message) };
    };
    const desired = () => [
        credential("u", "c"),
        made("routes", "r", { service_id: "s", uris: ["/x"] }),
        made("consumers", "u", { plugins: {} }),
        made("services", "s", { upstream }),
    ];

    it("writes what is new or changed, in the order of references, and deletes in the opposite order", async () => {
        assert.deepEqual((await sync(desired())).writes, [
            ...["create upstreams/s", "create services/s", "create routes/r", "create consumers/u"],
            "create consumers/u/credentials/c",
        ]);
        assert.deepEqual(await sync(desired()), { writes: [], failures: [] });
        const moved = desired().map((one) =>
            one.path === "services/s"
                ? made("services", "s", { upstream: { ...upstream, type: "chash", hash_on: "consumer" } })
                : one,
        );
        assert.deepEqual((await sync(moved)).writes, ["update upstreams/s"]);
        assert.deepEqual((await sync([made("consumers", "u")])).writes, [
            ...["delete routes/r", "delete services/s", "delete upstreams/s", "delete consumers/u/credentials/c"],
        ]);
    });

    describe("objects created or changed by hand", () => {
        beforeEach(() => sync(desired()));

        it("are deleted if they are a consumer, a credential or a service, and stay if they are a route of their own", async () => {
            await kit.put("/consumers", { username: "mallory", labels: { team: "x" } });
            await kit.put("/consumers/u/credentials/mine", { name: "mine", plugins: { "key-auth": { key: "k" } } });
            await kit.put("/services/own", { upstream });
            await kit.put("/routes/own", { uri: "/own", upstream });
            const { writes } = await sync(desired());
            assert.deepEqual(writes.sort(), [
                "delete consumers/mallory",
                "delete consumers/u/credentials/mine",
                "delete services/own",
            ]);
            assert.equal((await kit.admin("GET", "/routes/own")).status, 200);
        });

        it("stop every write while any consumer has a credential without a name", async () => {
            await kit.put("/consumers/u/credentials/door", { plugins: { "key-auth": { key: "k" } } });
            const { writes, failures } = await sync([...desired(), made("consumers", "new")]);
            assert.deepEqual(writes, []);
            assert.match(failures[0], /Err: HTTP 500: {"message":"TypeError \[ERR_INVALID_ARG_TYPE\]: The /);
        });
    });

    it("writes nothing with a wrong key", async () => {
        const { writes, failures } = await sync(desired(), "other");
        assert.deepEqual(writes, []);
        assert.match(failures[0], /Err: HTTP 500: {"message":"AxiosError: Request failed with status code 401"}/);
    });
});
