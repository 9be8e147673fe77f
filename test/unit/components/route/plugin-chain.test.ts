// Proves the settings of APISIX's plugins. Tests on the sandbox prove their effect.
import { strict as assert } from "node:assert";
import { alpaChain, closedChain, queryStringChain, serviceChain } from "../../../../components/route/plugin-chain";
import { alpaError } from "../../../../components/route/route-plugin";
import { GUARD } from "./guard-settings";

const chains = {
    completions: alpaChain("/completions", "alpa-auth", GUARD),
    logprobs: alpaChain("/logprobs", "alpa-auth", GUARD),
    "query string": queryStringChain(),
    closed: closedChain("/alpa"),
};
type Chain = (typeof chains)["completions"];
const config = (chain: Chain, name: string) => {
    const found = chain.filter((p) => p.name === name);
    assert.equal(found.length, 1, `${name}: ${found.length} times`);
    return found[0].config as any;
};

describe("every plugin chain", () => {
    for (const [name, chain] of Object.entries(chains)) {
        it(`names no plugin twice: ${name}`, () => {
            const names = chain.map((p) => p.name);
            assert.deepEqual(names, [...new Set(names)]);
        });
        it(`answers by itself in Alpa's format, as JSON: ${name}`, () => {
            const { http_status, headers, body } = config(chain, "fault-injection").abort;
            assert.ok(http_status >= 400);
            assert.equal(headers["Content-Type"], "application/json");
            const { message, ...rest } = JSON.parse(body);
            assert.deepEqual(rest, { type: "error", stacktrace: "" });
            assert.notEqual(message, "");
        });
    }
});

describe("the service description", () => {
    const chain = serviceChain("/alpa", "opt");
    const { abort } = config(chain, "fault-injection");
    it("contains no nginx variable, which the plugin would expand", () => assert.ok(!abort.body.includes("$")));
    it("names no plugin twice", () => assert.equal(new Set(chain.map((p) => p.name)).size, chain.length));
});

describe("a chain to Alpa", () => {
    for (const path of ["completions", "logprobs"] as const) {
        const chain = chains[path];
        const [key, token] = config(chain, "multi-auth").auth_plugins.map((p: object) => Object.values(p)[0]);
        it(`requires a key or a token, each in its own header, and keeps both from Alpa: ${path}`, () => {
            assert.deepEqual([key.header, key.hide_credentials], ["apikey", true]);
            assert.deepEqual([token.header, token.hide_credentials], ["authorization", true]);
        });
        it(`accepts neither at the plugins' default places, the query string and a cookie: ${path}`, () => {
            // nginx discards an argument without a name. A cookie's name ends before "=", so no cookie is called "=".
            assert.deepEqual([key.query, token.query, token.cookie], ["", "", "="]);
        });
        it(`has no anonymous consumer: ${path}`, () => {
            assert.ok(!("anonymous_consumer" in key) && !("anonymous_consumer" in token));
            assert.doesNotMatch(JSON.stringify(config(chain, "multi-auth")), /filter|disable/);
        });
        it(`removes every secret and every name of a caller: ${path}`, () => {
            const removed = config(chain, "proxy-rewrite").headers.remove.map((h: string) => h.toLowerCase());
            for (const header of [
                "apikey",
                "authorization",
                "proxy-authorization",
                "cookie",
                "cf-access-client-id",
                "cf-access-client-secret",
                "cf-access-jwt-assertion",
                "x-forwarded-for",
                "cf-connecting-ip",
                "true-client-ip",
                "x-consumer-username",
                "x-credential-identifier",
                "x-consumer-custom-id",
            ])
                assert.ok(removed.includes(header), header);
        });
    }

    it("rejects consumers of other namespaces, after authentication and before limits", () => {
        const { abort, _meta } = config(alpaChain("/completions", "team-a", GUARD), "fault-injection");
        assert.equal(abort.http_status, 403);
        const [[[variable, ...operators]]] = abort.vars;
        const pattern = new RegExp(operators.pop());
        assert.deepEqual([variable, operators], ["consumer_name", ["!", "~~"]]);
        for (const own of ["team-a_lab", "team-a_a"]) assert.match(own, pattern);
        for (const other of ["team-b_lab", "team-a-b_lab", "team_a_lab", "x-team-a_lab", ""])
            assert.doesNotMatch(other, pattern);
        // Priorities of APISIX: multi-auth 2600, limit-conn 1003.
        assert.ok(_meta.priority < 2600 && _meta.priority > 1003);
    });
});

describe("the format of errors", () => {
    const { filters } = config(chains.completions, "response-rewrite");
    /** Applies each filter to the body, like APISIX. */
    const shaped = (body: string) =>
        filters.reduce((text: string, { regex, options, scope, replace }: any) => {
            assert.equal(scope, "once");
            // Removes flags j and o, which only make PCRE faster. Flag s has the same meaning in JavaScript.
            return text.replace(new RegExp(regex, options.replace(/[jo]/g, "")), replace);
        }, body);
    const page = (title: string) =>
        `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n`;

    const reshaped: [what: string, body: string, message: string][] = [
        ["a page of nginx", page("502 Bad Gateway"), "502 Bad Gateway"],
        ["a plugin's refusal", '{"message":"Missing API key in request"}\n', "Missing API key in request"],
        ["APISIX's own 404", '{"error_msg":"404 Route Not Found"}\n', "404 Route Not Found"],
        [
            "a message with quotes",
            String.raw`{"message":"say \"please\" and \\ twice"}`,
            String.raw`say "please" and \ twice`,
        ],
    ];
    for (const [what, body, message] of reshaped)
        it(`is applied to ${what}`, () => assert.deepEqual(JSON.parse(shaped(body)), alpaError(message)));

    const kept: [what: string, body: string][] = [
        ["Alpa's own error", '{"type":"error","message":"bad request","stacktrace":"Traceback …"}'],
        ["an answer with a field called message", '{"message":"a","code":1}'],
        ["a page whose title would break the JSON", page('a "quoted" title')],
        ["an empty body", ""],
        ["text that quotes a page", `error: ${page("502 Bad Gateway")}`],
    ];
    for (const [what, body] of kept) it(`does not change ${what}`, () => assert.equal(shaped(body), body));
});
