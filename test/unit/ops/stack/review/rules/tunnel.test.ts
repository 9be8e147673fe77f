// Proves that a review reports every rule of a tunnel without authentication.
import { strict as assert } from "node:assert";
import { said, step } from "../steps";

const access = { required: true, teamName: "t", audTags: ["a"] };
const asked = (hostname: string) => ({ hostname, service: "http://10.0.0.11:20001", originRequest: { access } });
const open = (hostname: string, service = "http://10.0.0.11:20001") => ({ hostname, service });
const REST = { service: "http_status:404" };
const config = (...ingresses: object[]) => ({ accountId: "a", tunnelId: "t", config: { ingresses } });

describe("review of the rules of a tunnel", () => {
    const cases: [what: string, old: object | undefined, now: object, expected: RegExp[]][] = [
        [
            "one more rule with authentication",
            config(asked("a"), REST),
            config(asked("a"), asked("b"), REST),
            [/^harmless access-added/],
        ],
        [
            "one more rule without authentication",
            config(asked("a"), REST),
            config(asked("a"), open("b"), REST),
            [/^breaks-callers opens-to-network: b: the connectors forward to .*, without authentication/],
        ],
        [
            "one more rule to the gateway, like another one",
            config(open("a", "http://gateway"), REST),
            config(open("a", "http://gateway"), open("b", "http://gateway"), REST),
            [/^harmless access-added/],
        ],
        [
            "one more rule that bypasses the gateway",
            config(open("a", "http://gateway"), REST),
            config(open("a", "http://gateway"), open("b"), REST),
            [/^breaks-callers opens-to-network/],
        ],
        [
            "another order",
            config(asked("a"), asked("b"), REST),
            config(asked("b"), asked("a"), REST),
            [/^risk route-changed: .*order/],
        ],
    ];
    for (const [what, old, now, expected] of cases)
        it(what, () => {
            const found = said([step("TunnelConfig", "rules", old, now)]);
            assert.equal(found.length, expected.length, found.join("\n"));
            expected.forEach((pattern, i) => assert.match(found[i], pattern));
        });
});
