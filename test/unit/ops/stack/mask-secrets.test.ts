// Proves that the shown text of a stack file contains no key in plain text, in any YAML notation, and that the rest is
// unchanged.
import { strict as assert } from "node:assert";
import { maskKeys } from "../../../../ops/stack/mask-secrets";
import { bench, exits, STACK_FILE } from "../kit";

const KEY = "a-key-of-a-caller-0123456789";
const MASK = '"(plain text, not shown)"';

const written: [what: string, text: string, shown: string][] = [
    ["on a line of its own", `a:\n  key: ${KEY} # why\nb: 1\n`, `a:\n  key: ${MASK} # why\nb: 1\n`],
    ["in flow style", `- { id: a, key: ${KEY}, x: 1 }\n`, `- { id: a, key: ${MASK}, x: 1 }\n`],
    ["in quotes", `- {"key":"${KEY}"}\n`, `- {"key":${MASK}}\n`],
    ["on several lines", `key: |\n  ${KEY}\nb: 1\n`, `key: ${MASK}\nb: 1\n`],
    ["elsewhere, by an alias", `x: &k ${KEY}\nkey: *k\n`, `x: &k ${MASK}\nkey: *k\n`],
    ["under a path as one name", `consumers[0].key: ${KEY}\n`, `consumers[0].key: ${MASK}\n`],
    ["in a list that is one text", `consumers: '[{"key":"${KEY}"}]'\n`, `consumers: ${MASK}\n`],
    ["in a number", "key: 1234567890123456\n", `key: ${MASK}\n`],
    ["in a private key", "publicKey: |\n  -----BEGIN PRIVATE KEY-----\n  x\nb: 1\n", `publicKey: ${MASK}\nb: 1\n`],
    [
        "in a kubeconfig",
        `cluster:\n  kubeconfig: "{ token: ${KEY} }"\nb: 1\n`,
        `cluster:\n  kubeconfig: ${MASK}\nb: 1\n`,
    ],
    ["in an API token", `cloudflare:apiToken: ${KEY}\n`, `cloudflare:apiToken: ${MASK}\n`],
];

describe("the shown text of a stack file", () => {
    for (const [what, text, shown] of written)
        it(`contains no key that is written ${what}`, () => assert.equal(maskKeys(text), shown));

    it("contains ciphertext and everything else unchanged", () => {
        const text = STACK_FILE.replace("id: a1,", "id: a1, key: { secure: v1:cipher },");
        assert.equal(maskKeys(text), text);
    });

    it("contains no key next to a change, whose lines are shown before the file is rejected", async () => {
        const { ops } = bench({ text: STACK_FILE.replace("id: old,", `id: old, key: ${KEY},`) });
        const { out, note } = await exits(2, ops("consumer", "add", "alice", "--credential", "new"));
        assert.match(out, /id: old, key: "\(plain text, not shown\)"/);
        assert.match(note, /must be stored encrypted/);
        assert.ok(!(out + note).includes(KEY));
    });
});
