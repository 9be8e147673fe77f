import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { Tunnel } from "../../../../components/cloudflare/tunnel";
import { record, value } from "../../../kit";
import { CALLS } from "../../kit/cloudflare";

describe("Tunnel", () => {
    let tunnel: Tunnel;
    const made = () => record(() => (tunnel = new Tunnel("tunnel", { account: "0".repeat(32) })), {}, CALLS);

    it("outputs its token as a secret, which the provider's answer is not", async () => {
        await made();
        assert.equal(await pulumi.isSecret(tunnel.token), true);
        assert.equal(await value(tunnel.token), "s3cret-tunnel-token");
    });
});
