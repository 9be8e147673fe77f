// Proves that the policy pack's rules find nothing to refuse in what the program asks for, with every option, installer
// and exposure, and that each of them looks at something there. That the engine hands them the same is proved on it.
import { strict as assert } from "node:assert";
import { violationsOf } from "../../../policy/rules";
import { resourcesOf, STACKS } from "./stacks";

describe("the rules of the policy pack", () => {
    for (const [what, build] of Object.entries(STACKS))
        it(`find nothing in ${what}`, async () => {
            const resources = resourcesOf(await build());
            assert.ok(resources.length > 5);
            assert.deepEqual(
                violationsOf(resources).map(({ rule, name, message }) => `${rule} ${name}: ${message}`),
                [],
            );
        });
});
