import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import type { TokenCredential } from "../../../../components/cloudflare/service-token";
import { fingerprint, ServiceTokens } from "../../../../components/cloudflare/service-tokens";
import { secretVersionsRule as provider } from "../../../../components/records/record-rules";
import { one, plain, record, type Seen } from "../../../kit";
import { assertStored, load, storedText } from "../kubernetes/stored";

const TOKEN = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken";
const VERSIONS = "pulumi-nodejs:dynamic/alpa-auth:SecretVersions";
const credential = (more: Partial<TokenCredential> = {}): TokenCredential => ({
    id: "a",
    duration: "8760h",
    enabled: true,
    ...more,
});
const PAIR = { clientId: "id.access", clientSecret: "s3cret" };

async function made(more: Partial<TokenCredential> = {}): Promise<Seen[]> {
    const consumers = [{ name: "lab", credentials: [credential(more)] }];
    return record(
        () =>
            new ServiceTokens("tokens", {
                ...{ account: "0".repeat(32), consumers, notify: [] },
                ...{ meaning: {}, meanings: {} },
            }),
        { "lab.a-token": PAIR },
    );
}

describe("ServiceTokens", () => {
    it("omits version and date of the secret before the first rotation, and sets both from then on", async () => {
        const first = one(await made(), TOKEN).inputs;
        assert.ok(!("clientSecretVersion" in first) && !("previousClientSecretExpiresAt" in first));
        const { clientSecretVersion, previousClientSecretExpiresAt } = one(
            await made({ secretVersion: 2, previousSecretExpires: "2026-12-09" }),
            TOKEN,
        ).inputs;
        assert.deepEqual([clientSecretVersion, previousClientSecretExpiresAt], [2, "2026-12-09T00:00:00Z"]);
    });
    it("disables a token where the config does", async () => {
        assert.equal(one(await made({ enabled: false }), TOKEN).inputs.enabled, false);
        assert.equal(one(await made(), TOKEN).inputs.enabled, true);
    });
    it("stores versions in plain text and a fingerprint of each secret as a secret, and no secret", async () => {
        const { versions, fingerprints } = one(
            await made({ secretVersion: 3, previousSecretExpires: "2026-12-09" }),
            VERSIONS,
        ).inputs;
        assert.deepEqual(versions, { "lab/a": 3 });
        assert.ok(pulumi.runtime.isRpcSecret(fingerprints));
        assert.deepEqual(plain(fingerprints), { "lab/a": fingerprint(PAIR) });
        assert.doesNotMatch(JSON.stringify(plain(fingerprints)), /s3cret/);
    });
});

describe("SecretVersions", () => {
    const inputs = (versions: Record<string, number>, fingerprints: Record<string, string>) => ({
        versions,
        fingerprints,
    });
    const olds = inputs({ "lab/a": 2, "nlp/a": 1 }, { "lab/a": "two", "nlp/a": "one" });
    const reasons = async (news: ReturnType<typeof inputs>, before: object = olds) =>
        ((await provider.check!(before as typeof olds, news)).failures ?? []).map((f) => f.reason);

    it("rejects a lower version in preview, and says what to write", async () => {
        const [reason, ...others] = await reasons(inputs({ "lab/a": 1, "nlp/a": 1 }, {}));
        assert.match(
            reason,
            /^consumers: lab\/a: secretVersion must be at least 2.*\(got 1\).*set 2 .* or rotate to 3\.$/,
        );
        assert.deepEqual(others, []);
    });
    it("accepts equal, higher, new and removed versions", async () => {
        for (const versions of [{ "lab/a": 2, "nlp/a": 1 }, { "lab/a": 3, "nlp/a": 2 }, { "lab/a": 2, "new/a": 5 }, {}])
            assert.deepEqual(await reasons(inputs(versions as Record<string, number>, {})), []);
    });
    it("accepts any version in a first run", async () => {
        assert.deepEqual(await reasons(inputs({ "lab/a": 7 }, {}), {}), []);
    });
    it("fails if a rotation returned the old secret, and stores nothing of that rotation", async () => {
        await assert.rejects(
            provider.update!("x", olds, inputs({ "lab/a": 3, "nlp/a": 2 }, { "lab/a": "two", "nlp/a": "new" })),
            /^Error: consumers: lab\/a: Cloudflare created no new secret for secretVersion 3 \(its answer has the secret of version 2\)\. /,
        );
    });
    it("says until when the old secret works after such a rotation, and how the caller gets a new secret without a gap", async () => {
        await assert.rejects(
            provider.update!("x", olds, inputs({ "lab/a": 3 }, { "lab/a": "two" })),
            /expires on the day of previousSecretExpires, or at once if secretVersion is raised\. Add a second credential, .* remove this one when its caller has switched\. If no caller uses it, raise secretVersion to 4 instead\.$/,
        );
    });
    it("accepts a rotation that returned a new secret", async () => {
        const news = inputs({ "lab/a": 3, "nlp/a": 1 }, { "lab/a": "three", "nlp/a": "one" });
        assert.deepEqual((await provider.update!("x", olds, news)).outs, news);
    });
    it("accepts a replaced token", async () => {
        const news = inputs({ "lab/a": 2, "nlp/b": 1 }, { "lab/a": "other", "nlp/b": "b" });
        assert.deepEqual((await provider.update!("x", olds, news)).outs, news);
    });
    it("is unchanged by the order of callers, and changed by a secret or a version", async () => {
        const changes = async (news: ReturnType<typeof inputs>) => (await provider.diff!("x", olds, news)).changes;
        assert.equal(await changes(inputs({ "nlp/a": 1, "lab/a": 2 }, { "nlp/a": "one", "lab/a": "two" })), false);
        assert.equal(await changes(inputs(olds.versions, { ...olds.fingerprints, "lab/a": "x" })), true);
        assert.equal(await changes(inputs({ ...olds.versions, "lab/a": 3 }, olds.fingerprints)), true);
    });
    it("is stored without the SDK, and works from the state", async () => {
        const text = storedText(one(await made(), VERSIONS));
        assertStored(text, 17_000, ["node:crypto"]);
        const stored = load(text);
        const of = (...args: Parameters<typeof inputs>) => ({ kind: "SecretVersions", ...inputs(...args) });
        assert.equal((await stored.check!(olds, of({ "lab/a": 1 }, {}))).failures?.length, 1);
        await assert.rejects(stored.update!("x", olds, of({ "lab/a": 3 }, { "lab/a": "two" })), /new secret/);
    });
});
