// Proves what the record of a conversion writes, against a fake API server.
import { strict as assert } from "node:assert";
import { ConversionRecord } from "../../../../components/opt/conversion-record";
import type { Beginning, Ending } from "../../../../components/opt/conversion-record-provider";
import { one, record } from "../../../kit";
import { fakeApi, type FakeApi, type Request } from "../../kit/fake-api";
import { assertStored, load, storedText } from "../kubernetes/stored";

const metadata = { name: "alpa-auth-conversion", namespace: "a", labels: {}, annotations: { owner: "us" } } as any;
const begin: Beginning = { going: "drain", attempt: "1", nodes: "dgx-01" };
const end: Ending = { phase: "drain", callers: "abc" };
const PATH = "/api/v1/namespaces/a/configmaps/alpa-auth-conversion";

describe("ConversionRecord", () => {
    let api: FakeApi;
    let text: string;
    const sent: (Request & { path: string })[] = [];
    let exists = true;
    let refusal: object | undefined;
    let data: Record<string, string>;
    before(async () => {
        const made = await record(() => new ConversionRecord("record", { cluster: {}, metadata, begin }, {}));
        text = storedText(one(made, "pulumi-nodejs:dynamic/alpa-auth:ConversionRecord"));
    });
    beforeEach(async () => {
        sent.length = 0;
        exists = true;
        refusal = undefined;
        data = {};
        api = await fakeApi((path, request) => {
            sent.push({ path, ...request });
            if (refusal) return refusal;
            if (request.method !== "POST" && !exists) return undefined;
            if (request.method !== "DELETE") data = { ...data, ...request.body.data };
            return { kind: "ConfigMap", apiVersion: "v1", metadata, data };
        });
    });
    const inputs = (part: { begin?: Beginning; end?: Ending }) => ({
        metadata,
        ...part,
        kubeconfig: api.kubeconfig,
        __provider: text,
    });

    it("stores its provider in less than 17 kB, without the Pulumi SDK", () =>
        assertStored(text, 17_000, ["@kubernetes/client-node", "node:fs", "node:os", "node:path", "yaml"]));

    it("creates the object where it does not exist", async () => {
        exists = false;
        await load(text).create!(inputs({ begin }));
        const { method, body } = sent.at(-1)!;
        assert.equal(method, "POST");
        assert.deepEqual(body.data, begin);
        assert.deepEqual(body.metadata.annotations, metadata.annotations);
    });

    it("quotes the API server's message when it was rejected", async () => {
        refusal = { kind: "Status", code: 422, message: 'configmaps "x" is forbidden: frozen' };
        await assert.rejects(load(text).update!("id", inputs({ end }), inputs({ end })), {
            message:
                'ConfigMap a/alpa-auth-conversion: could not be written (configmaps "x" is forbidden: frozen). Correct what that error names.',
        });
        await assert.rejects(
            load(text).delete!("id", inputs({ begin })),
            /could not be written \(configmaps "x" is forbidden/,
        );
    });

    it("changes its own fields of an existing object, and removes a former holder", async () => {
        await load(text).update!("id", inputs({ begin }), inputs({ begin }));
        assert.deepEqual([sent[0].method, sent[0].path], ["PATCH", PATH]);
        assert.match(sent[0].type!, /merge-patch/);
        assert.deepEqual(sent[0].body.data, { ...begin, holder: null, until: null });
    });

    it("stores since when a phase holds, and keeps that while only the callers change", async () => {
        const provider = load(text);
        await provider.create!(inputs({ end }));
        assert.ok(Date.parse(sent[0].body.data.since) > 0);
        await provider.update!("id", inputs({ end }), inputs({ end: { ...end, callers: "def" } }));
        assert.deepEqual(sent[1].body.data, { phase: "drain", callers: "def" });
        await provider.update!("id", inputs({ end }), inputs({ end: { ...end, phase: "stop" } }));
        assert.ok("since" in sent[2].body.data);
    });

    it("outputs since when the phase holds, also after a run that changed no phase", async () => {
        const provider = load(text);
        const { since } = (await provider.create!(inputs({ end }))).outs!;
        assert.equal(since, sent[0].body.data.since);
        const again = await provider.update!("id", inputs({ end }), inputs({ end: { ...end, callers: "def" } }));
        assert.equal(again.outs!.since, since);
        exists = false;
        const made = await provider.create!(inputs({ end }));
        assert.equal(made.outs!.since, sent.at(-1)!.body.data.since);
    });

    it("is deleted with the first part; the last part deletes only its own fields", async () => {
        const provider = load(text);
        await provider.delete!("id", inputs({ end }));
        assert.deepEqual([sent[0].method, sent[0].body.data], ["PATCH", { phase: null, callers: null, since: null }]);
        await provider.delete!("id", inputs({ begin }));
        assert.equal(sent[1].method, "DELETE");
        exists = false;
        await provider.delete!("id", inputs({ begin }));
        await provider.delete!("id", inputs({ end }));
    });

    it("is written again for another phase, attempt or holder, and for no other change", async () => {
        const changes = async (news: Beginning) =>
            (await load(text).diff!("id", inputs({ begin }), inputs({ begin: news }))).changes;
        assert.equal(await changes({ ...begin }), false);
        assert.equal(await changes({ ...begin, attempt: "2" }), true);
        assert.equal(await changes({ ...begin, going: "stop" }), true);
        assert.equal(await changes({ ...begin, holder: "x", until: "y" }), true);
    });
});
