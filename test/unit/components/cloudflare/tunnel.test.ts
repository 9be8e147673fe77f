import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { Tunnel, tunnelName } from "../../../../components/cloudflare/tunnel";
import { one, record, value } from "../../../kit";
import { CALLS } from "../../cloudflare";

describe("Tunnel", () => {
    let tunnel: Tunnel;
    const made = () => record(() => (tunnel = new Tunnel("tunnel", { account: "0".repeat(32) })), {}, CALLS);

    it("gives its token as a secret, which the answer of the provider is not", async () => {
        await made();
        assert.equal(await pulumi.isSecret(tunnel.token), true);
        assert.equal(await value(tunnel.token), "s3cret-tunnel-token");
    });
    it("leads to a name that exists inside Cloudflare only", async () => {
        await made();
        assert.equal(await value(tunnel.target), "tunnel-tunnel-id.cfargotunnel.com");
    });
    it("leaves its secret to Cloudflare", async () => {
        const { inputs } = one(await made(), "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared");
        assert.ok(!("tunnelSecret" in inputs));
    });
    it("is called after its stack", () => assert.equal(tunnelName("alpa-auth/production"), "alpa-auth-production"));
});
