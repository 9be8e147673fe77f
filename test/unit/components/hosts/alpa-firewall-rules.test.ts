// Proves the rules of the Alpa host, with the sandbox's nft. alpa-firewall-kernel.test.ts tests the same packets with a kernel.
import assert from "node:assert/strict";
import {
    printedRules,
    renderRules,
    stampOf,
    type FirewallRules,
} from "../../../../components/hosts/alpa-firewall/rules";
import { load } from "../../../../sandbox/hosts/nft/load";
import { decide, type Packet } from "../../../../sandbox/hosts/nft/ruleset";
import { CASES, packetsOf, RULES } from "./alpa-firewall-cases";

const ruleset = (rules: FirewallRules) => load(new Map(), "rules.nft", renderRules(rules), 0);

describe("rules of the Alpa host", () => {
    const filled = ruleset(RULES);
    for (const known of CASES)
        it(`${known.verdict} ${known.what}`, () => {
            const verdicts = packetsOf(known).map((packet) => decide(filled, packet));
            assert.equal(verdicts.includes("drop") ? "drop" : "accept", known.verdict);
        });

    const passedOn: [what: string, packet: Packet][] = [
        ["from outside to another host", { source: "10.0.0.13", port: 20001, leavesOn: "eth1" }],
        [
            "from a container to another host",
            { source: "172.17.0.2", port: 20001, arrivesOn: "docker0", leavesOn: "eth0" },
        ],
        ["between containers", { source: "172.17.0.2", port: 6379, arrivesOn: "docker0", leavesOn: "br-0f3a" }],
        [
            "between containers of two networks",
            { source: "172.18.0.2", port: 6379, arrivesOn: "br-0f3a", leavesOn: "docker0" },
        ],
        ["in tiny fragments to another host", { source: "10.0.0.13", fragment: { offset: 1 }, leavesOn: "eth1" }],
    ];
    for (const [what, packet] of passedOn)
        it(`accept what the host forwards ${what}`, () => assert.equal(decide(filled, packet), "accept"));

    for (const bridge of ["docker0", "br-0f3a", "podman1", "cni0", "nerdctl0"])
        it(`drop connections from outside to a container on ${bridge}, whose port the host publishes`, () =>
            assert.equal(decide(filled, { source: "203.0.113.9", port: 20001, leavesOn: bridge }), "drop"));

    it("close no port other than those named, for any source", () => {
        const named = (port: number) => [6379, 8265, 20001].includes(port) || (port >= 10001 && port <= 19999);
        const cut = Array.from({ length: 65535 }, (_, i) => i + 1).filter(
            (port) => decide(filled, { source: "203.0.113.9", port }) === "drop",
        );
        assert.deepEqual(
            cut.filter((port) => !named(port)),
            [],
        );
        assert.equal(cut.length, 10_002);
    });

    it("do not affect Ray's ports when none is named", () => {
        const bare = ruleset({ ...RULES, rayPorts: [] });
        assert.equal(decide(bare, { source: "203.0.113.9", port: 6379 }), "accept");
        assert.equal(decide(bare, { source: "203.0.113.9", port: 20001 }), "drop");
    });

    it("replace the previous rules of this stack, and no others", () => {
        const others = load(new Map(), "other", "table inet other {\n chain c {\n accept\n }\n}\n", 0);
        const once = load(others, "rules.nft", renderRules(RULES), 0);
        const twice = load(once, "rules.nft", renderRules({ ...RULES, gateways: ["10.0.0.13"] }), 0);
        assert.deepEqual([...twice.keys()].sort(), ["alpa_auth", "other"]);
        assert.equal(decide(twice, { source: "10.0.0.13", port: 20001 }), "accept");
        assert.equal(decide(twice, { source: "10.0.0.11", port: 20001 }), "drop");
        assert.deepEqual(twice.get("other"), others.get("other"));
        assert.equal(twice.get("alpa_auth")!.chains.get("alpa")!.rules.length, 7, "each rule once");
    });

    it("are the same text for the same addresses, in any notation and order", () => {
        const text = renderRules({
            ...RULES,
            gateways: ["fd00:0::11", "10.4.0.0/24", "10.0.0.12", "10.0.0.11", "10.4.0.9"],
        });
        assert.equal(text, renderRules(RULES));
    });

    it("are the same text for the same ports", () => {
        const rayPorts = ["15000-19999", "10001-15000", "12000-12999", "8265", "6379", "8265"];
        assert.equal(renderRules({ ...RULES, rayPorts, alpaPorts: [20001, 20001] }), renderRules(RULES));
    });

    it("have a different mark for each text", () => {
        const [a, b] = [RULES, { ...RULES, gateways: ["10.0.0.11"] }].map((rules) => stampOf(renderRules(rules)));
        assert.match(a, /^"alpa-auth [0-9a-f]{16}"$/);
        assert.notEqual(a, b);
    });

    it("are printed with how to check, load and remove them, as a file that nft reads", () => {
        const text = printedRules(RULES);
        for (const command of ["nft -c -f FILE", "nft -f FILE", "nft delete table inet alpa_auth", "include"])
            assert.ok(text.includes(command), command);
        assert.deepEqual(load(new Map(), "printed", text, 0), ruleset(RULES));
    });
});
