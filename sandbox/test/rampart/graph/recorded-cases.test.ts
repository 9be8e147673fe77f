// Proves that the emulator's webhook accepts and rejects graphs as recorded, with the recorded messages. Of a message
// about a schema error, only the first line and the path of the field are compared.
// Runs only where the recordings are available.
import assert from "node:assert/strict";
import { validateGraph, type World } from "../../../rampart/graph/validator.js";
import { component, graphOf } from "../kit/memory-cluster.js";
import { recording } from "../kit/recorded.js";

/** The cluster of the recorded cases. */
const world: World = {
    namespaces: ["default", "kube-system", "kube-public", "kube-node-lease"],
    graphs: [graphOf("holder", { x: component({ namespace: "claimed" }) }), graphOf("other", { "a-b-c": component() })],
};

function firstLineAndPlace(text: string): (string | undefined)[] {
    const lines = text.split("\n");
    return [lines[0], lines.find((line) => line.startsWith("On instance"))];
}

if (recording) {
    const { cases } = recording;
    describe("Rampart webhook, recorded", () => {
        let agreed = 0;
        after(() =>
            console.log(`      recorded cases that agree in verdict and message: ${agreed} of ${cases.length}`),
        );

        for (const { id, graph, kind, message, webhook } of cases) {
            it(`answers ${id} like the real webhook (${kind})`, () => {
                const verdict = validateGraph(graph, world);
                if (kind === "valid") assert.deepEqual(verdict, { allowed: true });
                else if (kind === "crash") assert.deepEqual(verdict, { crash: webhook.exception });
                else {
                    assert.ok("message" in verdict);
                    const start = 'admission webhook "validator.rampart.petuum.com" denied the request: ';
                    const read = (text: string) => (kind === "schema" ? firstLineAndPlace(text) : text);
                    assert.deepEqual(read(start + verdict.message), read(message!));
                }
                agreed++;
            });
        }
    });
}
