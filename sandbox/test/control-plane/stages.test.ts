import { strict as assert } from "node:assert";
import { parseAllDocuments } from "yaml";
import { kwokStages } from "../../control-plane/stages";

describe("kwok's stages", () => {
    interface Stage {
        spec: { resourceRef: { kind: string }; selector: { matchExpressions: object[] }; delay?: object };
    }
    const all = parseAllDocuments(kwokStages()).map((document) => document.toJS() as Stage);
    const nodes = all.filter(({ spec }) => spec.resourceRef.kind === "Node");

    it("never write to a node that is Ready, or is written to by a test, after a delay", () => {
        // kwok adds its own stages, with heartbeats, only if it is given none for nodes.
        assert.equal(nodes.length, 1);
        const [{ spec }] = nodes;
        assert.equal(spec.delay, undefined);
        assert.deepEqual(spec.selector.matchExpressions, [
            {
                key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
                operator: "NotIn",
                values: ["True"],
            },
        ]);
    });
});
