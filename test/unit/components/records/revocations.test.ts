// Proves what the stack records about keys that callers have brought, and which of these keys it rejects.
// test/engine/callers/credentials.test.ts proves that a rejection ends a preview.
import { strict as assert } from "node:assert";
import { revocationsRule as provider } from "../../../../components/records/record-rules";
import { Revocations } from "../../../../components/records/records";
import { one, record } from "../../../kit";
import { interSettings, recordInter } from "../../kit/inter";
import { recordStack } from "../../kit/intra-a";
import { recordIntraB } from "../../kit/intra-b";
import { givenOf } from "../../policy/stacks";
import { assertStored, load, storedText } from "../kubernetes/stored";

type Declared = Record<string, string>;
const inputs = (declared: Declared, readmit: Record<string, string> = {}) => ({ declared, readmit });
type State = Awaited<ReturnType<typeof created>>;
const created = async (declared: Declared) => (await provider.create!(inputs(declared))).outs!;
const updated = async (olds: State, declared: Declared, readmit: Record<string, string> = {}) =>
    (await provider.update!("id", olds, inputs(declared, readmit))).outs!;
const previewed = (olds: State, declared: Declared, readmit: Record<string, string> = {}) =>
    provider.diff!("id", olds, inputs(declared, readmit));

const BOTH = { "alice/k1": "digest-of-k1", "alice/k2": "digest-of-k2" };

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:Revocations";

describe("Revocations", () => {
    it("records a key that was removed: its owner, the day, and a salted hash", async () => {
        const { revoked, salt } = await updated(await created(BOTH), { "alice/k2": "digest-of-k2" });
        assert.deepEqual(
            revoked.map(({ who }) => who),
            ["alice/k1"],
        );
        assert.match(revoked[0].id, /^revocation-[0-9a-f]{8}$/);
        assert.ok(Math.abs(Date.parse(revoked[0].at) - Date.now()) < 60_000);
        assert.match(revoked[0].hash, /^[0-9a-f]{64}$/);
        assert.equal(salt.length, 32);
        const other = await updated(await created(BOTH), {});
        assert.ok(!other.revoked.some(({ hash }) => hash === revoked[0].hash), "another stack has another salt");
    });

    it("rejects a revoked key in preview, under its old name and under another, and says how to accept the key", async () => {
        const state = await updated(await created(BOTH), {});
        for (const who of ["alice/k1", "eve/new"])
            await assert.rejects(
                previewed(state, { [who]: "digest-of-k1" }),
                new RegExp(
                    `^Error: consumers: ${who}: this stack has revoked its key on \\S+, as alice/k1\\. Give it another key\\. .* add readmit: ${state.revoked[0].id} to the credential\\.$`,
                ),
            );
        await assert.rejects(previewed(state, BOTH), /alice\/k1: .*\nconsumers: alice\/k2: /);
    });

    it("accepts a revoked key if the config names its revocation, and removes the record of that revocation", async () => {
        const state = await updated(await created(BOTH), {});
        const [k1, k2] = state.revoked;
        const back = { "alice/k1": "digest-of-k1" };
        assert.equal((await previewed(state, back, { "alice/k1": k1.id })).changes, true);
        await assert.rejects(previewed(state, back, { "alice/k1": k2.id }), /has revoked its key/);
        await assert.rejects(previewed(state, back, { "alice/k2": k1.id }), /has revoked its key/);
        const after = await updated(state, back, { "alice/k1": k1.id });
        assert.deepEqual(after.revoked, [k2]);
    });

    it("does not accept a key that is revoked again by the same line of the config", async () => {
        const state = await updated(await created({ "alice/k1": "digest" }), {});
        const named = { "alice/k1": state.revoked[0].id };
        const again = await updated(await updated(state, { "alice/k1": "digest" }, named), {});
        await assert.rejects(previewed(again, { "alice/k1": "digest" }, named), /has revoked its key/);
    });

    it("keeps its records through later changes", async () => {
        let state = await updated(await created(BOTH), { "alice/k2": "digest-of-k2" });
        state = await updated(state, { "bob/k": "digest-of-bob" });
        assert.deepEqual(
            state.revoked.map(({ who }) => who),
            ["alice/k1", "alice/k2"],
        );
    });

    it("records nothing for a key that moves to another credential", async () => {
        const state = await updated(await created(BOTH), { "team/k1": "digest-of-k1", "alice/k2": "digest-of-k2" });
        assert.deepEqual(state.revoked, []);
    });

    it("is the same resource after a change of the stack's option", async () => {
        const stacks = [
            await recordStack("helm"),
            await recordIntraB("open"),
            await recordInter(interSettings("helm")),
        ];
        const urns = stacks.map((seen) => givenOf(seen).find(({ type }) => type === TYPE)!.urn);
        assert.equal(new Set(urns).size, 1);
    });

    it("does not change by the order of callers", async () => {
        const state = await created(BOTH);
        const turned = Object.fromEntries(Object.entries(BOTH).reverse());
        assert.equal((await previewed(state, turned)).changes, false);
        assert.equal((await previewed(state, { "alice/k1": "digest-of-k1" })).changes, true);
    });

    it("is stored without the SDK, and works from the state", async () => {
        const seen = await record(() => new Revocations(inputs(BOTH)));
        const text = storedText(one(seen, TYPE));
        assertStored(text, 17_000, ["node:crypto"]);
        const stored = load(text);
        const of = (declared: Record<string, string>) => ({ kind: "Revocations", ...inputs(declared) });
        const { outs } = await stored.create!(of(BOTH));
        const revoked = (await stored.update!("x", outs, of({}))).outs;
        await assert.rejects(stored.diff!("x", revoked, of(BOTH)), /has revoked its key/);
    });
});
