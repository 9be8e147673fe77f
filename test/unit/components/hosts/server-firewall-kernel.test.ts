// Proves what a real kernel does with packets under the rules of the Alpa host. The real nft loads the rules in a
// network namespace, and a program sends packets. If missingForPackets() finds an obstacle, `npm test` reports it at
// its end.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { renderRules } from "../../../../components/hosts/server-firewall/nft-rules";
import { missingForPackets, IN_NAMESPACES } from "../../../kernel-rules";
import { CASES, type PacketCase, RULES } from "./server-firewall-cases";

interface Outcome {
    answered: boolean;
    /** Number of packets that the rules dropped. */
    dropped: number;
}

/** A port that the host forwards to the container, like one that Docker publishes. */
const PUBLISHED: PacketCase[] = [
    { what: "another address to a published port", source: "10.0.0.13", port: 20003, verdict: "drop" },
    {
        what: "a published port in tiny fragments",
        source: "10.0.0.13",
        port: 20003,
        form: "tiny fragments",
        verdict: "drop",
    },
    { what: "a gateway's node to a published port", source: "10.0.0.11", port: 20003, verdict: "accept" },
];

function ask(rules: string, cases: PacketCase[], published: boolean): Outcome[] {
    const filled = cases.map((known) => ({ form: "whole", to: "host", from: "outside", ...known }));
    const [program, ...words] = IN_NAMESPACES;
    const asked = spawnSync(program, [...words, "python3", path.join(__dirname, "server-firewall-packets.py")], {
        input: JSON.stringify({ rules, published, cases: filled }),
        encoding: "utf8",
        timeout: 120_000,
    });
    assert.equal(asked.status, 0, asked.stderr);
    return JSON.parse(asked.stdout) as Outcome[];
}

if (missingForPackets() === undefined)
    describe("rules of the Alpa host in a kernel", () => {
        const settings: [where: string, cases: PacketCase[], published: boolean][] = [
            ["that tracks no connections", CASES, false],
            ["that tracks them, for a published port", [...CASES, ...PUBLISHED], true],
        ];
        for (const [where, cases, published] of settings)
            describe(where, () => {
                let outcomes: Outcome[];
                before(() => {
                    const serverPorts = published ? [20001, 20003] : RULES.serverPorts;
                    outcomes = ask(renderRules({ ...RULES, serverPorts }), cases, published);
                });
                for (const [i, { what, verdict }] of cases.entries())
                    it(`${verdict} ${what}`, () =>
                        assert.deepEqual(
                            { answered: outcomes[i].answered, dropped: outcomes[i].dropped > 0 },
                            { answered: verdict === "accept", dropped: verdict === "drop" },
                        ));
            });

        it("without the rules answers whole packets and IPv4 fragments from anywhere", () => {
            const open = CASES.filter(({ source, form = "whole" }) => form === "whole" || !source.includes(":"));
            const unanswered = ask("", open, false).flatMap(({ answered }, i) => (answered ? [] : [open[i].what]));
            assert.deepEqual(unanswered, []);
        });
    });
