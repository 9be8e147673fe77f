import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { alpaPaths } from "../../../../components/alpa/paths";
import { renderRoutes, Tunnel } from "../../../../components/cloudflare/tunnel";
import { record, value } from "../../../kit";
import { CALLS } from "../../kit/cloudflare";

describe("Tunnel", () => {
    let tunnel: Tunnel;
    const made = () => record(() => (tunnel = new Tunnel("tunnel", { account: "0".repeat(32) })), {}, CALLS);

    it("outputs its token as a secret, which the provider's answer is not", async () => {
        await made();
        assert.equal(await pulumi.isSecret(tunnel.token), true);
        assert.equal(await value(tunnel.token), "s3cret-tunnel-token");
    });
});

const rules = renderRoutes({
    hostnames: ["llm.example.com"],
    endpoint: "127.0.0.1:20001",
    paths: alpaPaths(["/alpa-opt-service", "/alpa"]),
    access: { teamName: "example", audience: "f".repeat(64) },
}).ingresses;

/** What the connector does with a path: the first rule whose expression matches decides. */
const serviceOf = (path: string) =>
    rules.find((rule) => !("path" in rule) || new RegExp(rule.path).test(path))!.service;

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
});
