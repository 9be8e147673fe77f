// Proves the requirements of each phase, one fact at a time, and the errors.
import { strict as assert } from "node:assert";
import { PHASES, type Phase } from "../../../components/cloudflare/dns-record";
import { type DnsFacts } from "../../../dns/facts";
import { phaseNotes, phaseProblems } from "../../../dns/phases";

const OURS = ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"];
const AZURE = ["ns1-05.azure-dns.com", "ns2-05.azure-dns.net"];
const OWN_DS = "2371 13 2 ab";

/** The final state: the zone has moved, and is signed. */
const MOVED: DnsFacts = {
    zone: "example.com",
    now: new Date("2026-11-25T12:00:00Z"),
    status: {
        ...{ id: "z", status: "active", nameServers: [...OURS].reverse(), paused: false },
        createdOn: new Date("2026-11-01T00:00:00Z"),
        activatedOn: new Date("2026-11-20T00:00:00Z"),
    },
    delegation: { servers: OURS, ttlSeconds: 172800 },
    oldNsTtlSeconds: 172800,
    ds: [OWN_DS],
    ownDs: OWN_DS,
    differences: undefined,
    certificates: [{ status: "active", hosts: ["example.com", "*.example.com"] }],
    proxied: ["example.com", "alpa.example.com"],
    hostnames: ["llm.example.com"],
    proxiedNow: ["alpa.example.com", "example.com", "shop.example.com"],
    unanswered: [],
};
/** The delegation is in effect at every resolver, and no name is proxied yet. */
const READY: DnsFacts = { ...MOVED, proxiedNow: [] };
/** Both sides have the records, and the parent zone still names the old servers. */
const MIRRORED: DnsFacts = {
    ...MOVED,
    status: { ...MOVED.status!, status: "pending", activatedOn: undefined },
    delegation: { servers: AZURE, ttlSeconds: 172800 },
    ...{ ds: [], ownDs: undefined, differences: [], certificates: [], proxiedNow: [] },
};
const row = (name: string) => ({ name, type: "A", old: "a", new: "b", equal: false, note: "differs" });
const zone = (more: object): Partial<DnsFacts> => ({ status: { ...MOVED.status!, ...more } });

const refused: [why: string, phase: Phase, facts: DnsFacts, problem: string | RegExp][] = [
    [
        "records differ",
        "delegated",
        { ...MIRRORED, differences: ["a", "b", "c", "d"].map(row) },
        "dns.phase: delegated needs equal answers of the old and the new name servers (4 differ: a A, b A, c A …). See: npm run ops -- check dns",
    ],
    [
        "the sides were not compared",
        "delegated",
        { ...MIRRORED, differences: undefined },
        /needs a comparison of the old and the new name servers/,
    ],
    [
        "the parent zone has a foreign DS record",
        "delegated",
        { ...MIRRORED, ds: ["1 8 2 cd"] },
        "dns.phase: delegated needs the parent zone to have no DS record for example.com except Cloudflare's (got 1 8 2 cd). Remove it at the registrar and wait until its TTL has passed; 24 h is safe.",
    ],
    ["one DS record of two is foreign", "signed", { ...READY, ds: [OWN_DS, "1 8 2 cd"] }, /\(got 1 8 2 cd\)/],
    ["Cloudflare has no such zone", "delegated", { ...MIRRORED, status: undefined }, /needs the zone at Cloudflare/],
    [
        "a server does not answer",
        "delegated",
        { ...MIRRORED, unanswered: ["x no answer"] },
        /needs the state of the move, which is unknown \(x no answer\)/,
    ],
    [
        "the delegation is the old one",
        "proxied",
        { ...READY, delegation: MIRRORED.delegation },
        /needs exactly .* \(got ns1-05\.azure-dns\.com, ns2-05\.azure-dns\.net\)\. Set them at the registrar/,
    ],
    [
        "the delegation names both sides",
        "proxied",
        { ...READY, delegation: { servers: [...OURS, AZURE[0]], ttlSeconds: 1 } },
        /needs exactly/,
    ],
    [
        "the delegation names one server of two",
        "proxied",
        { ...READY, delegation: { servers: OURS.slice(1), ttlSeconds: 1 } },
        /needs exactly/,
    ],
    [
        "the zone is pending",
        "proxied",
        { ...READY, ...zone({ status: "pending" }) },
        /needs the zone active at Cloudflare \(got pending\)/,
    ],
    [
        "the zone is paused",
        "proxied",
        { ...READY, ...zone({ paused: true }) },
        /needs the zone to serve traffic, but it is paused/,
    ],
    [
        "there is no certificate",
        "proxied",
        { ...READY, certificates: [] },
        /for llm\.example\.com, example\.com, alpa\.example\.com \(got no certificate\)/,
    ],
    [
        "the stack's own name has no certificate",
        "proxied",
        { ...READY, hostnames: ["a.llm.example.com"] },
        /for a\.llm\.example\.com \(got active\)/,
    ],
    [
        "the certificate is pending",
        "proxied",
        { ...READY, certificates: [{ status: "pending_validation", hosts: ["example.com", "*.example.com"] }] },
        /\(got pending_validation\)/,
    ],
    [
        "a name is two levels below the zone",
        "proxied",
        { ...READY, proxied: ["a.b.example.com"] },
        /for a\.b\.example\.com .*needs an advanced certificate/,
    ],
    [
        "the old delegation is still cached",
        "signed",
        { ...READY, ds: [], ...zone({ activatedOn: new Date("2026-11-24T00:00:00Z") }) },
        /\(not before 2026-11-26T00:00:00\.000Z\)\. Wait/,
    ],
    [
        "the old zone's NS are cached for longer",
        "signed",
        { ...READY, ds: [], oldNsTtlSeconds: 604800 },
        /\(not before 2026-11-27T/,
    ],
    [
        "the time when it became active is unknown",
        "signed",
        { ...READY, ds: [], ...zone({ activatedOn: undefined }) },
        /the time at which the zone became active is unknown/,
    ],
];

describe("phases of a move", () => {
    for (const [why, phase, facts, problem] of refused)
        it(`refuse ${phase} while ${why}`, () => {
            const problems = phaseProblems(phase, facts);
            assert.equal(problems.length, 1, problems.join("\n"));
            if (typeof problem === "string") assert.equal(problems[0], problem);
            else assert.match(problems[0], problem);
        });

    it("allow every phase, forward and back, after a zone has moved", () => {
        for (const facts of [MOVED, READY])
            for (const phase of PHASES) assert.deepEqual(phaseProblems(phase, facts), []);
    });

    it("allow the first phase whatever the facts are", () => {
        for (const facts of [MIRRORED, { ...MIRRORED, status: undefined }, { ...MIRRORED, unanswered: ["x"] }])
            assert.deepEqual(phaseProblems("mirror", facts), []);
    });

    it("allow the delegation when both sides are equal", () => {
        assert.deepEqual(phaseProblems("delegated", MIRRORED), []);
    });

    it("always allow the step back to delegated after the switch", () => {
        const facts = { ...MOVED, ds: ["1 8 2 cd"], certificates: [], ...zone({ status: "moved" }) };
        assert.deepEqual(phaseProblems("delegated", facts), []);
        assert.match(
            phaseNotes("delegated", facts).join("\n"),
            /validating resolvers cannot resolve the zone.*\(1 8 2 cd\)/,
        );
    });

    it("do not need permission to read certificates before a name is proxied", () => {
        const facts = { ...READY, certificates: "403" };
        assert.deepEqual(phaseProblems("delegated", facts), []);
        assert.deepEqual(phaseProblems("proxied", { ...facts, proxied: [], hostnames: [] }), []);
        assert.match(
            phaseProblems("proxied", facts)[0],
            /needs the edge certificates, which cannot be read \(403\)\. Give the token/,
        );
    });

    const BROKEN: [what: string, facts: Partial<DnsFacts>, note: RegExp][] = [
        ["a name server cannot be queried", { unanswered: ["x no answer"] }, /unknown \(x no answer\)/],
        [
            "the parent zone names other servers",
            { delegation: MIRRORED.delegation },
            /is already reached, but it needs exactly/,
        ],
        ["the zone is no longer active", zone({ status: "moved" }), /is already reached, but it needs the zone active/],
        [
            "a certificate is missing",
            { certificates: [] },
            /is already reached, but it needs an active edge certificate/,
        ],
        [
            "certificates cannot be read, and the stack's own name does not exist yet",
            { certificates: "403", hostnames: ["new.example.com"] },
            /is already reached, but it needs the edge certificates, which cannot be read/,
        ],
        ["a foreign DS record exists", { ds: [OWN_DS, "1 8 2 cd"] }, /validating resolvers cannot resolve the zone/],
    ];
    for (const [what, more, note] of BROKEN)
        it(`refuse no run in the reached phase, nor a step back, while ${what}`, () => {
            for (const phase of PHASES) assert.deepEqual(phaseProblems(phase, { ...MOVED, ...more }), [], phase);
            for (const phase of ["proxied", "signed"] as const)
                assert.match(phaseNotes(phase, { ...MOVED, ...more }).join("\n"), note);
        });

    it("ignore certificates that cannot be read when every name is proxied", () => {
        const { hostnames, proxied } = MOVED;
        const facts = { ...MOVED, certificates: "403", proxiedNow: [...hostnames, ...proxied] };
        for (const phase of PHASES) assert.doesNotMatch(phaseNotes(phase, facts).join("\n"), /certificates/, phase);
        assert.match(phaseNotes("proxied", { ...facts, hostnames: ["new.example.com"] }).join("\n"), /Give the token/);
    });

    it("refuse one more proxied name while a fact is unknown, and keep the others proxied", () => {
        const facts = { ...MOVED, proxied: [...MOVED.proxied, "new.example.com"], unanswered: ["x"] };
        assert.deepEqual(phaseProblems("proxied", facts), [
            "dns.phase: proxied needs the state of the move, which is unknown (x). Solve this; until then keep the phase and the proxied names of the last run.",
        ]);
        for (const phase of ["proxied", "signed"] as const)
            for (const now of [facts, { ...facts, proxiedNow: [] }, { ...MOVED, ownDs: undefined, unanswered: ["x"] }])
                assert.doesNotMatch(phaseProblems(phase, now).join("\n"), /mirror/);
    });

    it("refuse to sign a zone in phase proxied while a fact is unknown", () => {
        const facts = { ...MOVED, ds: [], ownDs: undefined, unanswered: ["x"] };
        assert.match(phaseProblems("signed", facts).join("\n"), /\(x\)\. Solve this; until then keep the phase/);
        assert.deepEqual(phaseProblems("proxied", facts), []);
    });

    it("publish no DS record while old answers are cached, even if DNSSEC was enabled by hand", () => {
        const notes = phaseNotes("signed", { ...MOVED, ds: [], ...zone({ activatedOn: undefined }) }).join("\n");
        assert.doesNotMatch(notes, /Publish/);
        assert.match(
            notes,
            /is already reached, but it needs resolvers to have dropped the old delegation from their caches/,
        );
    });

    it("allow the correction of a wrong record after the switch", () => {
        assert.deepEqual(phaseProblems("delegated", { ...MOVED, differences: [row("a")] }), []);
    });

    it("report everything that is missing at once", () => {
        assert.equal(phaseProblems("signed", { ...MIRRORED, ds: ["1 8 2 cd"] }).length, 5);
    });

    const told: [what: string, phase: Phase, facts: DnsFacts, note: RegExp | undefined][] = [
        ["that the zone stays signed", "proxied", MOVED, /stays signed\. Before its delegation leaves Cloudflare/],
        ["the DS record to publish", "signed", { ...MOVED, ds: [] }, /Publish at the registrar: DS 2371 13 2 ab/],
        [
            "that the time of activation may be that of an earlier move",
            "signed",
            { ...MOVED, ds: [] },
            /was delegated elsewhere after it became active \(2026-11-20T00:00:00\.000Z\), wait two days after its delegation has returned/,
        ],
        ["the days left", "mirror", MIRRORED, /deletes a free zone after 28 days: 3 left, until 2026-11-29/],
        [
            "when Cloudflare deletes a zone that has left",
            "mirror",
            { ...MIRRORED, ...zone({ status: "moved" }) },
            /free zone 7 days after that/,
        ],
        [
            "which facts are unknown",
            "mirror",
            { ...MIRRORED, unanswered: ["x"] },
            /the state of the move is unknown \(x\)/,
        ],
        [
            "nothing about DS once the delegation is Cloudflare's",
            "delegated",
            { ...MOVED, ds: [], ownDs: undefined, proxied: [] },
            undefined,
        ],
        ["nothing in the final state", "signed", MOVED, undefined],
    ];
    for (const [what, phase, facts, note] of told)
        it(`report ${what}`, () => {
            const notes = phaseNotes(phase, facts).join("\n");
            if (note) assert.match(notes, note);
            else assert.equal(notes, "");
        });
});
