// Proves that an edit of a stack file changes only the necessary lines: comments, order, blank lines and style stay. It cannot
// prove that Pulumi reads the file; the engine test does.
import { strict as assert } from "node:assert";
import { diffLines } from "diff";
import { addCredential, removeConsumer, removeCredential, setExpires } from "../../../../ops/stack/consumers-edit";
import { readConsumers } from "../../../../ops/stack/stack-file";

/**
 * A stack file that is as untidy as handwritten ones: aligned comments, two blank lines, lists with both indentations,
 * maps with and without spaces.
 */
const UNTIDY = `# top comment
encryptionsalt: v1:x

config:
    alpa-auth:option: intra-a   # aligned


    alpa-auth:alpa: {endpoints: ["10.20.96.188:20001"]}
    alpa-auth:consumers:
        # the teams
        - name: bob             # the first
          credentials:
              - { id: 2026a,   method: key, expires: "2027-01-31" }   # why
              # the second
              - {id: c, method: key}

        - name: eve
          credentials: []
        # last
        - name: jo
          limits: {requests: 1,   perSeconds: 2}
          credentials:
          - id: x
            method: key      # hm
    alpa-auth:gateway: { nodePort: 30801 }
`;
const TWO_SPACES = `config:
  alpa-auth:option: intra-a
  alpa-auth:consumers:
  - name: bob
    credentials:
    - {id: a, method: key}
`;
const NONE = "config:\n  alpa-auth:option: intra-a\n";
const WITHOUT_VALUE = "# top\nconfig: # nothing yet\nencryptionsalt: v1:x # salt\n";
const EMPTY = "config:\n  alpa-auth:consumers: []\n  alpa-auth:option: intra-a\n";
const REMARKS = `config:
  alpa-auth:option: intra-a
  alpa-auth:consumers: # the teams
  - { name: bob, credentials: [{ id: a,  method: key }] }
  - name: eve
    credentials: # two while they switch
    - { id: b,  method: key }
    - id: c
      method: key
      expires: 2027-01-31 # as agreed
`;
/** Comments below entries of several lines, which the library attaches to the entry above. */
const BELOW = `config:
    alpa-auth:consumers:
        - name: bob
          credentials:
              - id: a
                method: key
                # of a
              # of b

              - id: b
                method: key
              # no more for bob
        # of eve

        - name: eve
          credentials:
              - id: e
                method: key
        # no more callers

    # of the gateway
    alpa-auth:gateway: { nodePort: 30801 }
# the end
`;
const PEM = "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----\n";

const edits: [what: string, before: string, edit: (text: string) => string, change: string][] = [
    [
        "adds a credential in the style of its siblings",
        UNTIDY,
        (t) => addCredential(t, "bob", { id: "new", method: "key", expires: "2027-02-01" }),
        '+              - {id: new, method: key, expires: "2027-02-01"}',
    ],
    [
        "adds the first credential of a consumer",
        UNTIDY,
        (t) => addCredential(t, "eve", { id: "new", method: "key" }),
        "-          credentials: []\n+          credentials:\n+              - {id: new, method: key}",
    ],
    [
        "adds to a list with another indentation than the rest",
        UNTIDY,
        (t) => addCredential(t, "jo", { id: "new", method: "key" }),
        "+          - id: new\n+            method: key",
    ],
    [
        "adds a consumer with limits and a key of several lines",
        UNTIDY,
        (t) =>
            addCredential(
                t,
                "zed",
                { id: "rs", method: "jwt", algorithm: "RS256", publicKey: PEM },
                { limits: { requests: 3, perSeconds: 4 } },
            ),
        [
            "+        - name: zed",
            "+          limits: {requests: 3, perSeconds: 4}",
            "+          credentials:",
            "+              - id: rs",
            "+                method: jwt",
            "+                algorithm: RS256",
            "+                publicKey: |",
            "+                    -----BEGIN PUBLIC KEY-----",
            "+                    abc",
            "+                    -----END PUBLIC KEY-----",
        ].join("\n"),
    ],
    [
        "writes an expiry in quotes, because Pulumi would otherwise read it as a time",
        UNTIDY,
        (t) => setExpires(t, "jo", "x", "2027-09-09"),
        '+            expires: "2027-09-09"',
    ],
    [
        "changes an existing expiry",
        UNTIDY,
        (t) => setExpires(t, "bob", "2026a", "2027-09-09"),
        '-              - { id: 2026a,   method: key, expires: "2027-01-31" }   # why\n' +
            '+              - {id: 2026a, method: key, expires: "2027-09-09"} # why',
    ],
    [
        "keeps the lines below a comment that follows the name of a list",
        REMARKS,
        (t) => setExpires(t, "eve", "b", "2027-09-09"),
        '-    - { id: b,  method: key }\n+    - { id: b, method: key, expires: "2027-09-09" }',
    ],
    [
        "keeps the comment after an expiry that it changes",
        REMARKS,
        (t) => setExpires(t, "eve", "c", "2027-09-09"),
        '-      expires: 2027-01-31 # as agreed\n+      expires: "2027-09-09" # as agreed',
    ],
    [
        "removes a credential with the comment above it",
        UNTIDY,
        (t) => removeCredential(t, "bob", "c"),
        "-              # the second\n-              - {id: c, method: key}",
    ],
    [
        "removes the first credential",
        UNTIDY,
        (t) => removeCredential(t, "bob", "2026a"),
        '-              - { id: 2026a,   method: key, expires: "2027-01-31" }   # why',
    ],
    [
        "removes the last credential of a consumer",
        UNTIDY,
        (t) => removeCredential(t, "jo", "x"),
        "-          credentials:\n-          - id: x\n-            method: key      # hm\n+          credentials: []",
    ],
    [
        "removes the first consumer",
        UNTIDY,
        (t) => removeConsumer(t, "bob"),
        [
            "-        - name: bob             # the first",
            "-          credentials:",
            '-              - { id: 2026a,   method: key, expires: "2027-01-31" }   # why',
            "-              # the second",
            "-              - {id: c, method: key}",
            "-",
        ].join("\n"),
    ],
    [
        "removes a consumer with the comment above it",
        UNTIDY,
        (t) => removeConsumer(t, "jo"),
        [
            "-        # last",
            "-        - name: jo",
            "-          limits: {requests: 1,   perSeconds: 2}",
            "-          credentials:",
            "-          - id: x",
            "-            method: key      # hm",
        ].join("\n"),
    ],
    [
        "keeps the comment of the credential below one that it removes",
        BELOW,
        (t) => removeCredential(t, "bob", "a"),
        "-              - id: a\n-                method: key\n-                # of a",
    ],
    [
        "keeps the comments below the last credential that it removes",
        BELOW,
        (t) => removeCredential(t, "eve", "e"),
        "-          credentials:\n-              - id: e\n-                method: key\n+          credentials: []",
    ],
    [
        "keeps the comment of the consumer below one that it removes",
        BELOW,
        (t) => removeConsumer(t, "bob"),
        BELOW.slice(BELOW.indexOf("        - name: bob"), BELOW.indexOf("        # of eve"))
            .trimEnd()
            .replace(/^/gm, "-"),
    ],
    [
        "keeps the comments of the list and of the next key below the last consumer that it removes",
        BELOW,
        (t) => removeConsumer(t, "eve"),
        BELOW.slice(BELOW.indexOf("\n        - name: eve"), BELOW.indexOf("        # no more callers"))
            .trimEnd()
            .replace(/^/gm, "-"),
    ],
    [
        "keeps the comments below a list that it empties, and does not repeat them",
        "config:\n  alpa-auth:consumers:\n  - name: bob\n    credentials: []\n  # no others\n  alpa-auth:option: intra-a\n",
        (t) => removeConsumer(t, "bob"),
        "-  alpa-auth:consumers:\n-  - name: bob\n-    credentials: []\n+  alpa-auth:consumers: []",
    ],
    [
        "adds a consumer to a list without indentation",
        TWO_SPACES,
        (t) => addCredential(t, "eve", { id: "b", method: "key" }),
        "+  - name: eve\n+    credentials:\n+    - {id: b, method: key}",
    ],
    [
        "creates the list where there is none",
        NONE,
        (t) => addCredential(t, "eve", { id: "b", method: "key" }),
        "+  alpa-auth:consumers:\n+    - name: eve\n+      credentials:\n+        - { id: b, method: key }",
    ],
    [
        "creates the config where it has no value",
        WITHOUT_VALUE,
        (t) => addCredential(t, "eve", { id: "b", method: "key" }),
        [
            "-config: # nothing yet",
            "+config:",
            "+  # nothing yet",
            "+  alpa-auth:consumers:",
            "+    - name: eve",
            "+      credentials:",
            "+        - { id: b, method: key }",
        ].join("\n"),
    ],
    [
        "fills an empty list",
        EMPTY,
        (t) => addCredential(t, "eve", { id: "b", method: "key" }),
        "-  alpa-auth:consumers: []\n+  alpa-auth:consumers:\n+    - name: eve\n+      credentials:\n+        - { id: b, method: key }",
    ],
];

describe("editing a stack file", () => {
    for (const [what, before, edit, change] of edits)
        it(what, () => {
            assert.equal(changed(before, edit(before)), change);
        });

    it("restores the file byte for byte when it removes what it added", () => {
        for (const text of [UNTIDY, TWO_SPACES]) {
            const added = addCredential(text, "new", { id: "n", method: "key" });
            assert.equal(removeConsumer(added, "new"), text);
        }
        const added = addCredential(UNTIDY, "bob", { id: "n", method: "key" });
        assert.equal(removeCredential(added, "bob", "n"), UNTIDY);
    });

    it("uses the file's own line ends", () => {
        const windows = (text: string) => text.replaceAll("\n", "\r\n");
        for (const [what, before, edit] of edits) assert.equal(edit(windows(before)), windows(edit(before)), what);
    });

    for (const name of ["2026-11-25", "2026-1-5", "2026", "0123", "0x1f", "0b1", "1e5", "0o17", "yes", "n", "null"])
        it(`writes ${name} in quotes, since without them Pulumi does not read it as a string`, () => {
            const text = addCredential(TWO_SPACES, name, { id: name, method: "key" });
            assert.equal(
                changed(TWO_SPACES, text),
                `+  - name: "${name}"\n+    credentials:\n+    - {id: "${name}", method: key}`,
            );
        });

    it("reads callers without their keys, with expiries in both notations", () => {
        const text = `config:
  alpa-auth:consumers:
    - name: bob
      credentials:
        - { id: a, method: key, expires: 2027-01-31, key: { secure: v1:cipher } }
        - { id: b, method: jwt, algorithm: HS256, expires: "2027-01-31" }
`;
        assert.deepEqual(readConsumers(text), [
            {
                name: "bob",
                credentials: [
                    { id: "a", method: "key", expires: "2027-01-31" },
                    { id: "b", method: "jwt", algorithm: "HS256", expires: "2027-01-31" },
                ],
            },
        ]);
    });

    const refused: [what: string, text: string, problem: RegExp][] = [
        ["a file that is not YAML", "config: [\n  secret-thing", /the stack file: must be YAML \(\w+, line \d\)/],
        ["a file that is not a mapping", "- secret-thing\n", /the stack file: must be a mapping/],
        ["a config that is a string", "config: secret-thing\n", /must be a mapping with the key config/],
        ["a config that is a list", "config: [secret-thing]\n", /must be a mapping with the key config/],
        [
            "a config that is an alias",
            "x: &c { a: secret-thing }\nconfig: *c\n",
            /The value of config must be a mapping, not an alias/,
        ],
        [
            "a list that is encrypted as a whole",
            "config:\n  alpa-auth:consumers: { secure: v1:x }\n",
            /not be encrypted/,
        ],
    ];
    for (const [what, text, problem] of refused)
        it(`rejects ${what}`, () => {
            assert.throws(() => addCredential(text, "a", { id: "b", method: "key" }), problem);
            assert.throws(
                () => addCredential(text, "a", { id: "b", method: "key" }),
                (error: Error) => !error.message.includes("secret-thing"),
            );
        });

    const list = '[{"name":"bob","credentials":[{"id":"a","method":"key"}]}]';
    const elsewhere: [what: string, text: string, problem: RegExp][] = [
        [
            "one text",
            `config:\n  alpa-auth:consumers: '${list}'\n`,
            /consumers: must be a list in the stack file \(it is a string\)/,
        ],
        ["an alias", `x: &c ${list}\nconfig:\n  alpa-auth:consumers: *c\n`, /\(it is an alias\)/],
        ["one string without the project", `config:\n  consumers: '${list}'\n`, /\(it is a string\)/],
    ];
    for (const [what, text, problem] of elsewhere)
        it(`reads a list that is ${what}, and does not replace it`, () => {
            assert.deepEqual(readConsumers(text), [{ name: "bob", credentials: [{ id: "a", method: "key" }] }]);
            assert.throws(() => addCredential(text, "eve", { id: "n", method: "key" }), problem);
            assert.throws(() => removeCredential(text, "bob", "a"), problem);
        });

    it("rejects two lists, since Pulumi uses only one of them", () => {
        const text = `config:\n  alpa-auth:consumers: ${list}\n  consumers: []\n`;
        assert.throws(() => removeConsumer(text, "bob"), /consumers: must be set only once/);
    });

    /** YAML anchors: bob and eve share a list of credentials, jo and zed share one credential and one public key. */
    const SHARED = `config:
  alpa-auth:consumers:
    - name: bob
      credentials: &both
        - { id: a, method: key }
        - { id: b, method: key }
    - name: eve
      credentials: *both
    - name: jo
      credentials:
        - &one { id: a, method: key }
        - { id: b, method: jwt, algorithm: ES256, publicKey: &pem "PEM" }
    - name: zed
      credentials:
        - *one
        - { id: b, method: jwt, algorithm: ES256, publicKey: *pem }
`;
    const shared: [what: string, edit: (text: string) => string, problem: RegExp][] = [
        [
            "adds to a list with an anchor",
            (t) => addCredential(t, "bob", { id: "n", method: "key" }),
            /bob: must not be used elsewhere/,
        ],
        [
            "adds to a list that is an alias",
            (t) => addCredential(t, "eve", { id: "n", method: "key" }),
            /credentials of eve: must not be a YAML alias/,
        ],
        [
            "revokes in a list with an anchor",
            (t) => removeCredential(t, "bob", "a"),
            /bob\/a: must not be used .* \(alias \*both/,
        ],
        [
            "sets an expiry in a list with an anchor",
            (t) => setExpires(t, "bob", "a", "2027-01-01"),
            /bob\/a: must not be used/,
        ],
        [
            "removes the caller whose list has an anchor",
            (t) => removeConsumer(t, "bob"),
            /bob: must not be used elsewhere/,
        ],
        [
            "revokes a credential with an anchor",
            (t) => removeCredential(t, "jo", "a"),
            /jo\/a: must not be used .* \(alias \*one/,
        ],
        [
            "sets the expiry of a credential with an anchor",
            (t) => setExpires(t, "jo", "a", "2027-01-01"),
            /jo\/a: must not be used/,
        ],
        [
            "revokes a credential whose key has an anchor",
            (t) => removeCredential(t, "jo", "b"),
            /jo\/b: must not be used .* \*pem/,
        ],
    ];
    for (const [what, edit, problem] of shared)
        it(`changes no other caller: rejects an edit that ${what}`, () => {
            assert.throws(() => edit(SHARED), problem);
        });

    it("adds an entry next to one with an anchor, and removes one that is only an alias", () => {
        assert.equal(
            changed(SHARED, addCredential(SHARED, "jo", { id: "n", method: "key" })),
            '+        - { id: "n", method: key }',
        );
        assert.equal(
            changed(SHARED, removeCredential(SHARED, "zed", "b")),
            "-        - { id: b, method: jwt, algorithm: ES256, publicKey: *pem }",
        );
    });

    it("refuses to add to a caller that is an alias", () => {
        const alias = "x: &c { name: bob, credentials: [] }\nconfig:\n  alpa-auth:consumers:\n    - *c\n";
        assert.throws(() => addCredential(alias, "bob", { id: "n", method: "key" }), /bob: must not be a YAML alias/);
    });

    it("refuses to change an entry that is an alias, since others would change with it", () => {
        const text =
            "x: &c { id: a, method: key }\nconfig:\n  alpa-auth:consumers:\n    - { name: bob, credentials: [*c] }\n";
        assert.throws(() => removeCredential(text, "bob", "a"), /must not be a YAML alias/);
    });

    it("names every merge key and every number with a leading zero, which Pulumi reads otherwise", () => {
        const text = `x: &x { expires: 2026-12-01 }
config:
    alpa-auth:limits: { requests: 010, perSeconds: 60 }
    alpa-auth:consumers:
        - name: "010"
          credentials:
              - { <<: *x, id: 0a, method: key }
              - { id: b, method: key, expires: 2027-01-31 } # << 010
`;
        assert.throws(() => readConsumers(text), {
            message:
                /has a number with a leading zero \(line 3\)[^]*has a merge key \(<<, line 7\)\. Write out the keys/,
        });
        const callers = "consumers:\n  - { name: a, limits: { requests: 010 }, credentials: [] }\n";
        assert.equal(readConsumers(callers).length, 1, "a file of callers is not read by Pulumi");
        const clear = text.replace("010,", "10,").replace("<<: *x, ", "");
        assert.deepEqual(
            readConsumers(clear)[0].credentials.map(({ id }) => id),
            ["0a", "b"],
        );
    });
});

/** Removed and added lines. */
function changed(before: string, after: string): string {
    return diffLines(before, after)
        .filter((part) => part.added || part.removed)
        .flatMap((part) =>
            part.value
                .replace(/\n$/, "")
                .split("\n")
                .map((line) => (part.added ? "+" : "-") + line),
        )
        .join("\n");
}
