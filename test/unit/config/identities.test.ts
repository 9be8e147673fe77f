import { strict as assert } from "node:assert";
import { configuredIdentities } from "../../../config/identities";
import { ACCOUNT, cloudflareStack, HOST, TUNNEL } from "../kit/cloudflare";
import { exposed, parseIntra, raw, settings } from "../kit/intra-a";
import { SSH, THREE } from "../kit/cluster-nodes";

const idsOf = (identities: ReturnType<typeof configuredIdentities>) =>
    Object.fromEntries(Object.entries(identities).map(([name, { id }]) => [name, id]));

describe("what a stack is bound to by its config", () => {
    it("is nothing for a gateway in an existing cluster", () =>
        assert.deepEqual(configuredIdentities(settings("helm")), {}));

    it("is account, zone and each host with option cloudflare", () => {
        const ids = idsOf(configuredIdentities(cloudflareStack()));
        assert.equal(ids["Cloudflare account"], ACCOUNT);
        assert.equal(ids["Cloudflare zone"], cloudflareStack().zone.name);
        assert.match(ids[`host ${HOST.address}`], /^SHA256:[\w+/]{43}$/);
    });

    it("is account and zone with exposure tunnel", () =>
        assert.deepEqual(Object.keys(configuredIdentities(settings("helm", exposed("helm")))).sort(), [
            "Cloudflare account",
            "Cloudflare zone",
        ]));

    it("changes with the SSH key of a host, and not with its comment", () => {
        const of = (hostKey: string) =>
            idsOf(configuredIdentities(cloudflareStack({ tunnel: { ...TUNNEL, hosts: [{ ...HOST, hostKey }] } })))[
                `host ${HOST.address}`
            ];
        assert.notEqual(of(`ssh-ed25519 ${"A".repeat(64)}BBBB`), of(HOST.hostKey));
        assert.equal(of(`${HOST.hostKey} root@host`), of(HOST.hostKey));
    });

    it("is each node of the cluster", () => {
        const values = raw({
            cluster: { nodes: THREE },
            ssh: SSH,
            gateway: { installer: "helm", crds: ["crds.yaml"] },
        });
        assert.deepEqual(Object.keys(configuredIdentities(parseIntra(values))), [
            "host 10.0.0.1",
            "host 10.0.0.2",
            "host 10.0.0.3",
        ]);
    });
});
