// Proves the resources of the connectors' component. cloudflared-scripts.test.ts proves on sandbox hosts what its scripts do;
// neither proves that the real cloudflared connects.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { CloudflaredHost, type CloudflaredHostArgs } from "../../../../components/cloudflare/cloudflared/host";
import { comesAfter, inputsOf, one, plain, record, type Seen } from "../../../kit";

const COMMAND = "command:remote:Command";
const SHA256 = "ab".repeat(32);
const host = (
    address: string,
    more: Partial<CloudflaredHostArgs["hosts"][0]> = {},
): CloudflaredHostArgs["hosts"][0] => ({
    address,
    port: 22,
    user: "ops",
    hostKey: "ssh-ed25519 AAAA",
    privateKey: pulumi.secret("the-private-key"),
    ...more,
});

const build = (args: Partial<CloudflaredHostArgs> = {}): Promise<Seen[]> =>
    record(
        () =>
            new CloudflaredHost("connectors", {
                hosts: [host("10.0.0.5")],
                version: "2026.8.2",
                sha256: SHA256,
                token: pulumi.secret("the-tunnel-token"),
                graceSeconds: 180,
                teamName: "acme",
                instances: 2,
                ...args,
            }),
    );

describe("CloudflaredHost", () => {
    it("shows in a preview what is installed on which host", async () => {
        const { inputs } = one(await build(), COMMAND, "connectors-10.0.0.5");
        assert.equal(inputs.create, `sh -s -- 10.0.0.5 alpa-auth/test install 2026.8.2 ${SHA256} 2 20241 -`);
        assert.equal(inputs.delete, "sh -s -- 10.0.0.5 alpa-auth/test remove");
        assert.equal(inputs.update, undefined, "a change installs again");
        assert.equal(inputs.triggers, undefined, "nothing replaces it");
    });

    it("keeps token, key and password secret, and out of command lines", async () => {
        const hosts = [host("10.0.0.5", { sudoPassword: pulumi.secret("the-password") })];
        const resource = one(await build({ hosts }), COMMAND);
        const shown = JSON.stringify(inputsOf(resource));
        for (const secret of ["the-tunnel-token", "the-private-key", "the-password"]) {
            assert.doesNotMatch(shown, new RegExp(secret));
            assert.match(
                JSON.stringify(plain(resource.inputs)),
                new RegExp(secret),
                "the output contains it, as a secret",
            );
        }
        assert.equal(resource.inputs.logging, "none");
        assert.equal(resource.inputs.environment, undefined);
    });

    it("always verifies the host's key, and times out on a host that is down", async () => {
        const { connection } = plain(one(await build(), COMMAND).inputs) as any;
        const { privateKey: _key, ...rest } = connection;
        assert.deepEqual(rest, {
            host: "10.0.0.5",
            port: 22,
            user: "ops",
            hostKey: "ssh-ed25519 AAAA",
            dialErrorLimit: 3,
            perDialTimeout: 10,
        });
    });

    it("changes one host after the other", async () => {
        const seen = await build({ hosts: [host("a.test"), host("b.test", { port: 2222 }), host("c.test")] });
        const [a, b, c] = ["a.test", "b.test-2222", "c.test"].map((place) => one(seen, COMMAND, `connectors-${place}`));
        assert.ok(comesAfter(seen, b, a));
        assert.ok(comesAfter(seen, c, b));
        assert.ok(!comesAfter(seen, a, b));
    });

    it("quotes the address of a mirror as one word", async () => {
        const { inputs } = one(await build({ source: "https://mirror.test/a b?c='d'" }), COMMAND);
        assert.ok(inputs.create.endsWith(` 20241 'https://mirror.test/a b?c='\\''d'\\'''`), inputs.create);
    });
});
