// Proves which differences between config and cluster `consumer list` marks, that --check ends with exit code 3 for them,
// and that no secret is shown. A fake API server answers like the real one.
import { strict as assert } from "node:assert";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compare } from "../../../../ops/consumer/state/compare";
import { readConsumer, type Live } from "../../../../ops/consumer/state/cluster-consumers";
import { bench, exits, STACK_FILE, TODAY } from "../kit";
import { fakeApi } from "../../kit/fake-api";

const OURS = "alpa-auth/intra";
const SECRET = "a-secret-that-signs-0123456789abcdef";
const PUBLIC_KEY = /-----BEGIN[^]*END PUBLIC KEY-----\n/.exec(STACK_FILE)![0].replace(/^ +/gm, "");

interface More {
    owner?: string;
    observed?: number;
    status?: string;
    type?: string;
}

const object = (name: string, ids: string[], more: More = {}) => ({
    metadata: { name, generation: 3, annotations: { "alpa-auth.io/stack": more.owner ?? OURS } },
    spec: {
        credentials: ids.map((id) => ({
            name: id,
            type: more.type ?? "key-auth",
            secretRef: { name: `${name}.${id}` },
        })),
    },
    status: {
        conditions: [
            {
                type: "Available",
                status: more.status ?? "True",
                message: "said by the controller",
                observedGeneration: more.observed ?? 3,
                lastTransitionTime: "2026-11-24T10:00:00Z",
            },
        ],
    },
});

const live = (objects: ReturnType<typeof object>[], secrets: string[]): Live => ({
    consumers: objects.map(readConsumer),
    secrets: new Set(secrets),
});

const bob = (...credentials: { id: string; expires?: string }[]) => [
    { name: "bob", credentials: credentials.map((c) => ({ method: "key", ...c })) },
];

const cases: [what: string, config: ReturnType<typeof bob>, live: Live, problems: string[]][] = [
    ["nothing where both agree", bob({ id: "a" }), live([object("bob", ["a"])], ["bob.a"]), [""]],
    [
        "a credential that is not live",
        bob({ id: "a" }, { id: "b" }),
        live([object("bob", ["a"])], ["bob.a"]),
        ["", "not live"],
    ],
    ["a consumer that is not live", bob({ id: "a" }), live([], []), ["not live"]],
    [
        "a credential that is live and not in the config",
        bob({ id: "a" }),
        live([object("bob", ["a", "x"])], ["bob.a", "bob.x"]),
        ["", "not in the config"],
    ],
    [
        "a consumer that is live and not in the config",
        [],
        live([object("eve", ["x"])], ["eve.x"]),
        ["not in the config"],
    ],
    [
        "a consumer of another owner",
        [],
        live([object("eve", ["x"], { owner: "other/stack" })], ["eve.x"]),
        ["belongs to other/stack"],
    ],
    [
        "a credential that is live with another method",
        bob({ id: "a" }),
        live([object("bob", ["a"], { type: "jwt-auth" })], ["bob.a"]),
        ["live with type jwt-auth"],
    ],
    ["a Secret that is missing", bob({ id: "a" }), live([object("bob", ["a"])], []), ["Secret missing"]],
    [
        "a consumer that is rejected",
        bob({ id: "a" }),
        live([object("bob", ["a"], { status: "False" })], ["bob.a"]),
        ["not accepted: said by the controller"],
    ],
    [
        "a condition of an older generation",
        bob({ id: "a" }),
        live([object("bob", ["a"], { observed: 2 })], ["bob.a"]),
        ["not accepted: not seen by the ingress controller yet"],
    ],
    [
        "an expired credential that still works",
        bob({ id: "a", expires: "2026-11-25" }),
        live([object("bob", ["a"])], ["bob.a"]),
        ["expired, but works until the next pulumi up"],
    ],
    [
        "nothing where an expired credential was removed",
        bob({ id: "a", expires: "2026-11-25" }),
        live([object("bob", [])], []),
        [""],
    ],
    ["nothing for a consumer without credentials", bob(), live([object("bob", [])], []), [""]],
];

describe("ops consumer list", () => {
    for (const [what, config, state, problems] of cases)
        it(`marks ${what}`, () => {
            const rows = compare(config, state, OURS, new Date(TODAY), "kubectl -n a");
            assert.deepEqual(
                rows.map((row) => row.problems.join("; ")),
                problems,
            );
        });

    it("names the command that deletes a revoked caller which a restored etcd has again, but none of another owner", () => {
        const eve = object("eve", ["x", "y"]);
        const other = object("mallory", ["z"], { owner: "other/stack" });
        const rows = compare([], live([eve, other], []), OURS, new Date(TODAY), "kubectl -n a");
        const deletion = "kubectl -n a delete consumers.apisix.apache.org/eve secret/eve.x secret/eve.y";
        assert.deepEqual(
            rows.map(({ repair }) => repair),
            [deletion, deletion, undefined],
        );
    });

    describe("against an API server", () => {
        let kubeconfig: string;
        let answers: Record<string, object | number>;

        beforeEach(async () => {
            ({ kubeconfig } = await fakeApi((path) => answers[path]));
        });

        const CONSUMERS = "/apis/apisix.apache.org/v1alpha1/namespaces/alpa-auth/consumers";
        const ROUTE = "/apis/apisix.apache.org/v2/namespaces/alpa-auth/apisixroutes/alpa";
        const SECRETS = "/api/v1/namespaces/alpa-auth/secrets";
        const secrets = (...names: string[]) => ({ items: names.map((name) => ({ metadata: { name } })) });
        const sealed = STACK_FILE.replace(
            "config:\n",
            "config:\n    alpa-auth:cluster: { kubeconfig: { secure: v1:x } }\n",
        );
        const list = (...args: string[]) => listOf(sealed, ...args);
        /** Further values of `pulumi config`. */
        let plain: object;
        beforeEach(() => {
            plain = {};
        });
        const listOf = (text: string, ...args: string[]) => listIn(undefined, text, ...args);
        const listIn = (folder: string | undefined, text: string, ...args: string[]) =>
            bench({
                folder,
                text,
                says: ({ args }) => {
                    const asked = args.slice(0, 2).join(" ");
                    if (asked === "config get") return { stdout: kubeconfig };
                    const cluster = { value: JSON.stringify({ kubeconfig }), objectValue: { kubeconfig } };
                    if (asked === "config --json")
                        return { stdout: JSON.stringify({ "alpa-auth:cluster": cluster, ...plain }) };
                    return undefined;
                },
            }).ops("consumer", "list", ...args);
        const secretOf = (name: string, fields: Record<string, string>) => ({
            metadata: { name },
            data: Object.fromEntries(
                Object.entries(fields).map(([field, text]) => [field, Buffer.from(text).toString("base64")]),
            ),
        });
        const hs = { key: "alpa-auth_tokens.hs", algorithm: "HS256", secret: SECRET };
        const rs = { key: "alpa-auth_tokens.rs", algorithm: "RS256", public_key: PUBLIC_KEY };

        const route = (status: string, observedGeneration = 2) => {
            const said = { reason: "SyncFailed", message: "APISIX said no" };
            return {
                metadata: { name: "alpa", generation: 2 },
                status: { conditions: [{ type: "Accepted", status, observedGeneration, ...said }] },
            };
        };
        const allLive = () => ({
            [CONSUMERS]: {
                items: [object("alice", ["a1", "a2"]), object("tokens", ["hs", "rs"], { type: "jwt-auth" })],
            },
            [SECRETS]: secretsWith(),
            [ROUTE]: route("True"),
        });
        /** @param changed fields of Secrets of tokens that differ */
        const secretsWith = (changed: Record<string, Record<string, string>> = {}) => ({
            items: [
                ...["alice.a1", "alice.a2"].map((name) => secretOf(name, { key: SECRET })),
                secretOf("tokens.hs", changed["tokens.hs"] ?? hs),
                secretOf("tokens.rs", changed["tokens.rs"] ?? rs),
            ],
        });

        it("shows what is live, without a secret, through the kubeconfig of the stack", async () => {
            answers = allLive();
            const { out } = await exits(0, list("--check"));
            assert.ok(!out.includes(SECRET));
            assert.match(out, /│ tokens +│ rs +│ jwt RS256 +│ +│ yes +│ 2026-11-24T10:00:00Z │/);
        });

        it("marks a credential that was created again since its handout, which is no difference for --check", async () => {
            answers = allLive();
            const folder = mkdtempSync(join(tmpdir(), "alpa-auth-list-"));
            const write = (name: string, fingerprint: string | undefined) => {
                const file = join(folder, `.alpa-auth/handouts/intra/${name}.json`);
                mkdirSync(dirname(file), { recursive: true });
                writeFileSync(
                    file,
                    JSON.stringify([{ at: "2026-11-03T10:00:00Z", recipients: [], by: "ada@ops", fingerprint }]),
                );
            };
            // The state of the fake Pulumi has no generated secret.
            write("alice.a1", "0123456789abcdef");
            write("alice.a2", undefined);
            write("alice.old", "0123456789abcdef");
            try {
                const { out } = await exits(0, listIn(folder, sealed, "--check"));
                assert.match(out, /^! alice\/a1: the secret of the handout on 2026-11-03 was replaced: hand out/m);
                assert.equal(out.match(/was replaced/g)!.length, 1);
            } finally {
                rmSync(folder, { recursive: true });
            }
        });

        const refusals: [what: string, route: object | undefined, words: RegExp][] = [
            ["APISIX rejects what the controller sends", route("False"), /SyncFailed: APISIX said no/],
            ["the condition is of an older generation", route("True", 1), /Accepted is of an older generation/],
            ["the route is missing", undefined, /it does not exist/],
        ];
        for (const [what, said, words] of refusals)
            it(`treats nothing as accepted while ${what}`, async () => {
                answers = { ...allLive(), [ROUTE]: said ?? 404 };
                const { out } = await exits(3, list("--check"));
                assert.match(out, /│ alice +│ a1 .*│ not accepted │/);
                assert.match(out, /^! \(all\): ApisixRoute alpa-auth\/alpa: /m);
                assert.match(out, words);
            });

        it("exits with 3 for a difference with --check, and with 0 without", async () => {
            answers = { [CONSUMERS]: { items: [] }, [SECRETS]: secrets() };
            await exits(0, list());
            const { note } = await exits(3, list("--check"));
            assert.match(
                note,
                /intra: config and cluster differ in \d of 6 lines\. Run: PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh -s intra$/m,
            );
        });

        it("says that a stopped API server does not answer, at which address, and speaks of no permission", async () => {
            kubeconfig = kubeconfig.replace(/http:[^"]+/, "http://127.0.0.1:1");
            const { note } = await exits(1, list());
            assert.equal(
                note,
                "cluster: the API server at http://127.0.0.1:1 does not answer (ECONNREFUSED). Start the cluster if it is stopped; otherwise check the address in the kubeconfig, and the network.\n",
            );
        });

        it("names the missing permission, and exits with 1", async () => {
            answers = { [CONSUMERS]: { items: [] }, [SECRETS]: 403 };
            const { note } = await exits(1, list());
            assert.match(
                note,
                /does not let the kubeconfig's user read consumers, Secrets and the ApisixRoute alpa in alpa-auth \(HTTP 403\)/,
            );
        });
    });
});
