// Proves what the rules for the Alpa host say, by the sandbox's reading of them. That the real nft takes them, and that a
// kernel does with packets what is said here, was tried by hand: docs/decisions/0021.
import assert from "node:assert/strict";
import {
    printedRules,
    renderRules,
    stampOf,
    type FirewallRules,
} from "../../../../components/parts/alpa-firewall-rules";
import { load } from "../../../../sandbox/hosts/nft/load";
import { decide, type Packet } from "../../../../sandbox/hosts/nft/ruleset";

const RULES: FirewallRules = {
    alpaPorts: [20001],
    gateways: ["10.0.0.11", "10.0.0.12", "10.4.0.0/24", "fd00::11"],
    rayPorts: ["6379", "8265", "10001", "10002-19999"],
    alsoFrom: ["10.9.0.7"],
};
const ruleset = (rules: FirewallRules) => load(new Map(), "rules.nft", renderRules(rules), 0);

describe("rules for the Alpa host", () => {
    const packets: [what: string, packet: Packet, verdict: "accept" | "drop"][] = [
        ["a gateway's node to Alpa", { source: "10.0.0.11", port: 20001 }, "accept"],
        ["a gateway's node of a network to Alpa", { source: "10.4.0.200", port: 20001 }, "accept"],
        ["a gateway's node over IPv6 to Alpa", { source: "fd00::11", port: 20001 }, "accept"],
        ["another address to Alpa", { source: "10.0.0.13", port: 20001 }, "drop"],
        ["another address over IPv6 to Alpa", { source: "fd00::12", port: 20001 }, "drop"],
        ["the Internet to Alpa", { source: "203.0.113.9", port: 20001 }, "drop"],
        ["a container on the host to Alpa", { source: "172.17.0.2", port: 20001 }, "drop"],
        ["the host itself to Alpa", { source: "10.0.0.5", port: 20001, loopback: true }, "accept"],
        ["a connection that is open already", { source: "10.0.0.13", port: 20001, opening: false }, "accept"],
        ["a packet that the host passes on", { source: "10.0.0.13", port: 20001, here: false }, "accept"],
        ["a gateway's node to Ray", { source: "10.0.0.11", port: 6379 }, "drop"],
        ["another Ray node to Ray", { source: "10.9.0.7", port: 6379 }, "accept"],
        ["another Ray node to a worker's port", { source: "10.9.0.7", port: 15000 }, "accept"],
        ["another Ray node to Alpa", { source: "10.9.0.7", port: 20001 }, "accept"],
        ["anybody to a worker's port", { source: "10.0.0.13", port: 10002 }, "drop"],
        ["anybody by SSH", { source: "203.0.113.9", port: 22 }, "accept"],
        ["anybody over IPv6 by SSH", { source: "2001:db8::1", port: 22 }, "accept"],
        ["an open connection by SSH", { source: "10.0.0.13", port: 22, opening: false }, "accept"],
        ["anybody to a port beside Alpa's", { source: "203.0.113.9", port: 20002 }, "accept"],
    ];
    const filled = ruleset(RULES);
    for (const [what, packet, verdict] of packets)
        it(`${verdict} ${what}`, () => assert.equal(decide(filled, packet), verdict));

    it("cut no port but those named, whoever asks", () => {
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

    it("leave Ray's ports alone when none is named", () => {
        const bare = ruleset({ ...RULES, rayPorts: [] });
        assert.equal(decide(bare, { source: "203.0.113.9", port: 6379 }), "accept");
        assert.equal(decide(bare, { source: "203.0.113.9", port: 20001 }), "drop");
    });

    it("take the place of those before, and of nobody else's", () => {
        const others = load(new Map(), "other", "table inet other {\n chain c {\n accept\n }\n}\n", 0);
        const once = load(others, "rules.nft", renderRules(RULES), 0);
        const twice = load(once, "rules.nft", renderRules({ ...RULES, gateways: ["10.0.0.13"] }), 0);
        assert.deepEqual([...twice.keys()].sort(), ["alpa_auth", "other"]);
        assert.equal(decide(twice, { source: "10.0.0.13", port: 20001 }), "accept");
        assert.equal(decide(twice, { source: "10.0.0.11", port: 20001 }), "drop");
        assert.deepEqual(twice.get("other"), others.get("other"));
        assert.equal(twice.get("alpa_auth")!.chains.get("alpa")!.rules.length, 7, "each rule once");
    });

    it("are the same text for the same addresses, however they are written and ordered", () => {
        const text = renderRules({
            ...RULES,
            gateways: ["fd00:0::11", "10.4.0.0/24", "10.0.0.12", "10.0.0.11", "10.4.0.9"],
        });
        assert.equal(text, renderRules(RULES));
    });

    it("are the same text for the same ports", () => {
        const rayPorts = ["15000-19999", "10001-15000", "8265", "6379", "8265"];
        assert.equal(renderRules({ ...RULES, rayPorts, alpaPorts: [20001, 20001] }), renderRules(RULES));
    });

    it("have a mark of their own for each text", () => {
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
