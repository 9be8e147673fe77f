// Proves for every rule of the policy pack, in any place of a resource, that the rule ignores a value that is unknown before
// the run. attacks.test.ts proves what each rule rejects.
import { strict as assert } from "node:assert";
import { resourceOf } from "../../../policy/resources/resource";
import { violationsOf } from "../../../policy/rules";
import { BASES, type Base } from "./bases";
import { FACTS } from "./facts";
import { givenOf, placesOnce, shapeOf, type Given } from "./stacks";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Fields that a program always knows: those that identify a resource, and the mark of a secret. */
const KNOWN = ["4dabf18193072939515e22adb298388d", "kind", "apiVersion", "name", "namespace", "chart", "components"];

/** Makes each value in a tree unknown, one after the other, and yields its path. A schema of a guard is one value. */
function* eachUnknown(tree: any, above = ""): Generator<string> {
    for (const [field, value] of Object.entries(tree)) {
        const path = `${above}.${field}`;
        if (!KNOWN.includes(field)) {
            tree[field] = UNKNOWN;
            yield path;
            tree[field] = value;
        }
        if (typeof value === "object" && value !== null && !field.endsWith("_schema")) yield* eachUnknown(value, path);
    }
}

describe("every rule of the policy pack", () => {
    const bases = {} as Record<Base, Given[]>;
    before(async () => {
        for (const [name, build] of Object.entries(BASES)) bases[name as Base] = givenOf(await build());
    });
    const copy = (base: Base) => structuredClone(bases[base]);

    it("ignores what is unknown before the run, in any place of a resource", () => {
        const said: string[] = [];
        const judged = new Set<string>();
        const isNew = placesOnce();
        for (const base of Object.keys(bases) as Base[])
            for (const given of copy(base)) {
                const same = shapeOf(given);
                if (judged.has(same)) continue;
                judged.add(same);
                // Only one resource is checked here, so rules about several resources report that others are missing.
                // `alone` has these violations, to ignore them.
                const judge = () => violationsOf([resourceOf(given)], FACTS).map(({ message }) => message);
                const alone = judge();
                for (const path of eachUnknown(given.inputs))
                    for (const message of isNew(given, path) ? judge() : [])
                        if (!alone.includes(message)) said.push(`${base} ${given.name} without ${path}: ${message}`);
            }
        assert.deepEqual(said, []);
    });
});
