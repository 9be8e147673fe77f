/**
 * Proves that the emulator chart kuberay-operator accepts the project's values, and rejects all values that it does not
 * implement.
 */
import Ajv from "ajv";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { operatorValues } from "../../../components/opt/opt-graph";
import { ROOT } from "../../world/state";

const read = (name: string) => readFileSync(join(ROOT, "sandbox/charts/kuberay-operator", name), "utf8");

function problems(over: object): string {
    const check = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(read("values.schema.json")));
    if (check({ ...parse(read("values.yaml")), ...over })) return "";
    return check.errors!.map(({ instancePath, params }) => `${instancePath} ${JSON.stringify(params)}`).join("\n");
}

describe("Values of the emulated chart kuberay-operator", () => {
    const chart = { image: { repository: "quay.io/kuberay/operator", tag: "v1.6.2" } };
    const allowed: [why: string, over: object][] = [
        ["its own", {}],
        ["the project's", operatorValues("llm", chart)],
        ["what Rampart adds", { rampart: { name: "x" }, global: { rampart: { name: "x" } } }],
    ];
    for (const [why, over] of allowed) it(`accept ${why}`, () => assert.equal(problems(over), ""));

    const refused: [why: string, over: object, problem: RegExp][] = [
        ["a misspelt name", { watchNamespaces: ["llm"] }, /"watchNamespaces"/],
        ["a misspelt nested name", { image: { repo: "x" } }, /\/image .*"repo"/],
        ["a batch scheduler", { batchScheduler: { name: "volcano" } }, /\/batchScheduler\/name/],
        ["a file of configuration", { configuration: { enabled: true } }, /\/configuration\/enabled/],
        ["another program", { operatorCommand: "/bin/sh" }, /\/operatorCommand/],
    ];
    for (const [why, over, problem] of refused) it(`reject ${why}`, () => assert.match(problems(over), problem));
});
