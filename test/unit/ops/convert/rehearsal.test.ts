// Proves that a rehearsal stops and starts only its own resources, that its file gets production's secrets only in encrypted
// form, and that it is removed afterwards. Pulumi is a fake here.
import { strict as assert } from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { conversionStateFile } from "../../../../config/conversion-state";
import { append } from "../../../../ops/cutover/audit";
import { rehearsalStack } from "../../../../ops/convert/rehearsal-stack";
import { CONVERT_FILE, convertBench } from "./service";
import { exits } from "../kit";

const REHEARSAL = `    rehearsal:
      alpa: { endpoints: ["10.20.96.200:20001"] }
      gateway: { nodePort: 30999 }
      opt: { model: alpa/opt-125m, gpusPerNode: 1, nodes: [dgx-03] }
      convert:
        bareMetal:
          hosts:
            - address: 10.20.96.200
              hostKey: ssh-ed25519 ${"B".repeat(64)}
              user: ops
              privateKey: { secure: OTHER }
          unit: alpa-small.service
`;
const TEXT = CONVERT_FILE.replace("      unit: alpa-ray.service\n", `$&${REHEARSAL}`);
const SECRETS = new Map([
    ["CIPHER", "the key of production's hosts"],
    ["OTHER", "the key of the small one's"],
]);

describe("ops convert rehearse", () => {
    it("is a stack with the settings of production, except its own settings for everything that it stops or starts", () => {
        const { values, problems, needs, secrets } = rehearsalStack(TEXT, SECRETS) as any;
        assert.deepEqual(problems, []);
        assert.equal(values.option, "intra-a");
        assert.equal(values.namespace, "alpa-auth-rehearsal");
        assert.deepEqual(values.alpa.endpoints, ["10.20.96.200:20001"]);
        // Rampart cannot install a second gateway, so Helm installs the rehearsal's gateway. The stack owns no CRDs, because
        // its removal would delete them.
        assert.deepEqual([values.gateway.installer, values.gateway.crds], ["helm", []]);
        assert.deepEqual(
            [values.opt.image, values.opt.model],
            [{ repository: "registry.example.com/alpa-serving", tag: "1.0.0" }, "alpa/opt-125m"],
        );
        assert.equal(values.convert.bareMetal.unit, "alpa-small.service");
        assert.deepEqual(
            values.consumers.map(({ name }: any) => name),
            ["rehearsal"],
        );
        assert.equal(values.convert.rehearsal, undefined);
        // The rehearsal copies none of production's secrets.
        assert.deepEqual([...secrets.values()], ["the key of the small one's"]);
        assert.match(needs.join("\n"), /1 GPU on each of dgx-03 for alpa\/opt-125m: they must be free/);
    });

    it("has the configured installer", () => {
        const named = TEXT.replace("gateway: { nodePort: 30999 }", "gateway: { nodePort: 30999, installer: rampart }");
        const { values } = rehearsalStack(named, SECRETS) as any;
        assert.deepEqual([values.gateway.installer, values.gateway.crds], ["rampart", undefined]);
    });

    it("uses its own weights and its own kubeconfig instead of production's", () => {
        const named = TEXT.replace(/weights: .*/, "weights: { claim: opt-weights }")
            .replace(
                "nodes: [dgx-03] }",
                "nodes: [dgx-03], weights: { hostPath: /small } }\n      cluster: { context: dgx }",
            )
            .replace("config:\n", "config:\n  alpa-auth:cluster: { nodes: [] }\n");
        const { values, problems } = rehearsalStack(named, SECRETS) as any;
        assert.deepEqual([values.opt.weights, values.cluster], [{ hostPath: "/small" }, { context: "dgx" }]);
        assert.deepEqual(problems, []);
    });

    it("refuses a budget below the default times of a stack without measurements, and creates nothing", async () => {
        const it = await convertBench(TEXT.replace("budgetMinutes: 60", "budgetMinutes: 45"));
        const { note } = await exits(2, it.ops("convert", "rehearse", "--yes"));
        assert.match(
            note,
            /convert\.rehearsal\.convert\.budgetMinutes: must be at least 57, .*\(got 45\)\. Run: pulumi config set --path convert\.rehearsal\.convert\.budgetMinutes 57/,
        );
        assert.ok(it.calls.every(({ args }) => args[1] !== "init" && args[0] !== "up"));
    });

    it("lists its requirements and creates nothing, until --yes", async () => {
        const { ops, calls, folder, text } = await convertBench(TEXT);
        const { out } = await exits(0, ops("convert", "rehearse"));
        assert.match(
            out,
            /Rehearsal in stack intra-rehearsal\. Stack intra is not changed\. The rehearsal needs:\n {2}- /,
        );
        assert.match(out, /Dry run: nothing was changed\. Run again with --yes to create that stack/);
        assert.ok(calls.every(({ args }) => args[1] !== "init" && args[0] !== "up"));
        assert.ok(!existsSync(join(folder, "Pulumi.intra-rehearsal.yaml")));
        assert.equal(text(), TEXT);
    });

    const refused: [why: string, text: string, problem: RegExp][] = [
        ["nothing of its own", CONVERT_FILE, /^convert\.rehearsal: required/],
        [
            "production's Alpa",
            TEXT.replace('"10.20.96.200:20001"', '"10.20.96.188:20001"'),
            /alpa\.endpoints: must not be production's \(got 10\.20\.96\.188:20001\)/,
        ],
        [
            "production's node port",
            TEXT.replace("nodePort: 30999", "nodePort: 30800"),
            /gateway\.nodePort: must be a node port of its own \(got 30800, and production has 30800\)/,
        ],
        [
            "a node of production's",
            TEXT.replace("nodes: [dgx-03] }", "nodes: [{ name: dgx-02, gpus: 8 }] }"),
            /^convert\.rehearsal\.opt\.nodes: must not be a node of production, .*\(got dgx-02\)/,
        ],
        ["no nodes of its own", TEXT.replace(", nodes: [dgx-03]", ""), /^convert\.rehearsal\.opt\.nodes: required/],
        [
            "production's namespace",
            TEXT.replace("    rehearsal:\n", "$&      namespace: alpa-auth\n"),
            /namespace: must not be production's/,
        ],
        [
            "a host of production's, whatever it is to run there",
            TEXT.replace("- address: 10.20.96.200", "- address: 10.20.96.188"),
            /bareMetal\.hosts: must not be a host of production, which uses the GPUs \(got 10\.20\.96\.188\)/,
        ],
        [
            "weights in a claim, which would have to be in a namespace that does not exist yet",
            TEXT.replace(/weights: .*/, "weights: { claim: opt-weights }"),
            /^convert\.rehearsal\.opt\.weights: must not be a claim.*\(got opt-weights\)/,
        ],
        [
            "a cluster that the stack creates",
            TEXT.replace("config:\n", "config:\n  alpa-auth:cluster: { nodes: [] }\n"),
            /convert\.rehearsal\.cluster: required if the stack creates its cluster/,
        ],
    ];
    for (const [why, text, problem] of refused)
        it(`refuses ${why}`, () => assert.match(rehearsalStack(text, SECRETS).problems.join("\n"), problem));

    it("refuses when an earlier one was not deleted, and creates nothing", async () => {
        const it = await convertBench(TEXT);
        writeFileSync(join(it.folder, "Pulumi.intra-rehearsal.yaml"), "config: {}\n");
        const { note } = await exits(2, it.ops("convert", "rehearse", "--yes"));
        assert.match(note, /intra-rehearsal: must not exist yet.*pulumi destroy -s intra-rehearsal && pulumi stack rm/);
        assert.ok(it.calls.every(({ args }) => args[1] !== "init" && args[0] !== "up"));
    });

    /** A {@link convertBench} whose fake Pulumi can also create and delete the rehearsal's stack. */
    async function rehearsing() {
        const own = { file: "" };
        const it = await convertBench(TEXT, ({ args, input }) => {
            const command = args.slice(0, 2).join(" ");
            if (command === "stack init") {
                writeFileSync((own.file = join(it.folder, "Pulumi.intra-rehearsal.yaml")), "encryptionsalt: v1:salt\n");
                return {};
            }
            if (command === "config set") {
                const file = args[args.indexOf("--config-file") + 1];
                const key = args[3];
                assert.match(input!, /PRIVATE KEY/);
                writeFileSync(file, `${readFileSync(file, "utf8")}config:\n  ${key}:\n    secure: AGAIN\n`);
                return {};
            }
            if (args[0] === "destroy" || command === "stack rm") return {};
            return undefined;
        });
        it.state.file = () => (existsSync(own.file) ? own.file : it.file);
        return { it, own };
    }

    it("goes forward and back in its own stack, changes production's neither in file nor in Pulumi, and deletes itself", async () => {
        const { it, own } = await rehearsing();
        let made = "";
        it.state.onUp = () => (made ||= readFileSync(own.file, "utf8"));
        const { out, note } = await exits(0, it.ops("convert", "rehearse", "--yes"));
        assert.equal(it.text(), TEXT);
        assert.equal(parse(made).encryptionsalt, "v1:salt");
        assert.match(made, /privateKey:\s+secure: AGAIN/);
        assert.ok(!made.includes("OTHER") && !made.includes("CIPHER"));
        const onStack = it.calls.filter(({ args }) => ["up", "destroy", "preview"].includes(args[0]));
        assert.ok(onStack.every(({ args }) => args[args.indexOf("--stack") + 1] === "intra-rehearsal"));
        assert.deepEqual(it.state.ups, [
            ...["intra-a", "prepare", "drain", "stop", "start", "verify", "switch", "done"],
            ...["switch", "start", "stop", "drain", "prepare", "intra-a"],
        ]);
        assert.equal(existsSync(own.file), false);
        assert.equal(existsSync(conversionStateFile(it.folder, "intra-rehearsal")), false);
        assert.match(note, /The rehearsal needs:\n {2}- namespace alpa-auth-rehearsal, node port 30999/);
        assert.match(out, /Rehearsed: conversion and return\. The rehearsal stack is removed/);
        // The rehearsal has a small model. So production's plan does not use the times that the rehearsal took.
        const { steps } = JSON.parse((await it.ops("convert", "plan", "--json")).out);
        assert.ok(steps.every(({ measured }: any) => !measured));
    });

    it("starts again after an earlier one was interrupted and removed", async () => {
        const { it } = await rehearsing();
        const run = "intra-rehearsal-20260101T000000Z";
        const file = join(it.folder, ".alpa-auth/convert", `${run}.jsonl`);
        const ours = { time: "2026-01-01T00:00:00Z", run, who: "gone@elsewhere" };
        const versions = { program: "1", pulumi: "v3", node: "v22" };
        append(file, { ...ours, event: "begin", from: "intra-a", to: "intra-b", budgetSeconds: 3600, versions });
        append(file, { ...ours, event: "step", step: "drain", direction: "forward", to: "drain" });
        await exits(0, it.ops("convert", "rehearse", "--yes"));
        const last = it
            .record()
            .filter((entry) => entry.run === run)
            .at(-1);
        assert.equal(last!.event === "end" && last!.outcome, "cleared");
    });

    it("that fails keeps its stack for inspection, and says how to delete it", async () => {
        const it = await convertBench(TEXT, ({ args }) => {
            const command = args.slice(0, 2).join(" ");
            if (command === "config set") {
                const file = args[args.indexOf("--config-file") + 1];
                writeFileSync(file, `config:\n  ${args[3]}:\n    secure: AGAIN\n`);
                return {};
            }
            if (command === "stack init") return {};
            return args[0] === "up" ? { code: 255, stdout: "error: no room\n" } : undefined;
        });
        const { note } = await exits(1, it.ops("convert", "rehearse", "--yes"));
        assert.match(note, /rehearsal: did not convert and return\. Stack intra-rehearsal is kept.*no room/s);
        assert.ok(existsSync(join(it.folder, "Pulumi.intra-rehearsal.yaml")));
        assert.equal(it.text(), TEXT);
    });
});
