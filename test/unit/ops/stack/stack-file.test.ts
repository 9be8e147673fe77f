// Proves that an edit of a stack file keeps its comments, its order and the notation of each value. An engine test proves that
// Pulumi reads the edited file.
import { strict as assert } from "node:assert";
import { diffLines } from "diff";
import { addCredential, removeConsumer, removeCredential, setFields } from "../../../../ops/stack/consumers-edit";
import { parse } from "yaml";

/** A stack file with a comment at each place that can have one, and with values that YAML 1.1 and 1.2 read differently. */
const FILE = `# top
encryptionsalt: v1:x # salt

config:
    alpa-auth:option: intra-a # why
    other:values: { octal: 010, day: 2027-01-31, big: 12345678901234567890, none: ~, word: yes, quoted: 'no' }
    other:empty:
    alpa-auth:consumers:
        # the teams
        - name: bob # the first
          credentials:
              - { id: 2026a, method: key, expires: 2027-01-31 } # as agreed
              # of c
              - { id: c, method: key }

        # of eve
        - name: eve
          limits:
              requests: 60 # since May
              perSeconds: 60
          credentials:
              - id: e
                method: key # by hand
                # end of e
              # of f
              - { id: f, method: key }
        # of jo
        - name: jo
          credentials: []
        # no more callers
    # of the gateway
    alpa-auth:gateway: { nodePort: 30801 } # port
# the end
`;
const PEM = "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----\n";
const CREDENTIAL = { id: "new", method: "key" } as const;

const edits: [what: string, edit: (text: string) => string, change: string[]][] = [
    [
        "adds a credential, with its day in quotes, because Pulumi would otherwise read it as a time",
        (t) => addCredential(t, "bob", { ...CREDENTIAL, expires: "2027-02-01" }),
        ['+ - { id: new, method: key, expires: "2027-02-01" }'],
    ],
    [
        "adds the first credential of a caller",
        (t) => addCredential(t, "jo", CREDENTIAL),
        ["- credentials: []", "+ credentials:", "+ - { id: new, method: key }"],
    ],
    [
        "adds a caller with a class, limits and a key of several lines",
        (t) =>
            addCredential(
                t,
                "zed",
                { id: "rs", method: "jwt", algorithm: "RS256", publicKey: PEM },
                { class: "batch", limits: { requests: 3, perSeconds: 4 } },
            ),
        [
            "+ - name: zed",
            "+ class: batch",
            "+ limits: { requests: 3, perSeconds: 4 }",
            "+ credentials:",
            "+ - id: rs",
            "+ method: jwt",
            "+ algorithm: RS256",
            "+ publicKey: |",
            ...PEM.trim()
                .split("\n")
                .map((line) => `+ ${line}`),
        ],
    ],
    [
        "changes a day, and writes it in quotes",
        (t) => setFields(t, ["bob", "2026a"], { expires: "2027-09-09" }),
        [
            "- - { id: 2026a, method: key, expires: 2027-01-31 } # as agreed",
            '+ - { id: 2026a, method: key, expires: "2027-09-09" } # as agreed',
        ],
    ],
    [
        "changes one limit",
        (t) => setFields(t, ["eve"], { limits: { requests: 90 } }),
        ["- requests: 60 # since May", "+ requests: 90 # since May"],
    ],
    ["disables a token", (t) => setFields(t, ["eve", "e"], { enabled: false }), ["+ enabled: false"]],
    [
        "removes a credential with the comment above it, and keeps that of the next caller",
        (t) => removeCredential(t, "bob", "c"),
        ["- # of c", "- - { id: c, method: key }"],
    ],
    [
        "keeps the comments below the credential that it removes, which may be about the next one",
        (t) => removeCredential(t, "eve", "e"),
        ["- - id: e", "- method: key # by hand"],
    ],
    [
        "removes a caller, and keeps the comment of the next one",
        (t) => removeConsumer(t, "bob"),
        [
            "- - name: bob # the first",
            "- credentials:",
            "- - { id: 2026a, method: key, expires: 2027-01-31 } # as agreed",
            "- # of c",
            "- - { id: c, method: key }",
        ],
    ],
    [
        "keeps the comments below the last caller that it removes",
        (t) => removeConsumer(t, "jo"),
        ["- # of jo", "- - name: jo", "- credentials: []"],
    ],
];

describe("editing a stack file", () => {
    for (const [what, edit, change] of edits)
        it(what, () => {
            assert.deepEqual(changed(FILE, edit(FILE)), change);
        });

    it("gives back the file when it removes what it added", () => {
        const same = setFields(FILE, ["bob"], {});
        assert.equal(removeConsumer(addCredential(same, "new", CREDENTIAL), "new"), same);
        assert.equal(removeCredential(addCredential(same, "bob", CREDENTIAL), "bob", "new"), same);
    });

    it("keeps the indentation, and the length of lines", () => {
        const text = `config:\n  # first\n  other:long: ${"word ".repeat(40)}end\n`;
        const list =
            "  alpa-auth:consumers:\n    - name: eve\n      credentials:\n        - { id: new, method: key }\n";
        for (const before of [text, `${text}  alpa-auth:consumers: []\n`, `${text}  alpa-auth:consumers:\n`])
            assert.equal(addCredential(before, "eve", CREDENTIAL), text + list);
    });

    it("edits a callers file, and a list whose key has no project", () => {
        const list = "consumers:\n    - name: eve\n      credentials: []\n";
        for (const text of [list, `config:\n${list.replace(/^/gm, "    ").trimEnd()}\n`])
            assert.deepEqual(changed(text, addCredential(text, "eve", CREDENTIAL)), [
                "- credentials: []",
                "+ credentials:",
                "+ - { id: new, method: key }",
            ]);
    });

    for (const name of ["2026-11-25", "2026-1-5", "2026", "0123", "0x1f", "0b1", "1e5", "0o17", "yes", "n", "null"])
        it(`writes ${name} in quotes, since without them a parser reads another type`, () => {
            const text = addCredential("consumers: []\n", name, { id: name, method: "key" });
            assert.match(text, new RegExp(`- name: "${name}"\n.*\n.*- \\{ id: "${name}", method: key \\}`));
            assert.deepEqual(parse(text), { consumers: [{ name, credentials: [{ id: name, method: "key" }] }] });
        });

    const refused: [what: string, text: string, problem: RegExp][] = [
        ["a file that is not YAML", "config: [\n  secret-thing", /the stack file: must be YAML \(\w+, line \d\)/],
        ["a file that is not a mapping", "- secret-thing\n", /the stack file: must be a mapping/],
        ["a config that is a string", "config: secret-thing\n", /must be a mapping with the key config/],
        ["a config that is an alias", "x: &c { a: secret-thing }\nconfig: *c\n", /must be a mapping, not an alias/],
        [
            "an encrypted list",
            "config:\n  alpa-auth:consumers: { secure: secret-thing }\n",
            /consumers: must be a list/,
        ],
        ["a list as JSON text", "config:\n  alpa-auth:consumers: '[]'\n", /consumers: must be a list/],
        ["two lists", "config:\n  alpa-auth:consumers: []\n  consumers: []\n", /consumers: must be set only once/],
        ["a list that is an alias", "x: &c []\nconfig:\n  consumers: *c\n", /no anchor or alias \(got \*c\)/],
        [
            "an entry that another value repeats",
            "config:\n  consumers:\n    - &bob { name: bob, credentials: [] }\n  x: *bob\n",
            /consumers: must have no anchor or alias \(got &bob\), .* Write the values out/,
        ],
        [
            "a part of an entry that is an alias",
            "x: &k { id: a, method: key }\nconfig:\n  consumers:\n    - { name: bob, credentials: [*k] }\n",
            /consumers: must have no anchor or alias \(got \*k\)/,
        ],
    ];
    for (const [what, text, problem] of refused)
        it(`rejects ${what}, and does not show it`, () => {
            const add = () => addCredential(text, "a", CREDENTIAL);
            assert.throws(add, problem);
            assert.throws(add, (error: Error) => !error.message.includes("secret-thing"));
        });
});

/** Removed and added lines, without spaces around them and without empty lines. */
function changed(before: string, after: string): string[] {
    return diffLines(before.replace(/^ +/gm, ""), after.replace(/^ +/gm, ""))
        .filter((part) => part.added || part.removed)
        .flatMap(({ value, added }) =>
            value.split("\n").flatMap((line) => (line === "" ? [] : [`${added ? "+" : "-"} ${line}`])),
        );
}
