// Proves what the commands reject, and with which message. A rejected command ends with exit code 2, without a stack trace,
// and changes nothing.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bench, SECRETS, STACK_FILE } from "../kit";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PUBLIC = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const PRIVATE = rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
/** Public key of tokens/rs. */
const SAME = STACK_FILE.slice(STACK_FILE.indexOf("-----BEGIN")).replace(/^ +/gm, "");
const ROTATE = ["--successor", "a9", "--overlap-days", "14"];

const refused: [what: string, command: string, problem: RegExp][] = [
    [
        "an expiry in the past",
        "consumer add bob --expires 2026-11-25",
        /--expires: must be later than today, which is 2026-11-25 \(got 2026-11-25\)/,
    ],
    [
        "a name that is not a DNS label",
        "consumer add Bob.1",
        /^error: <consumer>: must be a DNS label: a-z, 0-9 and -, at most 63 characters, for example team-b \(got "Bob\.1"\)\.$/m,
    ],
    [
        "an unknown method",
        "consumer add bob --method jwd",
        /^error: --method <method>: allowed choices are key, jwt, service-token \(got "jwd"\)\.$/m,
    ],
    [
        "a private key",
        "consumer add bob --method jwt --algorithm RS256 --public-key-file PRIVATE",
        /must be a public key \(got a private key\)/,
    ],
    [
        "the rotation of an unknown caller",
        `consumer rotate alise a1 ${ROTATE.join(" ")}`,
        /alise: is not a consumer of the config\. Did you mean alice\?/,
    ],
    [
        "the rotation of an expired credential",
        `consumer rotate alice old ${ROTATE.join(" ")}`,
        /alice\/old: expired on 2026-11-20\./,
    ],
    [
        "an overlap beyond the expiry",
        `consumer rotate alice a2 ${ROTATE.join(" ")}`,
        /must end by 2026-12-01, when a2 expires \(got 14\)\. Give at most 6 days/,
    ],
    [
        "a successor that expires before the overlap ends",
        `consumer rotate alice a1 ${ROTATE.join(" ")} --expires 2026-12-08`,
        /--expires: must be a day after 2026-12-09, when the overlap ends \(got 2026-12-08\)\. Choose a later one, or fewer --overlap-days/,
    ],
    [
        "the rotation of RS256 to its current public key",
        "consumer rotate tokens rs --successor b --overlap-days 3 --public-key-file SAME",
        /--public-key-file: must be a new key \(got that of tokens\/rs\)/,
    ],
    [
        "the revocation of an unknown credential",
        "consumer revoke alice a3",
        /alice\/a3: is not a credential of the config\. Did you mean a1\?/,
    ],
    [
        "the removal of an unknown caller",
        "consumer remove unknown",
        /unknown: is not a consumer of the config\. See: npm run ops -- consumer list/,
    ],
    ["the handout of an expired credential", "consumer handout alice old", /alice\/old: expired on/],
    ...["age1qqq", "ssh-ed25519", "AGE-SECRET-KEY-1QQ"].map((key): [string, string, RegExp] => [
        `a recipient that is no public age key (${key})`,
        `consumer handout alice a1 --recipient ${key}`,
        /--recipient: must be a public age key, .*age -a -R key\.pub/,
    ]),
    ["a token for a key", "token issue alice a1 --ttl 1h", /alice\/a1: must be a credential of method jwt \(got key\)/],
    [
        "a token for RS256",
        "token issue tokens rs --ttl 1h",
        /must have algorithm HS256 \(got RS256\)\. The caller signs its tokens/,
    ],
    ["a token for an expired credential", "token issue tokens gone --ttl 1h", /tokens\/gone: expired on 2026-11-25\./],
    [
        "a token for longer than a day",
        "token issue tokens hs --ttl 25h",
        /--ttl: must be between 1 s and 24 h.*\(got "25h"\)/,
    ],
    ["claims that are not an object", "token issue tokens hs --ttl 1h --claims [1]", /--claims: must be a JSON object/],
    [
        "claims that the program sets",
        'token issue tokens hs --ttl 1h --claims {"exp":1,"key":"x"}',
        /--claims: must not have key, exp/,
    ],
    [
        "a public key that cannot be read, together with other problems",
        "consumer add bob --method jwt --expires 2020-01-01",
        /--expires: must be later than today[^]*\.algorithm: required/,
    ],
];

describe("ops rejects", () => {
    for (const [what, command, problem] of refused)
        it(what, async () => {
            const { ops, text, folder, calls } = bench({
                says: ({ args }) => assert.notEqual(args[0], "up") as undefined,
            });
            const files: Record<string, string> = { PUBLIC, PRIVATE, SAME };
            const args = command.split(" ").map((word) => {
                if (files[word] === undefined) return word;
                writeFileSync(join(folder, word), files[word]);
                return join(folder, word);
            });
            const { code, out, note } = await ops(...args);
            assert.match(note, problem);
            assert.equal(code, 2);
            assert.ok(!/^ {4}at /m.test(note), "no trace");
            assert.equal(text(), STACK_FILE);
            for (const secret of [...Object.values(SECRETS), PRIVATE.split("\n")[1]])
                assert.ok(!(out + note + JSON.stringify(calls)).includes(secret));
        });
});
