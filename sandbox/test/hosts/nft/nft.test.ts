// Proves that the emulator of nft accepts and rejects the same input as the real nft, as observed. Proves that it
// stores the accepted rules.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Nft } from "../../../hosts/nft";

const SET =
    "table inet t {\n set s {\n  type ipv4_addr\n  flags interval, timeout\n  elements = { 10.0.0.0/24 }\n }\n}\n";

describe("sandbox nft", () => {
    let root: string;
    let nft: Nft;
    beforeEach(() => {
        root = fs.mkdtempSync(path.join(os.tmpdir(), "nft-"));
        nft = new Nft(root);
    });
    afterEach(() => fs.rmSync(root, { recursive: true }));

    const load = (text: string, ...options: string[]) => {
        fs.writeFileSync(path.join(root, "f"), text);
        return nft.run([...options, "-f", "/f"], true);
    };
    const chain = (rule: string) => `table inet t {\n chain c {\n  ${rule}\n }\n}\n`;

    it("lists a table like the real nft", () => {
        const rules =
            SET.replace(/}\n$/, "") +
            ' chain in {\n  type filter hook prerouting priority raw; policy accept;\n  iif "lo" accept # always\n' +
            "  fib daddr type local tcp flags & (syn | ack) == syn tcp dport { 7 } jump c\n  tcp dport { 8, 10-12 } drop\n }\n" +
            ' chain c {\n  ip saddr @s accept\n  counter drop comment "a b"\n }\n' +
            " chain f {\n  ip frag-off & 0x1fff == 1 meta l4proto tcp jump c\n  frag frag-off 1 frag nexthdr tcp jump c\n" +
            '  frag nexthdr { 0, 60 } drop\n  iifname "br-*" return\n  fib daddr oifname "cni0" drop\n }\n}\n';
        assert.deepEqual(load(rules), { code: 0, out: "", err: "" });
        const listed = [
            "table inet t {",
            "\tset s {",
            "\t\ttype ipv4_addr",
            "\t\tflags interval,timeout",
            "\t\telements = { 10.0.0.0/24 }",
            "\t}",
            "",
            "\tchain in {",
            "\t\ttype filter hook prerouting priority raw; policy accept;",
            '\t\tiif "lo" accept',
            "\t\tfib daddr type local tcp flags syn / syn,ack tcp dport 7 jump c",
            "\t\ttcp dport { 8, 10-12 } drop",
            "\t}",
            "",
            "\tchain c {",
            "\t\tip saddr @s accept",
            '\t\tcounter drop comment "a b"',
            "\t}",
            "",
            "\tchain f {",
            "\t\tip frag-off & 8191 == 1 meta l4proto tcp jump c",
            "\t\tfrag frag-off 1 frag nexthdr tcp jump c",
            "\t\tfrag nexthdr { ip, ipv6-opts } drop",
            '\t\tiifname "br-*" return',
            '\t\tfib daddr oifname "cni0" drop',
            "\t}",
            "}",
            "",
        ];
        assert.equal(nft.run(["-s", "list", "table", "inet", "t"], true).out, listed.join("\n"));
    });

    const refused: [why: string, text: string, said: RegExp][] = [
        [
            "the deletion of a table that does not exist",
            "delete table inet t",
            /^\/f:1: Error: Could not process rule: No such file/,
        ],
        ["networks that overlap", SET.replace("/24", "/24, 10.0.0.5"), /conflicting intervals specified/],
        ["an address of the other family", SET.replace("10.0.0.0/24", "fd00::1"), /Could not resolve hostname/],
        ["a name instead of an address", SET.replace("10.0.0.0/24", "gw1"), /Could not resolve hostname/],
        [
            "a timeout in a set without timeouts",
            SET.replace(", timeout", "") + "add element inet t s { 9.9.9.9 timeout 1h }",
            /Invalid argument/,
        ],
        ["an element of a set that does not exist", "add element inet t s { 9.9.9.9 }", /No such file or directory/],
        ["a rule with a set that does not exist", chain("ip saddr @none accept"), /No such file or directory/],
        ["a jump to a chain that does not exist", chain("jump nowhere"), /No such file or directory/],
        ["a port above 65535", chain("tcp dport { 70000 } drop"), /Service out of range/],
        ["a protocol number above 255", chain("frag nexthdr { 300 } drop"), /Protocol out of range/],
        ["a name of a protocol", chain("frag nexthdr { tcp, udp } drop"), /unsupported by the sandbox: the number tcp/],
        [
            "another mask of the fragment offset",
            chain("ip frag-off & 0x2000 == 1 drop"),
            /unsupported by the sandbox: ip in a rule/,
        ],
        ["a truncated file", "table inet t {\n", /unexpected end of file/],
        [
            "a rule that is unsupported",
            chain("ct state new drop"),
            /^\/f:3: Error: unsupported by the sandbox: ct in a rule$/m,
        ],
        ["another family of tables", "table ip t\n", /unsupported by the sandbox: the command that begins with table/],
        [
            "a chain at another hook",
            chain("type filter hook input priority 0; policy drop;"),
            /unexpected input, expecting prerouting/,
        ],
    ];
    for (const [why, text, said] of refused)
        it(`rejects ${why}`, () => {
            const { code, err } = load(text);
            assert.equal(code, 1);
            assert.match(err, said);
        });

    it("applies a whole file or nothing", () => {
        load(SET);
        const { code } = load(
            "table inet t\ndelete table inet t\ntable inet other\nadd element inet t s { 9.9.9.9 }\n",
        );
        assert.equal(code, 1);
        assert.deepEqual(nft.tables, ["t"]);
    });

    it("changes nothing with --check", () => {
        assert.equal(load(SET, "-c").code, 0);
        assert.deepEqual(nft.tables, []);
    });

    it("adds the rules again when a file is loaded twice", () => {
        load(chain("drop"));
        load(chain("accept"));
        assert.match(nft.run(["list", "table", "inet", "t"], true).out, /\t\tdrop\n\t\taccept\n/);
    });

    it("drops an address at the end of its timeout", () => {
        const rules =
            SET +
            "table inet t {\n chain c {\n  type filter hook prerouting priority raw; policy accept;\n  ip saddr @s accept\n  drop\n }\n}\n";
        load(`${rules}add element inet t s { 9.9.9.9 timeout 2m }\n`);
        const ask = (seconds: number) => nft.decide({ source: "9.9.9.9", port: 1 }, Date.now() + seconds * 1000);
        assert.deepEqual([ask(100), ask(121)], ["accept", "drop"]);
        assert.equal(nft.decide({ source: "10.0.0.9", port: 1 }, Date.now() + 9e9), "accept");
    });

    it("requires root, and rejects what it does not emulate", () => {
        assert.match(nft.run(["list", "tables"], false).err, /you must be root/);
        for (const args of [["-f", "-"], ["list", "ruleset"], ["add", "table", "inet", "x"], []])
            assert.match(nft.run(args, true).err, /unsupported by the sandbox: nft /);
        assert.match(nft.run(["-f", "/none"], true).err, /Could not open file "\/none"/);
    });
});
