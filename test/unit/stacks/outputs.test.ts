// Proves the outputs of every stack with callers, and how the stack connects to its cluster.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { derive } from "../../../components/consumers/generated-secrets";
import { inter } from "../../../stacks/inter";
import { intra } from "../../../stacks/intra";
import { generatedText, one, plain, record, value, type Seen } from "../../kit";
import { interValues, parseInter } from "../kit/inter";
import { KUBECONFIG, settings } from "../kit/intra-a";

const CLUSTER = { cluster: { kubeconfig: KUBECONFIG, context: "one" } };
/** The fake engine always generates the same text. */
const KEY = derive(generatedText(64), generatedText(), "key");
const OUTPUTS = ["url", "credentials", "jwtSecrets", "curl", "expires"];

const stacks: [option: string, program: () => object, url: string][] = [
    ["intra-a", () => intra(settings("rampart", CLUSTER)), "http://10.0.0.11:30800/alpa"],
    ["inter", () => inter(parseInter(interValues(CLUSTER))), "http://llm.example.com:30800/alpa"],
];
for (const [option, program, url] of stacks)
    describe(`a stack of option ${option}`, () => {
        let seen: Seen[];
        let outputs: Record<string, pulumi.Output<unknown>>;
        before(async () => (seen = await record(() => (outputs = program() as typeof outputs))));

        it("outputs the address in plain text, and every key as a secret", async () => {
            assert.deepEqual(Object.keys(outputs), OUTPUTS);
            assert.equal(outputs.url, url);
            for (const name of ["credentials", "jwtSecrets", "curl"])
                assert.equal(await pulumi.isSecret(outputs[name]), true, name);
            const keys = { "lab/2026a": KEY, "lab/2026b": KEY, "nlp/2026a": KEY };
            assert.deepEqual(await value(outputs.credentials), keys);
        });

        it("gives the cluster's provider the kubeconfig as a secret", () => {
            const { kubeconfig } = one(seen, "pulumi:providers:kubernetes").inputs;
            assert.ok(pulumi.runtime.isRpcSecret(kubeconfig));
            assert.equal(plain(kubeconfig), KUBECONFIG);
        });
    });
