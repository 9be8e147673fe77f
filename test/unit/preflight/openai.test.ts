// Proves what stops a run of a stack with an OpenAI-compatible server before its first change, against the emulated vLLM.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import type { OpenaiSettings } from "../../../components/openai/settings";
import type { ObjectRef } from "../../../components/kubernetes/cluster-reader";
import { startOpenAiServer, type OpenAiServer } from "../../../sandbox/openai/server";
import { modelFindings } from "../../../preflight/openai";
import { serve } from "../kit/http";

const KEY = "s3cret-of-the-server";
const SET = "Set the server's key: pulumi config set --secret --path openai.serverKey";

/** @param applied models and servers of the rules in the cluster */
const cluster = (applied: { servers: string[]; models: string[] }) => ({
    ...{ server: "", kubectl: "", list: async () => [] },
    read: async ({ kind }: ObjectRef) => {
        const nodes = applied.servers.map((one) => ({ name: one.split(":")[0], port: Number(one.split(":")[1]) }));
        return { spec: kind === "ApisixUpstream" ? { externalNodes: nodes } : { http: applied.models } };
    },
});

describe("preflight, of an OpenAI-compatible server", () => {
    let vllm: OpenAiServer;
    let at: string;
    before(async () => {
        vllm = await startOpenAiServer({ port: 0, models: ["first", "second"], apiKey: KEY });
        at = `127.0.0.1:${vllm.port}`;
    });
    after(() => vllm.close());

    const found = (
        { address = at, models = ["first"], key = KEY }: { address?: string; models?: string[]; key?: string | null },
        applied = { servers: [] as string[], models: [] as string[] },
    ) => {
        const settings: OpenaiSettings = {
            ...{ endpoints: [{ address, weight: 1 }], models, callerModels: {}, paths: [], maxBodyBytes: 1 },
            ...{ answerTimeoutSeconds: 1, serverKey: key === null ? undefined : pulumi.secret(key) },
        };
        return modelFindings(settings, "ns", cluster(applied));
    };

    it("accepts a server that has the models", async () => assert.deepEqual(await found({}), []));

    const refused: [what: string, of: Parameters<typeof found>[0], text: () => string][] = [
        ["a wrong key", { key: "wrong" }, () => `openai.serverKey: ${at} rejects it (GET /v1/models got 401). ${SET}`],
        [
            "no key, where the server requires one",
            { key: null },
            () => `openai.serverKey: required by ${at} (GET /v1/models got 401). ${SET}`,
        ],
    ];
    for (const [what, of, text] of refused)
        it(`stops for ${what}, also of a server in use: no request of a caller is answered`, async () => {
            for (const servers of [[], [at]])
                assert.deepEqual(await found(of, { servers, models: [] }), [{ text: text(), stops: true }]);
        });

    it("stops for models that the server lacks, and only warns of those in use: a run may revoke a credential", async () => {
        const text = `openai.models: ${at} does not have third (GET /v1/models lists first, second). Correct the name, or load the model.`;
        const models = ["second", "third"];
        assert.deepEqual(await found({ models }), [{ text, stops: true }]);
        assert.deepEqual(await found({ models }, { servers: [at], models: ["first"] }), [{ text, stops: true }]);
        assert.deepEqual(await found({ models }, { servers: [at], models }), [{ text, stops: false }]);
    });

    it("stops for a server that is not one, and only warns if it is in use", async () => {
        const other = new URL(await serve((_, response) => response.end("<html>"))).host;
        for (const [address, got] of [
            [other, "200"],
            ["127.0.0.1:1", "ECONNREFUSED"],
        ]) {
            const text = `openai.endpoints: ${address} does not answer GET /v1/models with its models (${got}). Start the server, or correct the address.`;
            assert.deepEqual(await found({ address }), [{ text, stops: true }]);
            assert.deepEqual(await found({ address }, { servers: [address], models: [] }), [{ text, stops: false }]);
        }
    });

    it("only warns of a server that this machine does not reach, until it is in use", async () => {
        const address = "vllm.models.invalid:8000";
        const [{ text, stops }] = await found({ address });
        assert.equal(stops, false);
        assert.match(text, /^openai\.endpoints: vllm\.models\.invalid:8000 was not checked, .*run: curl http:\/\/vllm/);
        assert.deepEqual(await found({ address }, { servers: [address], models: [] }), []);
    });
});
