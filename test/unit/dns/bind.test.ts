// Proves that zone files are parsed according to RFC 1035, and that errors name the lines that cannot be parsed.
import { strict as assert } from "node:assert";
import { readBind } from "../../../dns/bind";

const read = (text: string) => readBind(text, "example.com");
const entry = (text: string) => {
    const { entries, problems } = read(text);
    assert.deepEqual(problems, []);
    const [{ name, ttl, class: family, type, words }] = entries.slice(-1);
    return [name, ttl, family, type, ...words.map((word) => word.text)];
};

const good: [what: string, text: string, last: unknown[]][] = [
    ["a relative name", "www 60 IN A 192.0.2.1", ["www.example.com", 60, "IN", "A", "192.0.2.1"]],
    ["a whole name", "www.Example.COM. 60 IN A 192.0.2.1", ["www.example.com", 60, "IN", "A", "192.0.2.1"]],
    ["class before ttl", "www IN 60 A 192.0.2.1", ["www.example.com", 60, "IN", "A", "192.0.2.1"]],
    ["neither", "www A 192.0.2.1", ["www.example.com", undefined, "IN", "A", "192.0.2.1"]],
    ["a time with units", "@ 1h30m A 192.0.2.1", ["example.com", 5400, "IN", "A", "192.0.2.1"]],
    ["$TTL", "$TTL 2d\n@ A 192.0.2.1", ["example.com", 172800, "IN", "A", "192.0.2.1"]],
    ["a relative $ORIGIN", "$ORIGIN sub\nx A 192.0.2.1", ["x.sub.example.com", undefined, "IN", "A", "192.0.2.1"]],
    ["a blank name", "a A 192.0.2.1\n  60 IN A 192.0.2.2", ["a.example.com", 60, "IN", "A", "192.0.2.2"]],
    ["a blank name with tabs", "a A 192.0.2.1\n\tA 192.0.2.2", ["a.example.com", undefined, "IN", "A", "192.0.2.2"]],
    [
        "blank lines between entries",
        "a A 192.0.2.1\n    \n\n  A 192.0.2.2",
        ["a.example.com", undefined, "IN", "A", "192.0.2.2"],
    ],
    ["parentheses", "@ SOA a. b. ( ; serial\n 1\n 2 )", ["example.com", undefined, "IN", "SOA", "a.", "b.", "1", "2"]],
    ["a comment at the end", "a A 192.0.2.1 ; (\n", ["a.example.com", undefined, "IN", "A", "192.0.2.1"]],
    ["a semicolon in quotes", 'a TXT "v=DKIM1; k=rsa" ;"', ["a.example.com", undefined, "IN", "TXT", "v=DKIM1; k=rsa"]],
    ["an escaped semicolon", "a TXT v=DKIM1\\; k", ["a.example.com", undefined, "IN", "TXT", "v=DKIM1;", "k"]],
    ["escapes in quotes", '@ TXT "a\\"b\\\\c\\065"', ["example.com", undefined, "IN", "TXT", 'a"b\\cA']],
    ["adjacent strings", '@ TXT "a""b"', ["example.com", undefined, "IN", "TXT", "a", "b"]],
    ["parentheses in quotes", '@ TXT "(a"', ["example.com", undefined, "IN", "TXT", "(a"]],
    [
        "lines with Windows' line ends",
        "a A 192.0.2.1\r\nb A 192.0.2.2\r\n",
        ["b.example.com", undefined, "IN", "A", "192.0.2.2"],
    ],
    ["no line break at the end", "a A 192.0.2.1", ["a.example.com", undefined, "IN", "A", "192.0.2.1"]],
    ["a byte order mark", "\ufeff@ A 192.0.2.1", ["example.com", undefined, "IN", "A", "192.0.2.1"]],
    [
        "Azure's alias records",
        "@ 60 AZURE ALIAS A /subscriptions/x",
        ["example.com", 60, "AZURE", "ALIAS", "A", "/subscriptions/x"],
    ],
];

const bad: [what: string, text: string, line: number, problem: RegExp][] = [
    ["a web page", "<!DOCTYPE html>\n<html>", 1, /must be a record.* an export of a DNS zone$/],
    ["a name without type and content", "a A 192.0.2.1\nb\n", 2, /must be a record/],
    ["another class", "a CH TXT x", 1, /must be of class IN \(got CH\)/],
    ["$INCLUDE", "a A 192.0.2.1\n$INCLUDE other.txt", 2, /\$INCLUDE is not supported/],
    ["$GENERATE", "$GENERATE 1-2 a$ A 192.0.2.$", 1, /\$GENERATE is not supported/],
    ["an open quote", 'a A 192.0.2.1\n\nb TXT "x\nc A 192.0.2.2', 3, /must close its quotes/],
    ["an open parenthesis", "a A 192.0.2.1\nb SOA (\n1\n2\n", 2, /must close its parenthesis/],
    ["a closed parenthesis", "a A 192.0.2.1 )", 1, /must open a parenthesis/],
    ["a blank name at the start", "  A 192.0.2.1", 1, /must begin with a name/],
];

describe("zone files", () => {
    for (const [what, text, last] of good) it(`read ${what}`, () => assert.deepEqual(entry(text), last));

    for (const [what, text, line, problem] of bad)
        it(`reject ${what}, with its line`, () => {
            const { problems } = read(text);
            assert.equal(problems[0]?.line, line);
            assert.match(problems[0].text, problem);
        });

    it("give each entry its first line", () => {
        const { entries } = read("; a\n\n@ SOA a. b. (\n 1\n)\nx A 192.0.2.1\n  A 192.0.2.2\n");
        assert.deepEqual(
            entries.map(({ line }) => line),
            [3, 6, 7],
        );
    });

    it("need a zone, from the file or from the caller", () => {
        assert.match(readBind("a A 192.0.2.1").problems[0].text, /needs the name of the zone/);
        const portal = readBind("$ORIGIN example.com\nwww A 192.0.2.1");
        assert.equal(portal.origin, "example.com");
        assert.equal(portal.entries[0].name, "www.example.com");
    });
});
