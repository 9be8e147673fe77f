// Proves for callers of an OpenAI-compatible server behind three gateway pods and a Cloudflare Tunnel: each part of a stream
// arrives before the next one is generated; neither a revocation nor a pod that stops cuts a stream; a caller that hangs up
// ends the work at the server, and frees its slot. The callers use OpenAI's SDK.
import { strict as assert } from "node:assert";
import { CoreV1Api } from "@kubernetes/client-node";
import OpenAI, { AuthenticationError, RateLimitError } from "openai";
import { cpuNodes } from "../../../sandbox/control-plane";
import { fetchAt } from "../kit/cloudflare/edge-request";
import { eventually, ExposedStack, here, succeeded, useExposure } from "../kit/cloudflare/exposed-stack";
import { ASK, HELD, HeldModel, MODEL } from "./held-model";

/** Number of tokens of a long stream, one each second. */
const LONG = 1200;

describe("an OpenAI-compatible server behind gateway pods and a tunnel", () => {
    useExposure({ nodes: cpuNodes(3) });
    let model: HeldModel;
    let stack: ExposedStack;

    before(async () => {
        model = await HeldModel.start();
        stack = await ExposedStack.create("llm");
        succeeded(await up("sk-first", "k1"));
    });
    after(() => model?.close());

    const up = async (serverKey: string, ...ids: string[]) => {
        stack.configure({
            option: "inter",
            alpa: undefined,
            // The clock of the pods is faster than that of the test.
            openai: { endpoints: [model.address], models: [MODEL], longestAnswerSeconds: 3600 },
            gateway: { sharedCounters: {} },
            limits: { concurrent: 1 },
            consumers: [{ name: "team", credentials: ids.map((id) => ({ id, method: "key" })) }],
        });
        await stack.configureSecret("openai.serverKey", serverKey);
        return stack.up();
    };
    const client = async (id: string) => {
        const { url, credentials } = await stack.outputs();
        assert.equal(url, `https://${stack.hostname}/v1`);
        const at = fetchAt(here().edge.url);
        return new OpenAI({ apiKey: credentials[`team/${id}`], baseURL: url, fetch: at, maxRetries: 0 });
    };
    const gateways = async () => {
        const core = here().world.kubeConfig.makeApiClient(CoreV1Api);
        const { items } = await core.listPodForAllNamespaces({ labelSelector: "app.kubernetes.io/name=apisix" });
        return items.map(({ metadata }) => ({ uid: metadata!.uid!, stops: metadata!.deletionTimestamp !== undefined }));
    };
    const serverKeys = () =>
        model.served
            .splice(0)
            .map(({ headers }) => headers[headers.findIndex((name) => /^authorization$/i.test(name)) + 1]);
    /** Runs `change` while a stream is open, and checks that the whole stream arrives. */
    const duringStream = async (from: OpenAI, change: () => Promise<void>) => {
        const long = { ...HELD, max_tokens: LONG, ignore_eos: true };
        let received = 0;
        const ended = (async () => {
            for await (const { choices } of await from.chat.completions.create({ ...long, stream: true }))
                if (choices[0].delta.content) received++;
        })();
        // The edge ends a stream that is silent.
        const beat = setInterval(() => model.next(), 1000);
        try {
            await Promise.race([ended, eventually("the first token", async () => received > 0 || undefined)]);
            await change();
        } finally {
            clearInterval(beat);
        }
        model.next(LONG);
        await ended;
        assert.equal(received, LONG);
    };

    it("sends a caller each part of a stream before it generates the next one, with the server's own key", async () => {
        await model.streamInTurns(await client("k1"));
        assert.deepEqual(serverKeys(), ["Bearer sk-first"]);
    });

    for (const [what, tokens, stream] of [
        ["a stream", 2, true],
        ["a stream without a token", 0, true],
        ["an answer that is not a stream", 1, false],
    ] as const)
        it(`ends the work for ${what} when the caller hangs up, and frees its slot`, async () => {
            const sdk = await client("k1");
            const caller = new AbortController();
            const asked = sdk.chat.completions.create({ ...HELD, stream }, { signal: caller.signal });
            const held = await model.arrival(asked);
            model.next(tokens);
            await eventually("its tokens", async () => held.generated === tokens || undefined);
            await assert.rejects(sdk.chat.completions.create(ASK), RateLimitError);
            caller.abort();
            await asked.catch(() => undefined);
            assert.equal(await held.over, "left");
            assert.equal(held.generated, tokens);
            await eventually("a free slot", () => sdk.chat.completions.create(ASK).catch(() => undefined));
            model.served.splice(0);
        });

    it("does not cut a stream when the key with which it began is revoked", async () => {
        const revoked = await client("k1");
        await duringStream(revoked, async () => {
            succeeded(await up("sk-first", "k2"));
            await assert.rejects(revoked.chat.completions.create(ASK), AuthenticationError);
        });
        model.served.splice(0);
    });

    it("does not cut a stream whose pod stops: a new key of the server replaces all pods", async () => {
        const sdk = await client("k2");
        const before = await gateways();
        assert.equal(before.length, 3);
        await duringStream(sdk, async () => {
            succeeded(await up("sk-second", "k2"));
            const [last] = await eventually("three new pods, and the old one of the stream", async () => {
                const old = (await gateways()).filter(({ uid }) => before.some((one) => one.uid === uid));
                return old.length === 1 ? old : undefined;
            });
            assert.ok(last.stops);
        });
        await eventually("the end of the old pod", async () => (await gateways()).length === 3 || undefined);
        await sdk.chat.completions.create(ASK);
        assert.deepEqual(serverKeys(), ["Bearer sk-first", "Bearer sk-second"]);
    });
});
