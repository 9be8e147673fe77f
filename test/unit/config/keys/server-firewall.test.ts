// Proves which configs of firewall are valid, and which sources they admit.
import { strict as assert } from "node:assert";
import * as z from "zod";
import {
    serverFirewall,
    firewallProblems,
    firewallSettings,
    firewallWarnings,
    type ParsedFirewall,
} from "../../../../config/keys/hosts/firewall";
import { ssh } from "../../../../config/keys/hosts/ssh-host";
import { crossCheck } from "../../../../config/cross-check";
import { explain, wording } from "../../../../config/problems";
import { newKey } from "../../../../sandbox/hosts";

const HOST = {
    address: "10.0.0.5",
    hostKey: `ssh-ed25519 ${"A".repeat(68)}`,
};
const SSH = { user: "ops", privateKey: newKey() };
const ENDPOINTS = ["10.0.0.5:20001"];
const NODES = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];
const nodes = (addresses = NODES) => ({ cluster: { nodes: addresses.map((address) => ({ address })) } });

const schema = z.object({
    alpa: z.object({ endpoints: z.array(z.string()) }),
    firewall: serverFirewall.optional(),
    ssh: ssh.optional(),
    cluster: z.object({ nodes: z.array(z.object({ address: z.string() })).optional() }).optional(),
});
function problems(firewall: unknown, more: Record<string, unknown> = nodes()): string[] {
    const values = { alpa: { endpoints: ENDPOINTS }, firewall, ssh: SSH, ...more };
    const checked = schema.check(
        crossCheck((config) => firewallProblems(config as Parameters<typeof firewallProblems>[0], values)),
    );
    const wrong = checked.safeParse(values, { error: wording }).error?.issues ?? [];
    return wrong.flatMap((issue) => explain(issue, values, schema, {}));
}
const parsed = (firewall: z.input<typeof serverFirewall>): ParsedFirewall => serverFirewall.parse(firewall);

describe("config of firewall", () => {
    const taken: [what: string, firewall: unknown, values?: Record<string, unknown>][] = [
        ["nothing", undefined, {}],
        ["the addresses of the cluster's nodes", {}],
        ["addresses and networks of its own", { from: ["10.0.0.0/24", "10.1.0.7", "fd00::/64"] }, {}],
        ["addresses in addition to nodes with names", { from: ["10.0.0.11"] }, nodes(["gw1.example.com"])],
        ["hosts on which it is loaded", { hosts: [HOST, { ...HOST, address: "10.0.0.6" }] }],
        ["Ray's ports with all Ray nodes", { ports: [6379, "10002-19999"], alsoFrom: ["10.0.0.6"] }],
        ["Ray's ports without other sources", { ports: ["6379"], alsoFrom: [] }],
    ];
    for (const [what, firewall, values] of taken)
        it(`accepts ${what}`, () => assert.deepEqual(problems(firewall, values), []));

    const refused: [why: string, firewall: unknown, problem: string | RegExp, values?: Record<string, unknown>][] = [
        [
            "no nodes and no addresses",
            {},
            /^firewall\.from: required, unless every entry/,
            { cluster: { kubeconfig: "x" } },
        ],
        [
            "a node with a name and no address",
            {},
            /^firewall\.from: required, unless every entry of cluster\.nodes has an IPv4 address/,
            nodes(["10.0.0.11", "gw2.example.com"]),
        ],
        [
            "no source",
            { from: [] },
            /^firewall\.from: must name at least one address, or no gateway reaches the server/,
        ],
        [
            "a name instead of an address",
            { from: ["gw1"] },
            /^firewall\.from\[0\]: must be an IPv4 or IPv6 address, or a network, for example 10\.0\.0\.0\/24 \(got "gw1"\)\.$/,
        ],
        ["everybody", { from: ["0.0.0.0/0"] }, /^firewall\.from\[0\]: must be a network with a prefix of \/1/],
        [
            "an invalid port",
            { ports: [70000], alsoFrom: [] },
            /^firewall\.ports\[0\]: must be a port or a range of ports/,
        ],
        [
            "the port of SSH",
            { ports: ["20-30"], alsoFrom: [] },
            "firewall.ports[0]: must not include 22, the port of SSH, which the rules would block (got 20-30).",
        ],
        [
            "another port of SSH",
            { hosts: [{ ...HOST, address: "10.0.0.5:2222" }], ports: [2222], alsoFrom: [] },
            "firewall.ports[0]: must not include 2222, the port of SSH, which the rules would block (got 2222).",
        ],
        [
            "Alpa on the SSH port",
            { hosts: [{ ...HOST, address: "10.0.0.5:20001" }] },
            "alpa.endpoints[0]: must not include 20001, the port of SSH, which the rules would block (got 20001).",
        ],
        ["Ray's ports closed for all by mistake", { ports: [6379] }, /^firewall\.alsoFrom: required with ports/],
    ];
    for (const [why, firewall, problem, values] of refused)
        it(`rejects ${why}`, () => {
            const said = problems(firewall, values);
            assert.equal(said.length, 1, said.join("\n"));
            if (typeof problem === "string") assert.equal(said[0], problem);
            else assert.match(said[0], problem);
        });

    it("admits the nodes of the cluster to each port of Alpa by default, and lists a port only once", () => {
        const endpoints = ["10.0.0.5:20001", "10.0.0.6:20001", "10.0.0.6:20002"];
        assert.deepEqual(firewallSettings(undefined, SSH, endpoints, NODES), {
            apply: "print",
            rules: { serverPorts: [20001, 20002], gateways: NODES, rayPorts: [], alsoFrom: [] },
        });
        const named = parsed({ from: ["10.0.0.0/24"], ports: [6379], alsoFrom: ["10.0.0.6"] });
        assert.deepEqual(firewallSettings(named, SSH, ENDPOINTS, NODES)!.rules, {
            serverPorts: [20001],
            gateways: ["10.0.0.0/24"],
            rayPorts: ["6379"],
            alsoFrom: ["10.0.0.6"],
        });
    });

    it("has no rules if the nodes' addresses are unknown, and warns about that", () => {
        for (const unknown of [[], ["gw1.example.com"]]) {
            assert.equal(firewallSettings(undefined, SSH, ENDPOINTS, unknown), undefined);
        }
        assert.match(
            [...firewallWarnings(undefined, ENDPOINTS)][0],
            /^firewall: not set, so the stack has no firewall rules for the hosts of/,
        );
    });

    it("warns about a node that the rules block, and about an Alpa host without the rules", () => {
        const settings = firewallSettings(parsed({ from: ["10.0.0.8/30"], hosts: [HOST] }), SSH, ENDPOINTS, NODES);
        const endpoints = [...ENDPOINTS, "10.0.0.6:20001"];
        const warnings = [...firewallWarnings(settings, endpoints, NODES)];
        assert.deepEqual(
            warnings.map((text) => /10\.0\.0\.\d+/.exec(text)?.[0]),
            ["10.0.0.12", "10.0.0.13", "10.0.0.6"],
        );
        const whole = firewallSettings(parsed({ hosts: [HOST] }), SSH, ENDPOINTS, NODES);
        assert.deepEqual([...firewallWarnings(whole, ENDPOINTS, NODES)], []);
    });
});
