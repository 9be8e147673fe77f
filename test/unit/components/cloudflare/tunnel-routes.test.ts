import { strict as assert } from "node:assert";
import { alpaPaths } from "../../../../components/alpa/paths";
import { renderRoutes } from "../../../../components/cloudflare/tunnel";

const rules = renderRoutes({
    hostnames: ["llm.example.com"],
    endpoint: "127.0.0.1:20001",
    paths: alpaPaths(["/alpa-opt-service", "/alpa"]),
    access: { teamName: "example", audience: "f".repeat(64) },
}).ingresses;

/** What the connector does with a path: the first rule whose expression matches decides. */
const serviceOf = (path: string) =>
    rules.find((rule) => !("path" in rule) || new RegExp(rule.path).test(path))!.service;

describe("tunnel rules for a gateway that authenticates callers itself", () => {
    const [rule, last] = renderRoutes({
        hostnames: ["llm.example.com"],
        endpoint: "apisix:80",
        paths: ["^/x$"],
    }).ingresses;
    it("forward only the given paths to the gateway", () => {
        assert.deepEqual(rule, {
            hostname: "llm.example.com",
            path: "^/x$",
            service: "http://apisix:80",
            originRequest: { connectTimeout: 5 },
        });
        assert.deepEqual(last, { service: "http_status:404" });
    });
});

describe("rules of the tunnel", () => {
    for (const path of ["/completions", "/logprobs", "/alpa/completions", "/alpa-opt-service/completions"])
        it(`forward ${path} to Alpa`, () => assert.equal(serviceOf(path), "http://127.0.0.1:20001"));
    // Alpa would serve each path that contains `completions` or `logprobs`.
    for (const path of [
        "/",
        "/v1/completions",
        "/completions/",
        "/alpa/",
        "/alpa/alpa/completions",
        "/alpacompletions",
        "/completionsx",
        "/logprobs/x",
        "//completions",
        "/x?/logprobs",
    ])
        it(`answer ${path} with 404`, () => assert.equal(serviceOf(path), "http_status:404"));
    it("end with a catch-all", () => assert.deepEqual(rules.at(-1), { service: "http_status:404" }));
    it("are two for each name, and the catch-all", () => assert.equal(rules.length, 3));
    it("have no empty settings, which would differ at every run", () => {
        assert.doesNotMatch(JSON.stringify(rules), /\{\}/);
    });
});
