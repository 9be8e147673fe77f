// Proves that the house rules in eslint.config.mjs find the code that they forbid, and allow the right alternative.
import { strict as assert } from "node:assert";
import * as path from "node:path";
import { ESLint } from "eslint";

const root = path.resolve(__dirname, "../../..");

type Case = [file: string, code: string, message: RegExp];
const DOWN = /must not import what uses them/;
const refused: [rule: string, cases: Case[]][] = [
    [
        "an import that points up",
        [
            ["components/route/x.ts", 'import { A } from "../intra-cluster";\nA();', DOWN],
            ["components/route/x.ts", 'import type { A } from "../../config";\nexport type B = A;', DOWN],
            ["components/route/x.ts", 'export * from "../intra-cluster";', DOWN],
            ["components/kubernetes/x.ts", 'import { A } from "../apisix/values";\nA();', DOWN],
            ["components/apisix/x.ts", 'import { A } from "../route/server-route";\nA();', DOWN],
            ["components/hosts/microk8s/x.ts", 'import { A } from "../../apisix/values";\nA();', DOWN],
            ["components/kubernetes/until-settled.ts", 'import { A } from "../../config";\nA();', DOWN],
            ["components/x.ts", 'import { A } from "../config/values";\nA();', DOWN],
            ["components/x.ts", 'import { A } from "../stacks/intra";\nA();', DOWN],
            ["components/x.ts", 'import { A } from "../preflight/checks";\nA();', DOWN],
            ["components/x.ts", 'import { A } from "../ops/cli";\nA();', DOWN],
            ["components/x.ts", 'import { A } from "../sandbox/cli";\nA();', DOWN],
            ["components/x.ts", 'import { A } from "../policy";\nA();', DOWN],
            ["components/x.ts", 'import { A } from "../test/kit";\nA();', DOWN],
            ["components/x.ts", 'export const a = () => import("../config");', DOWN],
            ["stacks/x.ts", 'import { A } from "../config";\nA();', /settings come in as arguments/],
            ["stacks/x.ts", 'import { A } from "../preflight/checks";\nA();', /settings come in as arguments/],
            ["preflight/x.ts", 'import { A } from "../stacks/intra";\nA();', /settings come in as arguments/],
            ["preflight/a/x.ts", 'import { A } from "../../config";\nA();', /settings come in as arguments/],
            ["config/x.ts", 'import { A } from "../stacks/intra";\nA();', /on no code that reads the config/],
            [
                "config/a/x.ts",
                'import { A } from "../../preflight/kubernetes/conflicts";\nA();',
                /on no code that reads the config/,
            ],
            [
                "config/keys/a/x.ts",
                'import { A } from "../../options/inter/schema";\nA();',
                /must not import the config of an option/,
            ],
            [
                "dns/x.ts",
                'import { A } from "../config";\nA();',
                /nothing from other folders but the type of a DNS record/,
            ],
            [
                "dns/x.ts",
                'import { A } from "../ops/cli";\nA();',
                /nothing from other folders but the type of a DNS record/,
            ],
            ["ops/x.ts", 'import { A } from "../sandbox/cli";\nA();', /must not import stacks or the sandbox/],
            ["ops/a/x.ts", 'import { A } from "../../stacks/intra";\nA();', /must not import stacks or the sandbox/],
            ["ops/a/x.ts", 'export const a = () => import("../../test/kit");', /must not import stacks or the sandbox/],
            ["ops/x.ts", 'import { A } from "../bench/cli";\nA();', /must not import stacks or the sandbox/],
            ["ops/x.ts", 'import { A } from "../policy/pack";\nA();', /ops may import only policy\/rules/],
            [
                "policy/x.ts",
                'import { A } from "../components/route/request-guard";\nA();',
                /must not depend on the program/,
            ],
            ["policy/resources/x.ts", 'import { A } from "../rules";\nA();', /policy\/resources must not import them/],
            ["policy/rules/x.ts", 'import { A } from "../pack";\nA();', /without a policy pack/],
            ["policy/rules/x.ts", 'import { A } from "@pulumi/policy";\nA();', /without a policy pack/],
            ["policy/rules/gateway/x.ts", 'import { A } from "../../pack";\nA();', /without a policy pack/],
            ["index.ts", 'import { A } from "./policy";\nA();', /which are not part of it/],
            ["index.ts", 'import { A } from "./sandbox/cli";\nA();', /which are not part of it/],
            ["index.ts", 'import { A } from "./bench/cli";\nA();', /which are not part of it/],
        ],
    ],
    [
        "a resource or a throw inside apply()",
        [
            ["components/x.ts", "a.apply((v) => new Thing(v));", /No resources and no throws inside apply/],
            ["components/route/x.ts", "a.apply((v) => { if (!v) throw v; });", /No resources and no throws/],
            ["components/route/x.ts", "a?.apply(function (v) { return new Thing(v); });", /No resources and no throws/],
            ["components/kubernetes/until-settled.ts", "a.apply((v) => new Thing(v));", /No resources and no throws/],
            ["stacks/x.ts", "a.apply((v) => new Thing(v));", /No resources and no throws/],
            ["preflight/x.ts", "a.apply((v) => { throw v; });", /No resources and no throws/],
        ],
    ],
    [
        "console in the program",
        [
            ["components/route/x.ts", 'console.log("a");', /Only messages of pulumi\.log/],
            ["components/x.ts", 'console.error("a");', /Only messages of pulumi\.log/],
            ["index.ts", 'console.log("a");', /Only messages of pulumi\.log/],
        ],
    ],
    [
        "code that is too long or too deeply nested",
        [
            ["components/x.ts", `export function f() {\n${"f();\n".repeat(60)}}`, /too many lines/],
            ["policy/rules/x.ts", `export function f() {\n${"f();\n".repeat(60)}}`, /too many lines/],
            ["dns/x.ts", "f();\n".repeat(301), /File has too many lines/],
            ["preflight/x.ts", "if (a) { if (a) { if (a) { if (a) a(); } } }", /nested too deeply/],
        ],
    ],
    [
        "a generation that a plan would treat as missing",
        [["components/route/x.ts", "new Wait({ generation: object.metadata.generation });", /Use generationOf\(\)/]],
    ],
    ["apply() in tests", [["test/unit/x.test.ts", "a.apply((v) => v);", /cannot fail a test/]]],
    [
        "tests that do not run",
        [
            ["test/unit/x.test.ts", 'it.only("x", () => {});', /every test ran/],
            ["test/unit/x.test.ts", 'describe.only("x", () => {});', /every test ran/],
            ["test/unit/x.test.ts", 'it.skip("x", () => {});', /every test ran/],
            ["test/unit/x.test.ts", 'it("x", function () { this.skip(); });', /every test ran/],
            ["test/unit/x.test.ts", 'xit("x", () => {});', /every test ran/],
        ],
    ],
];

const allowed: [what: string, file: string, code: string][] = [
    ["topologies to import subjects", "components/x.ts", 'import { A } from "./route/a";\nA();'],
    ["a subject to import lower ones", "components/route/x.ts", 'import { A } from "../apisix/a";\nA();'],
    ["stacks to import components", "stacks/x.ts", 'import { A } from "../components/a";\nA();'],
    ["preflight to import components", "preflight/a/x.ts", 'import { A } from "../../components/route/a";\nA();'],
    ["config to import components", "config/x.ts", 'import { A } from "../components/route/a";\nA();'],
    ["the entry to import stacks", "index.ts", 'import { A } from "./stacks/a";\nA();'],
    [
        "the command line to import config and components",
        "ops/a/x.ts",
        'import { A } from "../../components/route/a";\nA();',
    ],
    ["the command line to import its own", "ops/a/x.ts", 'import { A } from "../stack/stack";\nA();'],
    ["the command line to import rules", "ops/a/x.ts", 'import { A } from "../../policy/rules";\nA();'],
    ["the command line to import the reader", "ops/a/x.ts", 'import { A } from "../../policy/resources/routes";\nA();'],
    [
        "a rule to import the oldest version of APISIX",
        "policy/rules/gateway/x.ts",
        'import { A } from "../../../components/apisix/version";\nA();',
    ],
    ["a rule to import the reader", "policy/rules/gateway/x.ts", 'import { A } from "../../resources/routes";\nA();'],
    ["sandbox to import all", "sandbox/x.ts", 'import { A } from "../components/route/a";\nA();'],
    ["tests to import all", "test/unit/x.test.ts", 'import { A } from "../../config";\nA();'],
    ["a plain value from apply()", "components/x.ts", "a.apply((v) => v.b);"],
    ["a function of sixty lines", "components/x.ts", `export function f() {\n${"f();\n".repeat(58)}}`],
    ["apply() on a new resource", "components/x.ts", "new Thing().out.apply((v) => v.b);"],
    ["pulumi.log in components", "components/x.ts", 'pulumi.log.info("a");'],
    ["console in commands", "components/kubernetes/until-settled.ts", 'console.log("a");'],
    ["console in the sandbox", "sandbox/x.ts", 'console.log("a");'],
    ["a test without .only", "test/unit/x.test.ts", 'it("x", async () => { await value(a); });'],
];

describe("lint", () => {
    const eslint = new ESLint({ cwd: root });
    const messages = async (file: string, code: string) => {
        const [result] = await eslint.lintText(code, { filePath: path.join(root, file) });
        return result.messages
            .filter((m) => /^(no-restricted|max)-/.test(m.ruleId ?? "") || m.fatal)
            .map((m) => m.message);
    };

    for (const [rule, cases] of refused)
        describe(`rejects ${rule}`, () => {
            for (const [file, code, message] of cases)
                it(`${file}: ${code.split("\n")[0]}`, async () =>
                    assert.match((await messages(file, code)).join("\n"), message));
        });
    describe("allows", () => {
        for (const [what, file, code] of allowed)
            it(what, async () => assert.deepEqual(await messages(file, code), []));
    });
});
