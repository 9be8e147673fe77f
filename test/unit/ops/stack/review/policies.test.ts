// Proves that a review names the policy pack's rules that a change breaks, and not those that were broken before.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../../../../ops/errors";
import { exceptionsOf, policyFindings } from "../../../../../ops/stack/review/policies";
import { readPreview, type Preview } from "../../../../../ops/stack/review/preview";
import { recordStack } from "../../../kit/intra-a";
import { previewOf, stateOf } from "./programs";
import { read } from "../../../../recorded/recording";

const TODAY = new Date("2026-11-25T12:00:00Z");

describe("review and the policy pack", () => {
    it("report a rule that a change breaks, and not one that the stack broke before", async () => {
        const good = await recordStack("rampart");
        const old = await recordStack("rampart", { gateway: { image: "apache/apisix:3.18.0-ubuntu" } });
        const preview = previewOf(good, old);
        assert.deepEqual(policyFindings(preview, stateOf(good), [], TODAY, undefined), []);
        const broken = previewOf(good, await recordStack("rampart", { guard: { contextTokens: 512 } }));
        for (const { newState } of broken.steps) {
            const { http } = (newState?.inputs as any)?.spec ?? {};
            if (http) http[0].plugins = http[0].plugins.filter((plugin: any) => plugin.name !== "multi-auth");
        }
        const found = policyFindings(broken, stateOf(good), [], TODAY, undefined);
        assert.ok(found.length > 0);
        assert.ok(found.every(({ code, severity }) => code === "policy-violated" && severity === "breaks-callers"));
        const rule = /^Rule (\S+) of/.exec(found[0].says)![1];
        const resources = stateOf(good).resources.map(
            (state) => broken.steps.find(({ urn }) => urn === state.urn)?.newState ?? state,
        );
        assert.deepEqual(policyFindings(broken, { resources }, [], TODAY, undefined), []);
        const [name] = found[0].evidence.map(({ resource }) => resource);
        const exceptions = [...new Set(found.map(({ says }) => /^Rule (\S+) of/.exec(says)![1]))].map((one) => ({
            rule: one,
            resource: name,
            reason: "a trial for a day",
            until: "2026-11-26",
        }));
        assert.ok(exceptions.some((one) => one.rule === rule));
        assert.deepEqual(policyFindings(broken, stateOf(good), exceptions, TODAY, undefined), []);
    });

    it("report a rule that a change breaks, while the run also deletes a leftover of the same resource", async () => {
        const broken = previewOf(
            await recordStack("rampart"),
            await recordStack("rampart", { guard: { contextTokens: 512 } }),
        );
        const change = broken.steps.find(({ newState }) => (newState?.inputs as any)?.spec?.http)!;
        const { http } = (change.newState!.inputs as any).spec;
        http[0].plugins = http[0].plugins.filter((plugin: any) => plugin.name !== "multi-auth");
        const leftover = { op: "delete", urn: change.urn, oldState: { ...change.oldState!, delete: true } };
        const resources = [change.oldState!, leftover.oldState];
        const found = (steps: Preview["steps"]) =>
            policyFindings({ ...broken, steps }, { resources }, [], TODAY, undefined);
        assert.match(found([change])[0].says, /multi-auth|requires? a credential/);
        assert.deepEqual(found([change, leftover]), found([change]));
    });

    it("reject invalid exceptions, as a user error", () => {
        const root = mkdtempSync(join(tmpdir(), "alpa-auth-exceptions-"));
        try {
            assert.deepEqual(exceptionsOf(root, TODAY), []);
            mkdirSync(join(root, "policy"));
            writeFileSync(join(root, "policy/exceptions.yaml"), "exceptions: [{ rule: none }]");
            assert.throws(
                () => exceptionsOf(root, TODAY),
                (error) => error instanceof UsageError && /policy\/exceptions\.yaml: /.test(error.message),
            );
        } finally {
            rmSync(root, { recursive: true });
        }
    });

    describe("of the ids at Cloudflare", () => {
        const previews = Object.entries(read("cloudflare")).map(([what, preview]) => ({
            what,
            ...readPreview(JSON.stringify(preview), "preview", "test"),
        }));
        const old = previews.flatMap(({ steps }) => steps.flatMap(({ oldState }) => (oldState ? [oldState] : [])));
        const resources = [...new Map(old.map((state) => [state.urn, state])).values()];
        const foreignIn = (preview: Preview) =>
            policyFindings(preview, { resources }, [], TODAY, undefined)
                .map(({ says }) => says)
                .filter((says) => /^Rule access-required .*id: /i.test(says));

        for (const { what, ...preview } of previews)
            it(`finds no id of another program in ${what}`, () => assert.deepEqual(foreignIn(preview), []));
    });
});
