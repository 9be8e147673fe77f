import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { cloudflare } from "../../../stacks/cloudflare";
import { record, value } from "../../kit";
import { ACCOUNT, CALLS, cloudflareStack, recordCloudflare, TOKENS } from "../kit/cloudflare";

describe("stack cloudflare", () => {
    it("outputs the address, the expiries and the name servers in plain text, and pairs as secrets", async () => {
        let outputs: ReturnType<typeof cloudflare> | undefined;
        await record(() => (outputs = cloudflare(cloudflareStack())), TOKENS, CALLS);
        const { url, credentials, curl, expires, nameServers, zoneStatus, ...others } = outputs!;
        assert.deepEqual(others, {}, "no ds: only a signed zone has one, and Pulumi warns of an empty output");
        assert.equal(url, "https://llm.example.com");
        assert.equal(await pulumi.isSecret(credentials), true);
        assert.equal(await pulumi.isSecret(curl), true);
        for (const output of [expires, nameServers, zoneStatus])
            assert.equal(await pulumi.isSecret(output as pulumi.Output<unknown>), false);
        assert.deepEqual(await value(nameServers), ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"]);
        assert.equal(await value(zoneStatus), "active");
    });

    describe("with a disabled token", () => {
        const consumers = ["on", "off"].map((id) => ({
            name: "lab",
            credentials: [{ id, method: "service-token", enabled: id === "on" }],
        }));
        consumers[1].name = "nlp";
        const asked = async (preview: boolean) => {
            const calls: unknown[] = [];
            const tokens = { "nlp.off-token": TOKENS["nlp.2026a-token"], "lab.on-token": TOKENS["lab.2026a-token"] };
            const confirm = async (call: unknown) => void calls.push(call);
            await record(() => cloudflare(cloudflareStack({ consumers }), confirm), tokens, CALLS, preview);
            return calls;
        };

        it("checks whether Cloudflare rejects that token, and no other", async () =>
            assert.deepEqual(await asked(false), [{ account: ACCOUNT, ids: { "nlp/off": "nlp.off-token-id" } }]));

        it("checks nothing in a preview, when the token may still be accepted", async () =>
            assert.deepEqual(await asked(true), []));
    });

    it("creates nothing of the other options", async () => {
        const seen = await recordCloudflare();
        assert.deepEqual(
            seen.filter(({ type }) => /kubernetes|random/.test(type)).map(({ name }) => name),
            ["seed"],
        );
    });
});
