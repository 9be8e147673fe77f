// Proves that a review knows every input of every component: another value of each config key has findings of its own. The
// configs and values are those that prove that the inputs of components say all that a config says.
import { strict as assert } from "node:assert";
import { meaningOf } from "../../../../../components/stack-meaning";
import { parse } from "../../../../../config";
import { pairs } from "../../../../../ops/stack/history/consequences";
import { meaningFindings } from "../../../../../ops/stack/review/judge";
import { certificate } from "../../../../certificates";
import { bases, callersFile } from "../../../components/meaning/bases";
import { changed, changes } from "../../../components/meaning/changes";
import { TODAY } from "../../../kit/cloudflare";
import { raw } from "../../../kit/intra-a";

type Values = Record<string, unknown>;

function partsOf(values: Values) {
    const callers = callersFile(values.option === "cloudflare" ? "service-token" : "key");
    return meaningOf(parse(raw({ alpa: undefined, ...values }), () => true, TODAY, undefined, ".", callers));
}

describe("review of each config key", () => {
    /** The stack begins to set what the zone had before, and nothing tells what that was. */
    const OPEN = ["proxyTimeoutSeconds"];

    it("knows every input that changes", async () => {
        const names = ["llm.example.com", "opt.example.com"];
        const pair = await certificate(names, { notBefore: new Date("2026-11-01") });
        const table = changes(await certificate(names, { notBefore: new Date("2026-11-01") }));
        const unknown: string[] = [];
        let findings = 0;
        for (const [base, values] of Object.entries(bases(pair)))
            for (const [key, value] of Object.entries(table[base as keyof typeof table])) {
                const after = changed(values, key, value);
                const found = meaningFindings(pairs(partsOf(values), partsOf(after)), TODAY);
                findings += found.length;
                const isOpen = found.some(({ code }) => /^(other-change|unknown)/.test(code));
                if (isOpen && !OPEN.includes(key)) unknown.push(`${base} ${key}: ${JSON.stringify(found)}`);
            }
        assert.ok(findings > 150, String(findings));
        assert.deepEqual(unknown, []);
    });
});
