// Proves which scripts each component runs on hosts over SSH, that no secret is in a command line, and that the host's key is
// verified. *-scripts.test.ts prove on sandbox hosts what the scripts do.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { CloudflaredHost } from "../../../../components/cloudflare/cloudflared/host";
import { ServerFirewall } from "../../../../components/hosts/server-firewall/server-firewall";
import type { SshHost } from "../../../../components/hosts/ssh-host";
import { comesAfter, inputsOf, one, plain, record } from "../../../kit";

const COMMAND = "command:remote:Command";
const SHA256 = "ab".repeat(32);
const host = (address: string, more: Partial<SshHost> = {}): SshHost => ({
    address,
    port: 22,
    user: "ops",
    hostKey: "ssh-ed25519 AAAA",
    privateKey: pulumi.secret("the-private-key"),
    ...more,
});
const connectors = {
    version: "2026.8.2",
    sha256: SHA256,
    token: pulumi.secret("the-tunnel-token"),
    graceSeconds: 180,
    teamName: "acme",
    instances: 2,
    meaning: {},
};
const rules = { serverPorts: [20001], gateways: ["10.0.0.11", "fd00::11"], rayPorts: ["6379"], alsoFrom: ["10.9.0.7"] };

const components: [
    name: string,
    program: (hosts: SshHost[]) => pulumi.ComponentResource,
    create: string,
    ...secrets: string[],
][] = [
    [
        "connectors",
        (hosts) => new CloudflaredHost("at", { ...connectors, hosts }),
        `install 2026.8.2 ${SHA256} 2 20241 -`,
        "the-tunnel-token",
    ],
    [
        "firewall rules",
        (hosts) => new ServerFirewall("at", { rules, hosts }, pulumi.output("seed")),
        "install server=20001 'from=10.0.0.11,fd00::11' ray=6379 also-from=10.9.0.7",
    ],
];
for (const [name, program, create, ...secrets] of components)
    describe(`commands on hosts for ${name}`, () => {
        const build = (...hosts: SshHost[]) => record(() => program(hosts));

        it("are shown in a preview, run again for a change, and remove everything on destroy", async () => {
            const { inputs } = one(await build(host("10.0.0.5")), COMMAND, "at-10.0.0.5");
            assert.equal(inputs.create, `sh -s -- 10.0.0.5 alpa-auth/test ${create}`);
            assert.equal(inputs.delete, "sh -s -- 10.0.0.5 alpa-auth/test remove");
            assert.equal(inputs.update, undefined);
        });

        it("keep every secret secret, and out of command lines", async () => {
            const resource = one(
                await build(host("10.0.0.5", { sudoPassword: pulumi.secret("the-password") })),
                COMMAND,
            );
            for (const text of ["the-private-key", "the-password", ...secrets]) {
                assert.ok(!JSON.stringify(inputsOf(resource)).includes(text), text);
                assert.ok(JSON.stringify(plain(resource.inputs)).includes(text), `an input has ${text}, as a secret`);
            }
            assert.deepEqual([resource.inputs.logging, resource.inputs.environment], ["none", undefined]);
        });

        it("always verify the host's key, and time out on a host that is down", async () => {
            const { connection } = plain(one(await build(host("10.0.0.5")), COMMAND).inputs) as { connection: object };
            assert.deepEqual(connection, {
                ...{ host: "10.0.0.5", port: 22, user: "ops", privateKey: "the-private-key" },
                ...{ hostKey: "ssh-ed25519 AAAA", dialErrorLimit: 3, perDialTimeout: 10 },
            });
        });
    });

describe("commands that callers would notice on all hosts at once", () => {
    for (const [name, program] of components.slice(0, 2))
        it(`run on one host after the other: ${name}`, async () => {
            const hosts = [host("a.test"), host("b.test", { port: 2222 }), host("c.test")];
            const seen = await record(() => program(hosts));
            const [a, b, c] = ["a.test", "b.test-2222", "c.test"].map((at) => one(seen, COMMAND, `at-${at}`));
            assert.ok(comesAfter(seen, b, a) && comesAfter(seen, c, b) && !comesAfter(seen, a, b));
        });

    it("quote the address of a mirror as one word", async () => {
        const source = "https://mirror.test/a b?c='d'";
        const hosts = [host("10.0.0.5")];
        const seen = await record(() => new CloudflaredHost("at", { ...connectors, hosts, source }));
        const { create } = one(seen, COMMAND).inputs;
        assert.ok(create.endsWith(` 20241 'https://mirror.test/a b?c='\\''d'\\'''`), create);
    });
});
