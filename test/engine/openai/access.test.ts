// Proves for callers of an OpenAI-compatible server behind Cloudflare Access, without a gateway: OpenAI's SDK needs only the
// headers of the service token, and each part of a stream arrives before the next one is generated.
import { strict as assert } from "node:assert";
import OpenAI, { APIError, APIUserAbortError } from "openai";
import { AccessStack, here, succeeded, useCloudflare } from "../kit/cloudflare/access-stack";
import { fetchAt } from "../kit/cloudflare/edge-request";
import { HELD, HeldModel, MODEL } from "./held-model";

describe("an OpenAI-compatible server behind Access", () => {
    useCloudflare();
    let model: HeldModel;
    let stack: AccessStack;
    let headers: Record<string, string>;

    before(async () => {
        model = await HeldModel.start();
        stack = await AccessStack.create("llm", {
            alpa: undefined,
            openai: { endpoints: [model.address] },
            consumers: [{ name: "team", credentials: [{ id: "t1", method: "service-token" }] }],
        });
        succeeded(await stack.up());
        const { clientId, clientSecret } = (await stack.outputs()).credentials["team/t1"];
        headers = { "CF-Access-Client-Id": clientId, "CF-Access-Client-Secret": clientSecret };
    });
    after(() => model?.close());

    const sdk = (defaultHeaders: Record<string, string>) => {
        const fetch = fetchAt(here().world.edge.url);
        const baseURL = `https://${stack.hostname}/v1`;
        return new OpenAI({ apiKey: "unused", baseURL, defaultHeaders, fetch, maxRetries: 0 });
    };
    const rejected = (status: number) => (error: unknown) => error instanceof APIError && error.status === status;

    it("sends a caller each part of a stream before it generates the next one", async () => {
        await model.streamInTurns(sdk(headers));
        assert.ok(!model.served[0].headers.join(" ").includes(headers["CF-Access-Client-Secret"]));
    });

    it("ends the work for a stream when the caller hangs up", async () => {
        const caller = new AbortController();
        const asked = sdk(headers).chat.completions.create({ ...HELD, stream: true }, { signal: caller.signal });
        const held = await model.arrival(asked);
        caller.abort();
        await assert.rejects(asked, APIUserAbortError);
        assert.equal(await held.over, "left");
    });

    it("lists its models, and has no other path", async () => {
        const { data } = await sdk(headers).models.list();
        assert.equal(data[0].id, MODEL);
        await assert.rejects(sdk(headers).files.list(), rejected(404));
    });

    it("gets no request without the service token", async () => {
        model.served.splice(0);
        await assert.rejects(sdk({}).models.list(), rejected(401));
        await assert.rejects(sdk({ ...headers, "CF-Access-Client-Secret": "wrong" }).models.list(), rejected(401));
        assert.deepEqual(model.served, []);
    });
});
