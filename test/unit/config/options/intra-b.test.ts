// Proves which configs of option intra-b are valid, and the resulting settings.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { BARE_METAL, intraBSettings, intraBValues, OPT, RAMPART_OPT } from "../../kit/intra-b";
import { interValues } from "../../kit/inter";
import { CONSUMERS, raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

function problems(values: Record<string, unknown>, isSecret?: () => boolean): string[] {
    return problemsOf(() => parse(raw(values), isSecret));
}

const opt = (more: object) => intraBValues({}, more);
const convert = (more: object) => intraBValues({}, {}, more);
const bareMetal = (more: object) => convert({ bareMetal: { ...BARE_METAL, ...more } });

const VERIFIERS_NAME =
    /^consumers\[0\]\.name: must not be alpa-verifier, the consumer with which option intra-b verifies Alpa/;

const refused: Refused[] = [
    [
        "neither component nor rollback",
        intraBValues({ opt: undefined, convert: undefined }),
        "opt: required. Set opt.image, model, nodes, rayVersion and weights.",
        "convert: required. Set convert.bareMetal: the current hosts of Alpa, and the systemd service that runs it.",
    ],
    [
        "no source of the weights",
        opt({ weights: undefined }),
        "opt.weights: required. Set one of claim, hostPath and inImage, the source of the weights.",
    ],
    ["no weights", opt({ weights: {} }), /^opt\.weights: must have exactly one of .* \(got none\)/],
    ...["/we ights", "/it's", '/"w"', "/$HOME", "/w;id"].map((inImage): Refused => [
        `a folder with a special character of the shell, ${inImage}`,
        opt({ weights: { inImage } }),
        /^opt\.weights\.inImage: must have no blank, quote or other special character of the shell \(got /,
    ]),
    ["a model with a special character of the shell", opt({ model: "opt-1b; id" }), /^opt\.model: must have no blank/],
    [
        "a chart of an existing operator",
        opt({ operator: "existing", operatorImage: "a:1" }),
        /^opt\.operatorImage: only valid with opt\.operator install/,
    ],
    [
        "shape rampart with settings that its charts lack",
        opt({
            shape: "rampart",
            image: `alpa:1@sha256:${"0".repeat(64)}`,
            hostNetwork: "NCCL",
        }),
        /^opt\.weights\.claim: only valid with opt\.shape kuberay/,
        /^opt\.image: must have no digest/,
        /^opt\.hostNetwork: only valid with opt\.shape kuberay/,
    ],
    [
        "shape rampart without Rampart",
        intraBValues({ gateway: { installer: "helm" } }, RAMPART_OPT),
        /^opt\.shape: rampart needs gateway\.installer rampart \(got helm\)/,
    ],
    [
        "a budget that a return alone uses up",
        convert({ budgetMinutes: 28 }),
        "convert.returnMinutes: must be less than convert.budgetMinutes, 28, which includes it (got 28). Raise convert.budgetMinutes.",
    ],
    [
        "no way to start bare metal again",
        bareMetal({ unit: undefined }),
        /^convert\.bareMetal: must have exactly one of unit and commands \(got none\)\. Set unit to Alpa's systemd service/,
    ],
    [
        "a command to stop it and none to start it",
        bareMetal({ unit: undefined, commands: { stop: "b" } }),
        "convert.bareMetal.commands.start: required. Set the command that starts Alpa: a rollback needs it.",
    ],
    [
        "two Alpas, of which one would be converted",
        intraBValues({ alpa: { endpoints: ["10.0.0.11:20001", "10.0.0.12:20001"] } }),
        "alpa.endpoints: must have exactly one entry with convert, which moves one Alpa into the cluster (got 10.0.0.11:20001, 10.0.0.12:20001). Keep only the Alpa service that convert.bareMetal describes.",
    ],
    [
        "hosts in another order than Ray's",
        intraBValues({ alpa: { endpoints: ["10.0.0.12:20001"] } }),
        "convert.bareMetal.hosts: the first must be the host of alpa.endpoints[0], where the Ray head node is (10.0.0.12 is hosts[1]). Put it first.",
    ],
    [
        "a caller with the verifier's name in option inter",
        interValues({ consumers: [{ name: "alpa-verifier", credentials: [{ id: "a", method: "key" }] }] }),
        VERIFIERS_NAME,
    ],
    [
        "a phase with option intra-a",
        { ...convert({ phase: "open" }), option: "intra-a" },
        /^convert\.phase: must be prepared with option intra-a, where no conversion is in progress \(got "open"\)/,
    ],
    [
        "an invalid component also with option intra-a",
        { ...opt({ weights: {} }), option: "intra-a" },
        /^opt\.weights: must have exactly one/,
    ],
    [
        "a conversion of option inter",
        interValues({ opt: OPT, convert: { bareMetal: BARE_METAL } }),
        "opt: only valid with option intra-a or intra-b, not with this stack's option. Remove it.",
        "convert: only valid with option intra-a or intra-b, not with this stack's option. Remove it.",
    ],
];

describe("config of option intra-b", () => {
    itRefuses(refused, problems);

    it("accepts the config of intra-a with another value of key option, and the other way around", () => {
        const a = { ...intraBValues(), option: "intra-a" };
        assert.deepEqual(problems(a), []);
        assert.deepEqual(problems({ ...a, option: "intra-b" }), []);
        const settings = parse(raw(a));
        assert.ok(settings.option === "intra-a");
        assert.equal(settings.conversion, undefined, "no resource uses it");
    });

    it("accepts a host whose SSH address is not Alpa's: the script on the host checks Alpa's address", () => {
        assert.deepEqual(problems(intraBValues({ alpa: { endpoints: ["alpa.example.com:20001"] } })), []);
    });

    it("starts the model worker of the image, unless a command is configured", () => {
        const launch =
            "cd /opt/alpa/examples/llm_serving && exec python3 launch_model_worker.py --model alpa/opt-175b --path /weights";
        assert.equal(intraBSettings().conversion.opt.command, launch);
        assert.equal(intraBSettings({}, { command: "run-alpa" }).conversion.opt.command, "run-alpa");
    });

    it("warns about ports that are open on the nodes", () => {
        const { warnings } = intraBSettings({}, { hostNetwork: "NCCL over InfiniBand" });
        assert.match(warnings.join("\n"), /opt\.hostNetwork: .*NCCL over InfiniBand/);
    });

    it("distinguishes callers by their settings, and by no key", () => {
        const of = (consumers: unknown) => intraBSettings({ consumers }).step.callers;
        const [lab, nlp] = CONSUMERS;
        assert.equal(of(CONSUMERS), of(structuredClone(CONSUMERS)));
        assert.notEqual(of(CONSUMERS), of([lab]));
        assert.notEqual(of(CONSUMERS), of([lab, { ...nlp, limits: { concurrent: 1 } }]));
        const limited = intraBSettings({ consumers: CONSUMERS, limits: { concurrent: 1 } });
        assert.notEqual(of(CONSUMERS), limited.step.callers, "limits of all callers");
        const brought = (key: string) => of([{ name: "a", credentials: [{ id: "k", method: "key", key }] }]);
        assert.equal(brought("a-key-of-some-length-0001"), brought("a-key-of-some-length-0002"));
    });
});
