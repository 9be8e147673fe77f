// Proves which configs of alpa.firewall are valid, and which sources they admit.
import { strict as assert } from "node:assert";
import * as z from "zod";
import {
    serverFirewall,
    firewallProblems,
    firewallSettings,
    firewallWarnings,
    type ParsedFirewall,
} from "../../../../config/keys/hosts/server-firewall";
import { crossCheck } from "../../../../config/cross-check";
import { explain, wording } from "../../../../config/problems";
import { newKey } from "../../../../sandbox/hosts";

const HOST = {
    address: "10.0.0.5",
    user: "ops",
    hostKey: `ssh-ed25519 ${"A".repeat(68)}`,
    privateKey: newKey(),
};
const ENDPOINTS = ["10.0.0.5:20001"];
const NODES = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];
const nodes = (addresses = NODES) => ({ cluster: { nodes: addresses.map((address) => ({ address })) } });

const schema = z.object({
    alpa: z.object({
        endpoints: z.array(z.string().transform((address) => ({ address }))),
        firewall: serverFirewall.optional(),
    }),
    cluster: z.object({ nodes: z.array(z.object({ address: z.string() })).optional() }).optional(),
});
function problems(firewall: unknown, more: Record<string, unknown> = nodes(), secret = true): string[] {
    const values = { alpa: { endpoints: ENDPOINTS, firewall }, ...more };
    const checked = schema.check(crossCheck((config) => firewallProblems(config, values, () => secret)));
    const wrong = checked.safeParse(values, { error: wording }).error?.issues ?? [];
    return wrong.flatMap((issue) => explain(issue, values, schema, {}));
}
const parsed = (firewall: z.input<typeof serverFirewall>): ParsedFirewall => serverFirewall.parse(firewall);

describe("config of alpa.firewall", () => {
    const taken: [what: string, firewall: unknown, values?: Record<string, unknown>][] = [
        ["nothing", undefined, {}],
        ["the addresses of the cluster's nodes", {}],
        ["addresses and networks of its own", { from: ["10.0.0.0/24", "10.1.0.7", "fd00::/64"] }, {}],
        ["addresses in addition to nodes with names", { from: ["10.0.0.11"] }, nodes(["gw1.example.com"])],
        ["hosts on which it is loaded", { apply: "ssh", hosts: [HOST, { ...HOST, address: "10.0.0.6" }] }],
        ["Ray's ports with all Ray nodes", { ports: [6379, "10002-19999"], alsoFrom: ["10.0.0.6"] }],
        ["Ray's ports without other sources", { ports: ["6379"], alsoFrom: [] }],
    ];
    for (const [what, firewall, values] of taken)
        it(`accepts ${what}`, () => assert.deepEqual(problems(firewall, values), []));

    const refused: [why: string, firewall: unknown, problem: string | RegExp, values?: Record<string, unknown>][] = [
        [
            "an unknown apply",
            { apply: "shh" },
            /^alpa\.firewall\.apply: must be one of print, ssh \(got "shh"\)\. Did you/,
        ],
        [
            "ssh without hosts",
            { apply: "ssh" },
            "alpa.firewall.hosts: required with apply ssh, and only valid with it (got apply ssh). Name the hosts that the server runs on, or remove the key.",
        ],
        ["an empty list of hosts", { apply: "ssh", hosts: [] }, /^alpa\.firewall\.hosts: must name at least one host/],
        [
            "hosts where nothing is loaded",
            { hosts: [HOST] },
            /^alpa\.firewall\.hosts: required with apply ssh, and only valid with it \(got apply print\)/,
        ],
        [
            "a host named twice",
            { apply: "ssh", hosts: [HOST, HOST] },
            "alpa.firewall.hosts[1]: must be listed only once (alpa.firewall.hosts[0] is 10.0.0.5:22 too). Remove it.",
        ],
        [
            "a damaged key",
            { apply: "ssh", hosts: [{ ...HOST, privateKey: "id_ed25519" }] },
            /^alpa\.firewall\.hosts\[0\]\.privateKey: must be a private key/,
        ],
        [
            "a host without a key",
            { apply: "ssh", hosts: [{ ...HOST, privateKey: undefined }] },
            "alpa.firewall.hosts[0].privateKey: required. Run: pulumi config set --secret --path 'alpa.firewall.hosts[0].privateKey' < id_ed25519",
        ],
        [
            "no nodes and no addresses",
            {},
            /^alpa\.firewall\.from: required, unless every entry/,
            { cluster: { kubeconfig: "x" } },
        ],
        [
            "a node with a name and no address",
            {},
            /^alpa\.firewall\.from: required, unless every entry of cluster\.nodes has an IPv4 address/,
            nodes(["10.0.0.11", "gw2.example.com"]),
        ],
        [
            "no source",
            { from: [] },
            /^alpa\.firewall\.from: must name at least one address, or no gateway reaches the server/,
        ],
        [
            "a name instead of an address",
            { from: ["gw1"] },
            /^alpa\.firewall\.from\[0\]: must be an IPv4 or IPv6 address, or a network, for example 10\.0\.0\.0\/24 \(got "gw1"\)\.$/,
        ],
        ["everybody", { from: ["0.0.0.0/0"] }, /^alpa\.firewall\.from\[0\]: must be a network with a prefix of \/1/],
        [
            "an address that is meant as a network",
            { alsoFrom: ["10.0.0.5/24"] },
            /^alpa\.firewall\.alsoFrom\[0\]: must be the network 10\.0\.0\.0\/24, or a single address/,
        ],
        [
            "an invalid port",
            { ports: [70000], alsoFrom: [] },
            /^alpa\.firewall\.ports\[0\]: must be a port or a range of ports/,
        ],
        [
            "a range backwards",
            { ports: ["20-10"], alsoFrom: [] },
            /^alpa\.firewall\.ports\[0\]: must be a port or a range of ports/,
        ],
        [
            "the port of SSH",
            { ports: ["20-30"], alsoFrom: [] },
            "alpa.firewall.ports[0]: must not include 22, the port of SSH, which the rules would block (got 20-30).",
        ],
        [
            "another port of SSH",
            { apply: "ssh", hosts: [{ ...HOST, port: 2222 }], ports: [2222], alsoFrom: [] },
            "alpa.firewall.ports[0]: must not include 2222, the port of SSH, which the rules would block (got 2222).",
        ],
        [
            "Alpa on the SSH port",
            { apply: "ssh", hosts: [{ ...HOST, port: 20001 }] },
            "alpa.endpoints[0]: must not include 20001, the port of SSH, which the rules would block (got 20001).",
        ],
        ["Ray's ports closed for all by mistake", { ports: [6379] }, /^alpa\.firewall\.alsoFrom: required with ports/],
        ["an unknown key", { hostss: [] }, "alpa.firewall.hostss: is not a known key. Did you mean hosts?"],
    ];
    for (const [why, firewall, problem, values] of refused)
        it(`rejects ${why}`, () => {
            const said = problems(firewall, values);
            assert.equal(said.length, 1, said.join("\n"));
            if (typeof problem === "string") assert.equal(said[0], problem);
            else assert.match(said[0], problem);
        });

    it("rejects keys in plain text, and repeats none of them", () => {
        const secrets = { privateKey: HOST.privateKey, sudoPassword: "geheim" };
        const said = problems({ apply: "ssh", hosts: [{ ...HOST, ...secrets }] }, nodes(), false);
        assert.deepEqual(
            said.map((text) => text.split(":")[0]),
            ["alpa.firewall.hosts[0].privateKey", "alpa.firewall.hosts[0].sudoPassword"],
        );
        const misplaced = problems({ apply: "ssh", hosts: [secrets.privateKey] });
        for (const text of [...said, ...misplaced])
            assert.ok(!text.includes("geheim") && !text.includes("BEGIN OPENSSH"), text);
    });

    it("admits the nodes of the cluster to each port of Alpa by default, and lists a port only once", () => {
        const endpoints = ["10.0.0.5:20001", "10.0.0.6:20001", "10.0.0.6:20002"];
        assert.deepEqual(firewallSettings(undefined, endpoints, NODES), {
            apply: "print",
            rules: { serverPorts: [20001, 20002], gateways: NODES, rayPorts: [], alsoFrom: [] },
        });
        const named = parsed({ from: ["10.0.0.0/24"], ports: [6379], alsoFrom: ["10.0.0.6"] });
        assert.deepEqual(firewallSettings(named, ENDPOINTS, NODES)!.rules, {
            serverPorts: [20001],
            gateways: ["10.0.0.0/24"],
            rayPorts: ["6379"],
            alsoFrom: ["10.0.0.6"],
        });
    });

    it("has no rules if the nodes' addresses are unknown, and warns about that", () => {
        for (const unknown of [[], ["gw1.example.com"]]) {
            assert.equal(firewallSettings(undefined, ENDPOINTS, unknown), undefined);
        }
        assert.match(
            firewallWarnings(undefined, ENDPOINTS)[0],
            /^alpa\.firewall: not set, so the stack has no firewall rules for the hosts of/,
        );
    });

    it("warns about a node that the rules block, and about an Alpa host without the rules", () => {
        const settings = firewallSettings(
            parsed({ from: ["10.0.0.8/30"], apply: "ssh", hosts: [HOST] }),
            ENDPOINTS,
            NODES,
        );
        const endpoints = [...ENDPOINTS, "10.0.0.6:20001"];
        const warnings = firewallWarnings(settings, endpoints, NODES);
        assert.deepEqual(
            warnings.map((text) => /10\.0\.0\.\d+/.exec(text)?.[0]),
            ["10.0.0.12", "10.0.0.13", "10.0.0.6"],
        );
        const whole = firewallSettings(parsed({ apply: "ssh", hosts: [HOST] }), ENDPOINTS, NODES);
        assert.deepEqual(firewallWarnings(whole, ENDPOINTS, NODES), []);
    });
});
