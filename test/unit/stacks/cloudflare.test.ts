import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { cloudflare } from "../../../stacks/cloudflare";
import { record, value } from "../../kit";
import { CALLS, cloudflareStack, recordCloudflare, TOKENS } from "../cloudflare";

describe("stack cloudflare", () => {
    it("hands out the entry point, the ends and the name servers in plain, and pairs as secrets", async () => {
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

    it("makes nothing of the other options", async () => {
        const types = (await recordCloudflare()).map(({ type }) => type);
        assert.deepEqual(
            types.filter((type) => /kubernetes|random/.test(type)),
            [],
        );
    });
});
