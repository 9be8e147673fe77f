// Proves the resources of the Alpa host's firewall component. alpa-firewall-scripts.test.ts proves on sandbox hosts what its
// scripts do.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { AlpaFirewall } from "../../../../components/hosts/alpa-firewall/alpa-firewall";
import type { SshHost } from "../../../../components/hosts/ssh-host";
import { comesAfter, inputsOf, one, plain, record } from "../../../kit";

const COMMAND = "command:remote:Command";
const rules = { alpaPorts: [20001], gateways: ["10.0.0.11", "fd00::11"], rayPorts: ["6379"], alsoFrom: ["10.9.0.7"] };
const host = (address: string, more: Partial<SshHost> = {}): SshHost => ({
    address,
    port: 22,
    user: "ops",
    hostKey: "ssh-ed25519 AAAA",
    privateKey: pulumi.secret("the-private-key"),
    ...more,
});
const build = (...hosts: SshHost[]) => record(() => new AlpaFirewall("alpa-firewall", { rules, hosts }));

describe("AlpaFirewall", () => {
    it("shows in a preview which sources it admits, and on which host", async () => {
        const seen = await build(host("10.0.0.5"));
        const { inputs } = one(seen, COMMAND, "alpa-firewall-10.0.0.5");
        assert.equal(
            inputs.create,
            "sh -s -- 10.0.0.5 alpa-auth/test install alpa=20001 'from=10.0.0.11,fd00::11' ray=6379 also-from=10.9.0.7",
        );
        assert.equal(inputs.delete, "sh -s -- 10.0.0.5 alpa-auth/test remove");
        assert.equal(inputs.update, undefined, "a change loads them again");
        assert.equal(inputs.triggers, undefined, "nothing replaces it");
    });

    it("keeps key and password secret, and out of command lines", async () => {
        const seen = await build(host("10.0.0.5", { sudoPassword: pulumi.secret("the-password") }));
        const resource = one(seen, COMMAND);
        for (const secret of ["the-private-key", "the-password"]) {
            assert.doesNotMatch(JSON.stringify(inputsOf(resource)), new RegExp(secret));
            assert.match(
                JSON.stringify(plain(resource.inputs)),
                new RegExp(secret),
                "the output contains it, as a secret",
            );
        }
        assert.equal(resource.inputs.logging, "none");
    });

    it("changes one host after the other", async () => {
        const seen = await build(host("a.test"), host("b.test", { port: 2222 }));
        const [a, b] = ["a.test", "b.test-2222"].map((place) => one(seen, COMMAND, `alpa-firewall-${place}`));
        assert.ok(comesAfter(seen, b, a));
        assert.ok(!comesAfter(seen, a, b));
    });
});
