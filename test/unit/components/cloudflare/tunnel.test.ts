import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { Tunnel, tunnelName } from "../../../../components/cloudflare/tunnel";
import { one, record, value } from "../../../kit";
import { CALLS } from "../../kit/cloudflare";

describe("Tunnel", () => {
    let tunnel: Tunnel;
    const made = () => record(() => (tunnel = new Tunnel("tunnel", { account: "0".repeat(32) })), {}, CALLS);

    it("outputs its token as a secret, which the provider's answer is not", async () => {
        await made();
        assert.equal(await pulumi.isSecret(tunnel.token), true);
        assert.equal(await value(tunnel.token), "s3cret-tunnel-token");
    });
    it("has a DNS name that exists only inside Cloudflare", async () => {
        await made();
        assert.equal(await value(tunnel.target), "tunnel-tunnel-id.cfargotunnel.com");
    });
    it("leaves the generation of its secret to Cloudflare", async () => {
        const { inputs } = one(await made(), "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared");
        assert.ok(!("tunnelSecret" in inputs));
    });
    it("is named after its stack", () => assert.equal(tunnelName("alpa-auth/production"), "alpa-auth-production"));
});
