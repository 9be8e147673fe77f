// Proves that a review knows each kind of resource that some option of this project makes: another would be a risk in every
// change.
import { strict as assert } from "node:assert";
import { kindOf } from "../../../../ops/review/changes";
import { RULES } from "../../../../ops/review/rules";
import { STACKS } from "../../policy/stacks";

describe("review", () => {
    for (const [what, build] of Object.entries(STACKS))
        it(`knows every kind in ${what}`, async () => {
            const kinds = (await build()).flatMap(({ custom, type }) => (custom ? [kindOf(type)] : []));
            assert.ok(kinds.length > 5);
            assert.deepEqual(
                [...new Set(kinds)].filter((kind) => RULES[kind] === undefined),
                [],
            );
        });
});
