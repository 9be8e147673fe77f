// Proves how resources are read for policy rules and for reviews. A rule accepts a value that is unknown in the preview, and
// checks the value in the run. A review treats an unknown value as missing, so that the review overlooks no risk.
import { strict as assert } from "node:assert";
import { tokenOf } from "../../../policy/resources/cloudflare";
import { openTo, waysFromOutside } from "../../../policy/resources/network";
import { authenticationOf, isNowhere, pluginsOf, rejectsWith } from "../../../policy/resources/routes";
import { secondsOf, UNKNOWN, UNKNOWN_TEXT, type Tree, type UnknownAs } from "../../../policy/resources/values";

const rule = (...plugins: unknown[]) => ({ where: "spec.http[0]", props: { plugins } });
const namesOf = (plugins: Tree[], unknown?: UnknownAs) => pluginsOf(rule(...plugins), unknown).map(({ name }) => name);

describe("the reader of resources", () => {
    const key = (more: object) => ({ name: "key-auth", ...more });
    const plugins: [what: string, plugins: Tree[], runs: string[]][] = [
        ["without a switch", [key({})], ["key-auth"]],
        ["that is switched off", [key({ enable: false })], []],
        ["that is disabled in _meta", [key({ config: { _meta: { disable: true } } })], []],
        ["that a later entry of the same name disables", [key({}), key({ config: { _meta: { disable: true } } })], []],
        ["that a later entry, which is switched off, would disable", [key({}), key({ enable: false })], ["key-auth"]],
    ];
    for (const [what, entries, runs] of plugins)
        it(`reads a plugin ${what}: ${runs.length > 0 ? "it runs" : "it does not run"}`, () => {
            for (const unknown of ["allowed", "missing"] as const) assert.deepEqual(namesOf(entries, unknown), runs);
        });

    for (const [form, value] of [
        ["a run", UNKNOWN],
        ["a preview", UNKNOWN_TEXT],
    ] as const) {
        it(`treats a plugin whose switch is not known yet in ${form} as on for a rule, and as off for a review`, () => {
            for (const plugin of [key({ enable: value }), key({ config: { _meta: { disable: value } } })]) {
                assert.deepEqual(namesOf([plugin]), ["key-auth"]);
                assert.deepEqual(namesOf([plugin], "missing"), []);
            }
        });

        it(`treats an upstream that is not known yet in ${form} as missing in a rule, and as present in a review`, () => {
            for (const upstreams of [value, [{ name: value }]]) {
                assert.equal(isNowhere({ props: { upstreams } }), true);
                assert.equal(isNowhere({ props: { upstreams } }, "missing"), false);
            }
        });

        it(`treats a peer that is not known yet in ${form} as pods for a rule, and as open to all for a review`, () => {
            for (const from of [value, [value], [{ podSelector: value }], [{ podSelector: { matchLabels: value } }]]) {
                assert.equal(openTo({ from }), undefined);
                assert.notEqual(openTo({ from }, "missing"), undefined);
            }
        });
    }

    it("finds authentication inside multi-auth, and none in an empty one", () => {
        const multi = (...inside: object[]) => rule({ name: "multi-auth", config: { auth_plugins: inside } });
        const [found] = authenticationOf(multi({ "jwt-auth": { hide_credentials: true } }));
        assert.equal(found.where, "spec.http[0].plugins[0].config.auth_plugins[0].jwt-auth");
        assert.equal(found.config.hide_credentials, true);
        assert.deepEqual(authenticationOf(multi()), []);
    });

    it("knows a plugin that rejects every request, and no plugin that lets some pass", () => {
        const abort = { http_status: 503, body: "…" };
        assert.deepEqual(rejectsWith({ abort }), { status: 503 });
        assert.equal(rejectsWith({ abort: { ...abort, percentage: 50 } }), undefined);
        assert.equal(rejectsWith({ abort: { ...abort, vars: [] } }), undefined);
        assert.equal(rejectsWith({ abort, _meta: { filter: [] } }), undefined);
    });

    const peers: [from: unknown[], openTo: string | undefined][] = [
        [[], "everybody"],
        [[{ ipBlock: { cidr: "10.0.0.0/8" } }], "addresses"],
        [[{ podSelector: {} }], "every pod of its namespace"],
        [[{ namespaceSelector: {} }], "every pod of the cluster"],
        [[{ namespaceSelector: { matchLabels: { a: "b" } } }], "every pod of a namespace"],
        [[{ podSelector: { matchExpressions: [{ key: "a", operator: "Exists" }] } }], "every pod of its namespace"],
        [[{ podSelector: { matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] } }], undefined],
        [[{ namespaceSelector: {}, podSelector: { matchLabels: { a: "b" } } }], undefined],
    ];
    for (const [from, who] of peers)
        it(`reads the peers ${JSON.stringify(from)}: ${who ?? "only pods with a label"}`, () => {
            for (const unknown of ["allowed", "missing"] as const) assert.equal(openTo({ from }, unknown), who);
        });

    it("reads times as the ingress controller does", () => {
        const times: [string | number, number | undefined][] = [
            ["600s", 600],
            ["1m30s", 90],
            ["500ms", 0.5],
            ["1.5h", 5400],
            ["600", undefined],
            ["", undefined],
            [600, undefined],
        ];
        for (const [text, seconds] of times) assert.equal(secondsOf(text), seconds, String(text));
    });

    it("finds each way to a Service from outside the cluster", () => {
        assert.deepEqual(waysFromOutside({ type: "ClusterIP" }), []);
        assert.deepEqual(waysFromOutside({ type: "NodePort", externalIPs: ["10.0.0.1"] }), ["NodePort", "externalIPs"]);
    });

    it("reads the token of an Access policy, and none in an entry that admits others too", () => {
        assert.equal(tokenOf({ serviceToken: { tokenId: "a" } }), "a");
        assert.equal(tokenOf({ serviceToken: { tokenId: "a" }, everyone: {} }), undefined);
        assert.equal(tokenOf({ everyone: {} }), undefined);
    });
});
