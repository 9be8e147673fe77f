// Proves that the policy pack's rules find no violation in the program's resources, with every option, installer and exposure.
// Also proves that a review knows each kind of resource: an unknown kind would be a risk in every change. Engine tests prove
// that the engine passes the same resources to the rules.
import { strict as assert } from "node:assert";
import { packageAndKind } from "../../../ops/stack/review/changes";
import { KINDS } from "../../../ops/stack/review/kinds";
import { violationsOf } from "../../../policy/rules";
import type { Seen } from "../../kit";
import { FACTS } from "./facts";
import { resourcesOf, STACKS } from "./stacks";

for (const [what, build] of Object.entries(STACKS))
    describe(`stack ${what}`, () => {
        let seen: Seen[];
        before(async () => (seen = await build()));
        after(() => (seen = []));

        it("breaks no rule of the policy pack", () => {
            const resources = resourcesOf(seen);
            assert.ok(resources.length > 5);
            assert.deepEqual(
                violationsOf(resources, FACTS).map(({ rule, name, message }) => `${rule} ${name}: ${message}`),
                [],
            );
        });

        it("has kinds of resources that a review knows", () => {
            const kinds = seen.flatMap(({ custom, type }) => (custom ? [packageAndKind(type)] : []));
            assert.ok(kinds.length > 5);
            assert.deepEqual(
                [...new Set(kinds)].filter((kind) => KINDS[kind] === undefined),
                [],
            );
        });
    });
