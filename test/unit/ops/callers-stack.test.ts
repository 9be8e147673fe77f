// Proves that the commands work with option callers, whose namespace and timeouts are outputs of another stack. Also proves
// that `consumer list` recognizes the callers of other stacks at the same gateway.
import { strict as assert } from "node:assert";
import { decodeJwt } from "jose";
import type { Counters } from "../../../components/apisix/open-requests";
import { limitPlugins } from "../../../components/consumers/limits";
import { compare } from "../../../ops/consumer/state/compare";
import type { LiveConsumer } from "../../../ops/consumer/state/cluster-consumers";
import { renderedOf } from "../../../ops/consumer/state/rendered-consumer";
import type { Context } from "../../../ops/context";
import { gatewayOf } from "../../../ops/stack/gateway";
import type { Stack } from "../../../ops/stack/stack";
import { bench, exits, OUTPUTS, type Says, STACK_FILE, TODAY } from "./kit";

const MAIN = "organization/alpa-auth/main";
const TEXT = STACK_FILE.replace(
    /alpa-auth:option: .*\n.*\n.*\n/,
    `alpa-auth:option: callers\n    alpa-auth:of: ${MAIN}\n`,
);

/** A fake Pulumi, in which the other stack has this output `gateway`. */
const main =
    (gateway: object | undefined): Says =>
    ({ args }) => {
        if (args.join(" ") !== `stack output gateway --json --stack ${MAIN}`) return undefined;
        const stderr = "error: current stack does not have output property 'gateway'\n";
        return gateway ? { stdout: JSON.stringify(gateway) } : { code: 255, stderr };
    };
const says = main({ namespace: "shared", answerTimeoutSeconds: 90 });

describe("ops on a stack of option callers", () => {
    it("uses the file of such a stack", () => {
        assert.match(TEXT, /config:\n {4}alpa-auth:option: callers\n {4}alpa-auth:of: \S+\n {4}alpa-auth:consumers:/);
    });

    it("rotates like in any other stack, and validates the file for that option", async () => {
        const { ops, text } = bench({ text: TEXT, says });
        const rotate = ["consumer", "rotate", "alice", "a1", "--successor", "a3", "--overlap-days", "7", "--yes"];
        await exits(0, ops(...rotate));
        assert.match(text(), /- \{ id: a3, method: key \}/);
    });

    it("includes the claim and the timeout of the other stack's gateway in a handout", async () => {
        const { out } = await exits(0, bench({ text: TEXT, says }).ops("consumer", "handout", "tokens", "hs"));
        assert.match(out, /"key": "shared_tokens\.hs"/);
        assert.match(out, /--max-time 100 /);
    });

    it("issues a token with the claim of the other stack's namespace", async () => {
        const issued = await exits(
            0,
            bench({ text: TEXT, says }).ops("token", "issue", "tokens", "hs", "--ttl", "15m"),
        );
        assert.equal(decodeJwt(issued.out.trim()).key, "shared_tokens.hs");
    });

    it("reads no secret of the other stack", async () => {
        const { ops, calls } = bench({ text: TEXT, says });
        await ops("consumer", "handout", "tokens", "hs");
        const theirs = calls.filter(({ args }) => args.includes(MAIN));
        assert.equal(theirs.length, 1);
        assert.ok(!theirs[0].args.includes("--show-secrets"));
    });

    it("reports when the other stack has no gateway, and when no stack is named", async () => {
        const gone = await exits(1, bench({ text: TEXT, says: main(undefined) }).ops("consumer", "list"));
        assert.match(
            gone.note,
            /^of: stack organization\/alpa-auth\/main does not have the output gateway \(error of Pulumi: cur/,
        );
        const nameless = await exits(2, bench({ text: TEXT.replace(/.*:of:.*\n/, "") }).ops("consumer", "list"));
        assert.match(nameless.note, /of: required with option callers\. .* pulumi config set of/);
    });

    it("reports a wrong key of the file like the program", async () => {
        const text = TEXT.replace("config:\n", "config:\n    alpa-auth:namespace: x\n");
        const { note } = await exits(2, bench({ text, says }).ops("consumer", "add", "carol"));
        assert.match(note, /namespace: only valid with option intra-a/);
    });

    it("compares limits with those of the other stack's gateway", async () => {
        const counters: Counters = { host: "c", whenDown: "refuse", timeoutMilliseconds: 5, answerTimeoutSeconds: 90 };
        const says = main({ namespace: "shared", answerTimeoutSeconds: 90, counters });
        const context = {
            today: new Date(TODAY),
            pulumi: async (args: string[]) => ({ code: 0, stdout: "", stderr: "", ...(await says({ args })) }),
        } as unknown as Context;
        const text = TEXT.replace("    alpa-auth:consumers", "    alpa-auth:limits: { concurrent: 2 }\n$&");
        const stack = { text, file: "Pulumi.more.yaml" } as Stack;
        const rendered = await renderedOf(context, stack, await gatewayOf(context, stack));
        assert.deepEqual(rendered!.get("alice")!.plugins, limitPlugins({ concurrent: 2 }, "shared", counters));
        assert.equal(rendered!.get("tokens")!.tokens.get("hs")!.key, "shared_tokens.hs");
    });

    it("ignores the other stack for the stack of a gateway", async () => {
        const { ops, calls } = bench();
        await ops("token", "issue", "tokens", "hs", "--ttl", "60");
        assert.ok(calls.every(({ args }) => !args.includes("gateway")));
        assert.ok("jwtSecrets" in OUTPUTS);
    });
});

describe("ops consumer list with several stacks at one gateway", () => {
    const live = (name: string, owner: string | undefined): LiveConsumer => {
        const credentials = [{ id: "a", type: "key-auth", secret: `${name}.a` }];
        return { name, owner, credentials, plugins: [], accepted: true };
    };
    const rows = (...consumers: LiveConsumer[]) =>
        compare(
            [{ name: "lab", credentials: [{ id: "a", method: "key" }] }],
            { consumers, secrets: new Set(consumers.map(({ name }) => `${name}.a`)), tokens: new Map() },
            "alpa-auth/callers-1",
            new Date(TODAY),
        ).map(({ consumer, stack, problems }) => [consumer, stack, ...problems]);
    const ours = live("lab", "alpa-auth/callers-1");

    it("marks callers of another stack of the project, which are no problem", () => {
        assert.deepEqual(rows(ours, live("nlp", "alpa-auth/intra"), live("vis", "alpa-auth/callers-2")), [
            ["lab", null],
            ["nlp", "intra"],
            ["vis", "callers-2"],
        ]);
    });

    it("marks callers that have no owner, have one outside of the project, or are missing in the config", () => {
        assert.deepEqual(
            rows(ours, live("a", undefined), live("b", "alpa-authority/x"), live("c", "alpa-auth/callers-1")),
            [
                ["lab", null],
                ["a", null, "belongs to no stack"],
                ["b", null, "belongs to alpa-authority/x"],
                ["c", null, "not in the config"],
            ],
        );
    });

    it("marks a name of the config that another stack owns", () => {
        assert.deepEqual(rows(live("lab", "alpa-auth/intra")), [["lab", null, "belongs to alpa-auth/intra"]]);
    });
});
