// Proves which stacks may have an OpenAI-compatible server, and what the components get.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { meaningOf } from "../../../../components/stack-meaning";
import { interValues } from "../../kit/inter";
import { raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const SERVER = { endpoints: ["10.20.96.188:8000"], models: ["Qwen/Qwen3-32B", "team-lora"] };
const caller = (more: object, credential: object = {}) => ({
    consumers: [{ name: "lab", credentials: [{ id: "a", method: "key", ...credential }], ...more }],
});
const config = (values: object = {}) => raw(interValues({ alpa: undefined, openai: SERVER, ...values }));
const server = (more: object) => ({ openai: { ...SERVER, ...more } });
const plain = ["s3cret-server-key", "a.key.with.dots.s3cret"];

const refused: Refused[] = [
    ["two servers", { alpa: { endpoints: ["10.0.0.1:20001"] } }, /^openai: only valid without alpa/],
    ["no models", server({ models: [] }), /^openai\.models: must name at least one model\. Add the names that the/],
    ["a path twice", server({ paths: ["models", "models"] }), /^openai\.paths: .*only once \(got models twice\)/],
    ["an empty list of a caller", caller({ models: [] }), /^consumers\[0\]\.models: .*Add a model, or remove the key/],
    [
        "a budget of tokens in a class",
        {
            classes: { batch: 4 },
            ...caller({ class: "batch", limits: { concurrent: 2, maxTokens: 9, tokens: 99, perTokenSeconds: 60 } }),
        },
        /^consumers\[0\]\.class: must not be set for a caller with limits\.tokens/,
    ],
    ["a reference as a model", server({ models: ["$env://KEY"] }), /^openai\.models\[0\]: must be the name of a model/],
    ["another path", server({ paths: ["responses"] }), /^openai\.paths\[0\]: must be one of chat\/completions,/],
    ["a server's key in plain text", server({ serverKey: plain[0] }), /^openai\.serverKey: must be stored encrypted/],
    ["a caller's model that the stack lacks", caller({ models: ["x"] }), /^consumers\[0\]\.models: must be in openai/],
    ["an own key with a dot", caller({}, { key: plain[1] }), /key: must be stored/, /key: must have no dot/],
    ["the guard of Alpa", { guard: { maxPrompts: 1 } }, /^guard: only valid with alpa/],
    ["a prefix", { pathPrefix: "/llm" }, /^pathPrefix: only valid with alpa/],
];

describe("config of an OpenAI-compatible server", () => {
    itRefuses(refused, (values) =>
        problemsOf(() => parse(config(values), (_, value) => !plain.includes(String(value)))),
    );

    it("rejects the server's key at an existing gateway, whose pods the stack cannot give it", () => {
        const existing = { ingressClass: "a", gateway: "a/a", url: "http://10.0.0.9" };
        const values = {
            ...{ option: "intra-a", alpa: undefined, ...server({ serverKey: "k" }) },
            gateway: { installer: "existing", existing },
        };
        const [problem, ...others] = problemsOf(() => parse(raw(values)));
        assert.match(problem, /^openai\.serverKey: only valid with a gateway that this stack installs/);
        assert.deepEqual(others, []);
    });

    it("rejects what option cloudflare cannot check", () => {
        const values = { option: "cloudflare", openai: { ...SERVER, serverKey: "k" } };
        const problems = problemsOf(() => parse(raw(values))).filter((text) => text.startsWith("openai"));
        assert.match(problems.join("\n"), /^openai\.models: only valid with[^]*\nopenai\.serverKey: only valid with/);
    });

    it("rejects models of a caller of Alpa", () => {
        const values = interValues(caller({ models: ["opt"] }));
        assert.match(
            problemsOf(() => parse(raw(values))).join("\n"),
            /^consumers\[0\]\.models: only valid with openai/,
        );
    });

    it("does not show the server's key", () => {
        const settings = parse(config(server({ serverKey: "s3cret-server-key" })));
        assert.doesNotMatch(JSON.stringify(meaningOf(settings)), /s3cret/);
    });
});
