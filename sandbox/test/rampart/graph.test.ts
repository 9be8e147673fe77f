// Proves what Rampart's webhook accepts, and that it names what it rejects.
import { strict as assert } from "node:assert";
import { type GraphObject, problemsOf } from "../../rampart/graph";
import { component, specOf } from "./kit";

const graph = (spec: object, name = "g"): GraphObject => ({
    metadata: { namespace: "default", name, uid: name, generation: 1 },
    spec,
});
const one = graph(specOf({ apisix: component() }));
const changed = (more: object) => graph(specOf({ apisix: component(more) }));

describe("Rampart's webhook", () => {
    const cases: [what: string, object: GraphObject, namespaces: string[], stored: GraphObject[], said: RegExp][] = [
        ["accepts a graph", one, ["default"], [], /^$/],
        ["lets a graph keep its namespaces", one, ["default-g-apisix"], [one], /^$/],
        [
            "rejects an existing namespace",
            one,
            ["default-g-apisix"],
            [],
            /^Namespace default-g-apisix already exists\.$/,
        ],
        [
            "rejects a namespace of another graph",
            graph(specOf({ "b-c": component() }), "g-a"),
            [],
            [graph(specOf({ "a-b-c": component() }))],
            /^Namespace default-g-a-b-c already exists\.$/,
        ],
        [
            "rejects a missing need",
            changed({ needs: ["ray"] }),
            [],
            [],
            /^Component ray needed by apisix does not exist\.$/,
        ],
        [
            "names an unknown field",
            changed({ replicas: 2 }),
            [],
            [],
            /unsupported by the sandbox, or wrong:\n.*"replicas"/,
        ],
        ["names inputs", changed({ inputs: { in: {} } }), [], [], /inputs are unsupported by the sandbox/],
        [
            "names a range as version",
            changed({ chart: { ...component().chart, version: "latest" } }),
            [],
            [],
            /only an exact version is supported by the sandbox/,
        ],
    ];
    for (const [what, object, namespaces, stored, said] of cases)
        it(what, () => assert.match(problemsOf(object, namespaces, stored), said));
});
