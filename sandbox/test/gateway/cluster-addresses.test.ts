// Proves that the sandbox's gateway reaches upstreams by names and addresses of its cluster.
import assert from "node:assert/strict";
import { GOOD_BODY, Kit } from "./kit";

describe("An upstream in the gateway's cluster", () => {
    let kit: Kit;
    let upstreamPort: number;
    const resolve = (host: string) => {
        if (host === "no-pods.llm.svc.cluster.local") throw new Error("connection refused");
        return host === "alpa-opt.llm.svc.cluster.local" || host === "10.1.0.7" ? upstreamPort : undefined;
    };
    before(async () => {
        kit = await Kit.start({ resolve });
        upstreamPort = kit.upstream.port;
    });
    after(() => kit.stop());

    const statusBy = async (host: string, port: number) => {
        const upstream = { type: "roundrobin", nodes: { [`${host}:${port}`]: 1 }, retries: 0 };
        await kit.put("/routes/one", { uri: "/completions", upstream });
        return (await kit.send("/completions", {}, { method: "POST", body: GOOD_BODY })).status;
    };

    it("is reached by the name of its Service", async () => {
        assert.equal(await statusBy("alpa-opt.llm.svc.cluster.local", 20001), 200);
    });
    it("is reached by a cluster IP", async () => {
        assert.equal(await statusBy("10.1.0.7", 20001), 200);
    });
    it("gives 502 if no pod is behind its name", async () => {
        assert.equal(await statusBy("no-pods.llm.svc.cluster.local", 20001), 502);
    });
    it("is not redirected for other names and addresses", async () => {
        assert.equal(await statusBy("127.0.0.1", kit.upstream.port), 200);
    });
});
