// Proves which requests a run sends to each gateway pod before it ends, against a fake API server and fake pods. Engine tests
// prove that APISIX answers like these pods.
import { strict as assert } from "node:assert";
import { createHmac } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { untilAccepted } from "../../../../components/consumers/consumers-accepted";
import { provider } from "../../../../components/consumers/gateway-serves-provider";
import type { GatewayPods } from "../../../../components/apisix/gateway-pods";
import { fakeApi, type Answer } from "../../kit/fake-api";
import { fakePods, type PodAnswers, type PodAsked } from "../../kit/fake-pods";

const base64 = (value: string) => Buffer.from(value).toString("base64");
const secret = (name: string, data: Record<string, string>) => ({
    metadata: { name },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
});
const condition = (type: string, status = "True", message = "") => ({
    conditions: [{ type, status, message, reason: "Because", observedGeneration: 1 }],
});
const consumer = (name: string, ids: string[], plugins?: object[]) => ({
    metadata: { name, generation: 1 },
    spec: { credentials: ids.map((id) => ({ name: id, secretRef: { name: `${name}.${id}` } })), plugins },
    status: condition("Available"),
});
const pod = (name: string, labels: object = { app: "apisix" }, ready = "True", more: object = {}) => ({
    metadata: { name, labels, ...more },
    status: { phase: "Running", ...condition("Ready", ready) },
});
const RS = { key: "a_bob.rs", algorithm: "RS256", public_key: "-----BEGIN\nnew\n" };
const SECRETS = {
    "bob.k": secret("bob.k", { key: "key-of-bob" }),
    "bob.hs": secret("bob.hs", { key: "a_bob.hs", algorithm: "HS256", secret: "shared" }),
    "bob.rs": secret("bob.rs", RS),
};
const ADMIN_KEYS = secret("apisix-admin-keys", { viewer: "viewer-key" });

/** Whether a request has a credential. */
const has = ({ headers }: PodAsked) => headers.apikey !== undefined || headers.authorization !== undefined;

interface World {
    pods?: object[];
    consumers?: object[];
    secrets?: Record<string, object>;
    adminKeys?: boolean;
    answers?: PodAnswers;
    forbidden?: boolean;
    unasked?: GatewayPods["unasked"];
    route?: Answer;
    /** Pods without a listener. */
    closed?: string[];
    /** Pods that are deleted between the list of pods and the request. */
    deleted?: string[];
}

async function world(of: World): Promise<{ asked: PodAsked[]; inputs: object }> {
    const all = of.pods ?? [pod("one"), pod("two")];
    const names = all.map(({ metadata }: any) => metadata.name as string).filter((one) => !of.deleted?.includes(one));
    const told = of.answers ?? fine;
    // `answers` is for the data port, and also for the Admin API (port 9180) if `adminKeys` is set.
    const answers: PodAnswers = (one) => (one.port === 9180 && !of.adminKeys ? fine(one) : told(one));
    const pods = await fakePods(names, answers, of.forbidden, of.closed);
    const secrets: Record<string, object> = of.secrets ?? SECRETS;
    const api = await fakeApi((path) => {
        const [, namespace, kind, name] = /namespaces\/([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
        if (kind === "pods") return { kind: "PodList", items: all };
        if (kind === "consumers") return { kind: "ConsumerList", items: of.consumers ?? [] };
        if (kind === "apisixroutes")
            return "route" in of ? of.route : { metadata: { generation: 1 }, status: condition("Accepted") };
        if (namespace === "g")
            return name === "apisix-admin-keys" && (of.adminKeys ?? of.unasked !== "settle") ? ADMIN_KEYS : undefined;
        return name === undefined ? { kind: "SecretList", items: Object.values(secrets) } : secrets[name];
    }, pods);
    const gateway: GatewayPods = {
        namespace: "g",
        labels: { app: "apisix" },
        unasked: of.unasked ?? "fail",
        evidence: "/alpa/completions?evidence",
    };
    const inputs = { kubeconfig: api.kubeconfig, namespace: "a", gateway, timeoutSeconds: 1, settleSeconds: 0 };
    return { asked: pods.asked, inputs };
}

async function accept(of: World, names = ["bob"]): Promise<PodAsked[]> {
    const { asked, inputs } = await world(of);
    await untilAccepted(inputs as never, names, { isKeyReplaced: false });
    return asked;
}

/** Name of each credential's Secret. */
const named = (credentials: string[]) => Object.fromEntries(credentials.map((who) => [who, who.replace("/", ".")]));

async function remove(of: World, ...credentials: string[]): Promise<PodAsked[]> {
    const { asked, inputs } = await world(of);
    await provider.delete!("id", { ...inputs, credentials: named(credentials) } as never);
    return asked;
}

/** A gateway with the whole configuration. */
const fine: PodAnswers = (one) => ({
    status: one.port === 9180 ? 200 : has(one) ? 400 : 401,
    body: JSON.stringify({ value: { plugins: {} }, list: [] }),
});

const data = (asked: PodAsked[]) => asked.filter((one) => one.port === 9080 && has(one));

describe("evidence of the gateway's pods", () => {
    const { log } = console;
    let said: string[];
    beforeEach(() => {
        said = [];
        console.log = (line: string) => void said.push(line);
    });
    afterEach(() => void (console.log = log));

    describe("of a new credential", () => {
        const bob = [consumer("bob", ["k", "hs"])];

        it("is requested from every ready pod, with the credential itself, without reaching Alpa", async () => {
            const asked = data(await accept({ consumers: bob }));
            for (const name of ["one", "two"]) {
                const own = asked.filter(({ pod }) => pod === name);
                assert.ok(own.some(({ headers }) => headers.apikey === "key-of-bob"));
                assert.ok(own.some(({ headers }) => headers.authorization !== undefined));
                assert.ok(own.every(({ method, path }) => `${method} ${path}` === "POST /alpa/completions?evidence"));
            }
        });

        it("is requested with a token that APISIX can verify", async () => {
            const asked = data(await accept({ consumers: bob }));
            const { authorization } = asked.find(({ headers }) => headers.authorization)!.headers;
            const [head, body, signature] = authorization!.replace("Bearer ", "").split(".");
            const json = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
            assert.deepEqual([json(head).alg, json(body).key], ["HS256", "a_bob.hs"]);
            assert.ok(json(body).exp > Date.now() / 1000);
            assert.equal(createHmac("sha256", "shared").update(`${head}.${body}`).digest("base64url"), signature);
        });

        it("is requested on several connections, since each worker has its own configuration", async () =>
            assert.equal(data(await accept({ consumers: [consumer("bob", ["k"])] })).length, 2 * 4));

        it("names the only pod that lags, and the credential", async () =>
            assert.rejects(
                accept({ consumers: bob, answers: (one) => ({ status: one.pod === "two" || !has(one) ? 401 : 400 }) }),
                /^Error: Consumers of a: not ready after 1 s \(1 of 2 gateway pods lag, pod g\/two: it does not authenticate bob\/k\)/,
            ));

        it("names a pod that has no route yet", async () =>
            assert.rejects(
                accept({ consumers: bob, answers: () => ({ status: 404 }) }),
                /pod g\/one: it answers 404 to a request without a credential: it does not have the route/,
            ));

        it("is not requested from pods that are terminating, are not ready, or run another program", async () => {
            const others = [
                pod("ends", undefined, "True", { deletionTimestamp: "2026-11-25T00:00:00Z" }),
                pod("starts", undefined, "False"),
                pod("etcd", { app: "etcd" }),
            ];
            const asked = await accept({ consumers: bob, pods: [pod("one"), ...others] });
            assert.deepEqual([...new Set(asked.map(({ pod }) => pod))], ["one"]);
        });

        const stored =
            (plugins: object, tokens: object[] = [RS]): PodAnswers =>
            ({ path, port, headers }) => {
                if (port === 9080) return { status: headers.apikey || headers.authorization ? 400 : 401 };
                assert.equal(headers["x-api-key"], "viewer-key");
                const list = tokens.map((token) => ({ value: { plugins: { "jwt-auth": token } } }));
                const value = { username: "a_bob", plugins };
                return { status: 200, body: JSON.stringify(path.endsWith("/credentials") ? { list } : { value }) };
            };
        const limited = { name: "limit-count", config: { count: 5, redis_password: "clear" } };

        it("includes limits: APISIX must have stored those of the Consumer", async () => {
            const consumers = [consumer("bob", ["k"], [limited])];
            const as = (count: number) =>
                stored({ "limit-count": { count, redis_password: "sealed", policy: "local" } });
            await accept({ consumers, adminKeys: true, answers: as(5) });
            await assert.rejects(
                accept({ consumers, adminKeys: true, answers: as(60) }),
                /pod g\/one: APISIX has older settings of plugin limit-count for consumer bob/,
            );
        });

        it("includes limits that were removed", async () =>
            assert.rejects(
                accept({ consumers: bob, adminKeys: true, answers: stored({ "limit-count": { count: 5 } }) }),
                /older settings of plugin limit-count/,
            ));

        it("with a public key is read from APISIX: only the caller can sign its tokens", async () => {
            const consumers = [consumer("bob", ["rs"])];
            await accept({ consumers, adminKeys: true, answers: stored({}) });
            await assert.rejects(
                accept({ consumers, adminKeys: true, answers: stored({}, []) }),
                /pod g\/one: APISIX has no credential bob\/rs/,
            );
        });

        const others: [what: string, stored: object][] = [
            ["the earlier public key, under the same id", { ...RS, public_key: "-----BEGIN\nold\n" }],
            ["the earlier algorithm", { ...RS, algorithm: "ES256" }],
            ["the earlier secret", { key: RS.key, algorithm: "HS256", secret: "shared" }],
        ];
        for (const [what, token] of others)
            it(`with a public key is missing while APISIX has ${what}`, async () =>
                assert.rejects(
                    accept({
                        consumers: [consumer("bob", ["rs"])],
                        adminKeys: true,
                        answers: stored({}, [token]),
                    }),
                    /pod g\/one: APISIX has an older public key of the credential bob\/rs/,
                ));

        it("with a public key may be stored with other line ends", async () => {
            const token = { ...RS, public_key: RS.public_key.replaceAll("\n", "\r\n") };
            await accept({ consumers: [consumer("bob", ["rs"])], adminKeys: true, answers: stored({}, [token]) });
        });
    });

    describe("of several key pairs of a caller", () => {
        const rs = ["rs1", "rs2", "rs3"].map((id) => ({ ...RS, key: `a_bob.${id}` }));
        const secrets = Object.fromEntries(rs.map((token) => [token.key.slice(2), secret(token.key.slice(2), token)]));
        const reads = (asked: PodAsked[]) => asked.filter(({ path }) => path.endsWith("/credentials")).length;
        const answers =
            (tokens: object[]): PodAnswers =>
            ({ port, path }) => {
                if (port !== 9180) return { status: 401, body: "" };
                const list = tokens.map((token) => ({ value: { plugins: { "jwt-auth": token } } }));
                return { status: 200, body: JSON.stringify(path.endsWith("/credentials") ? { list } : { value: {} }) };
            };

        it("needs one read of the caller's credentials at each pod", async () => {
            const consumers = [consumer("bob", ["rs1", "rs2", "rs3"])];
            assert.equal(reads(await accept({ consumers, secrets, adminKeys: true, answers: answers(rs) })), 2);
            const removed = ["bob/rs1", "bob/rs2", "bob/rs3"];
            assert.equal(reads(await remove({ secrets, adminKeys: true, answers: answers([]) }, ...removed)), 2);
        });
    });

    describe("of a replaced key", () => {
        const consumers = [consumer("bob", ["k"])];
        const replace = async (of: World, olds: object, news: object, generations: object = {}) => {
            const { asked, inputs } = await world({ consumers, ...of });
            const as = (materials: object, generations: object) =>
                ({ ...inputs, served: { installed: "1", route: {}, generations, materials } }) as never;
            await provider.update!("a", as(olds, generations), as(news, { bob: 1 }));
            return asked;
        };
        const pods = [pod("one"), pod("cut-off", undefined, "False")];

        it("is requested although the Consumer's generation is the same", async () => {
            assert.ok(data(await replace({}, { bob: "old" }, { bob: "new" }, { bob: 1 })).length > 0);
            assert.deepEqual(await replace({}, { bob: "new" }, { bob: "new" }, { bob: 1 }), []);
        });

        it("names a running pod that is not ready and lacks the new key, and does not fail", async () => {
            const answers: PodAnswers = (one) => (one.pod === "cut-off" && has(one) ? { status: 401 } : fine(one));
            await replace({ pods, answers }, { bob: "old" }, { bob: "new" });
            assert.match(
                said.join("\n"),
                /pod g\/cut-off \(running but not ready\): it does not authenticate bob\/k\. A removed or replaced key may still work there/,
            );
        });

        it("is not requested from a pod that is not ready where no key was replaced", async () => {
            for (const olds of [{}, { bob: "new" }]) {
                const asked = await replace({ pods }, olds, { bob: "new" });
                assert.deepEqual([...new Set(asked.map(({ pod }) => pod))], ["one"]);
            }
        });
    });

    describe("that is unavailable", () => {
        const consumers = [consumer("bob", ["k"])];
        it("fails at once for the stack's own gateway, and names the permission", async () =>
            assert.rejects(
                accept({ consumers, forbidden: true }),
                /lacks permission to create pods\/portforward in namespace g \(RBAC\)/,
            ));

        it("is replaced by the settle time at an existing gateway, with a message", async () => {
            await accept({ consumers, forbidden: true, unasked: "settle" });
            assert.match(said.join("\n"), /waited 0 s instead of a proof at the gateway: .* create pods\/portforward/);
        });

        it("is replaced by the settle time for what only the Admin API shows", async () => {
            await accept({ consumers: [consumer("bob", ["rs"])], unasked: "settle" });
            assert.match(said.join("\n"), /so these were not checked: limits and tokens of key pairs/);
        });

        it("omits pods with another port, at an existing gateway", async () => {
            const elsewhere = pod("control-plane");
            await accept({
                consumers,
                pods: [pod("one"), elsewhere],
                closed: ["control-plane"],
                unasked: "settle",
                adminKeys: true,
                answers: fine,
            });
            await assert.rejects(
                accept({
                    consumers,
                    pods: [pod("one"), elsewhere],
                    closed: ["control-plane"],
                    adminKeys: true,
                    answers: fine,
                }),
                /pod g\/control-plane: .*connection refused/,
            );
        });

        it("is awaited while no pod of the stack's own gateway is ready", async () =>
            assert.rejects(accept({ consumers, pods: [] }), /no ready pod with the labels app=apisix in namespace g/));
    });

    describe("of a removed credential", () => {
        const rejects: PodAnswers = () => ({ status: 401 });

        it("is requested from every ready pod, with the Secret that still exists", async () => {
            const asked = data(await remove({ answers: rejects }, "bob/k", "bob/hs"));
            assert.deepEqual([...new Set(asked.map(({ pod }) => pod))].sort(), ["one", "two"]);
            assert.ok(asked.some(({ headers }) => headers.apikey === "key-of-bob"));
        });

        it("names the only pod that still authenticates the credential, and warns that the credential may still work", async () =>
            assert.rejects(
                remove({ answers: (one) => ({ status: one.pod === "two" && has(one) ? 400 : 401 }) }, "bob/k"),
                /^Error: Removed credentials of a: not ready after 1 s \(1 of 2 gateway pods lag, pod g\/two: it still authenticates bob\/k\)\. They may still work\./,
            ));

        it("does not accept another answer as a rejection", async () => {
            for (const status of [200, 404, 429, 502]) {
                const answers: PodAnswers = (one) => ({ status: has(one) ? status : 401 });
                await assert.rejects(remove({ answers }, "bob/k"), new RegExp(`answers ${status}`));
            }
        });

        it("sends no credential to a pod without the route, which suffices when the route is deleted too", async () => {
            const gone = await remove({ answers: () => ({ status: 404 }), route: undefined }, "bob/k");
            assert.deepEqual(data(gone), []);
            await assert.rejects(remove({ answers: () => ({ status: 200 }) }, "bob/k"), /does not have the route/);
        });

        it("is not requested for credentials that are still declared", async () =>
            assert.deepEqual(await remove({ consumers: [consumer("bob", ["k"])] }, "bob/k"), []));

        it("is not requested for a key that now belongs to another credential", async () => {
            const secrets = { ...SECRETS, "eve.k": secret("eve.k", { key: "key-of-bob" }) };
            assert.deepEqual(await remove({ secrets, consumers: [consumer("eve", ["k"])] }, "bob/k"), []);
        });

        const listing =
            (...list: object[]): PodAnswers =>
            ({ port }) => ({
                status: port === 9180 ? 200 : 401,
                body: JSON.stringify({ list: list.map((value) => ({ value })) }),
            });

        it("with a public key is looked up in APISIX", async () => {
            await remove({ adminKeys: true, answers: listing() }, "bob/rs");
            await assert.rejects(
                remove({ adminKeys: true, answers: listing({ plugins: { "jwt-auth": RS } }) }, "bob/rs"),
                /APISIX still has the credential bob\/rs/,
            );
        });

        it("whose Secret is gone is looked up in APISIX by its id", async () => {
            await remove({ secrets: {}, adminKeys: true, answers: listing() }, "bob/k");
            // printf 'a_bob.k' | sha1sum
            const id = "734f1ea4be828d22b148e02a612e24619e8f08f0";
            await assert.rejects(
                remove({ secrets: {}, adminKeys: true, answers: listing({ id }) }, "bob/k"),
                /APISIX still has the credential bob\/k/,
            );
        });

        it("whose Secret is gone is named where APISIX cannot be read", async () => {
            await remove({ secrets: {}, unasked: "settle", answers: rejects }, "bob/k");
            assert.match(said.join("\n"), /so these were not checked: bob\/k$/);
        });

        it("is requested from running pods that are not ready or are terminating: on a node that is cut off they serve callers", async () => {
            const deletionTimestamp = "2026-11-25T00:00:00Z";
            for (const [other, state] of [
                [pod("cut-off", undefined, "False"), "running but not ready"],
                [pod("cut-off", undefined, "True", { deletionTimestamp }), "terminating"],
            ] as const) {
                const answers: PodAnswers = (one) => ({ status: one.pod === "cut-off" && has(one) ? 400 : 401 });
                await assert.rejects(
                    remove({ pods: [pod("one"), other], answers }, "bob/k"),
                    new RegExp(`pod g/cut-off \\(${state}\\): it still authenticates bob/k`),
                );
                const asked = data(await remove({ pods: [pod("one"), other], answers: rejects }, "bob/k"));
                assert.ok(asked.some((one) => one.pod === "cut-off"));
                assert.deepEqual(said, []);
            }
        });

        const unproved: [what: string, of: World, credential: string, why: RegExp][] = [
            [
                "cannot be reached",
                { closed: ["bad"] },
                "bob/k",
                /pod g\/bad \(running but not ready\): .*connection refused/,
            ],
            [
                "has no route",
                { answers: (one) => ({ status: one.pod === "bad" ? 404 : 401 }) },
                "bob/k",
                /pod g\/bad \(running but not ready\): it answers 404 to a request without a credential/,
            ],
            [
                "cannot be sent the credential",
                { adminKeys: true, answers: listing() },
                "bob/rs",
                /pod g\/bad \(running but not ready\): no request can be sent with bob\/rs/,
            ],
        ];
        for (const [what, of, credential, why] of unproved)
            it(`names a running pod that is not ready and ${what}, and does not fail`, async () => {
                await remove(
                    { answers: rejects, pods: [pod("one"), pod("bad", undefined, "False")], ...of },
                    credential,
                );
                assert.match(said.join("\n"), why);
                assert.match(said.join("\n"), /A removed or replaced key may still work there/);
            });

        it("is not requested from pods that no longer listen while they end, are deleted, or never ran", async () => {
            const ends = (name: string) => pod(name, undefined, "False", { deletionTimestamp: "2026-11-25T00:00:00Z" });
            const pending = { ...pod("pending", undefined, "False"), status: { phase: "Pending" } };
            const pods = [pod("one"), ends("ends"), ends("gone"), pending];
            const of = { answers: rejects, pods, closed: ["ends"], deleted: ["gone"] };
            const asked = await remove(of, "bob/k");
            assert.deepEqual([...new Set(asked.map(({ pod }) => pod))], ["one"]);
            assert.deepEqual(said, []);
        });

        const changes: [what: string, now: string[], replaced: boolean][] = [
            ["is collected after a removal", ["bob/k"], true],
            ["is not collected after an addition", ["bob/k", "bob/hs", "eve/k"], false],
            ["is not collected after a change of order", ["bob/hs", "bob/k"], false],
        ];
        for (const [what, now, replaced] of changes)
            it(what, async () => {
                const of = (credentials: string[]) => ({ namespace: "a", credentials: named(credentials) }) as never;
                const { replaces } = (await provider.diff!(
                    "id",
                    of(["bob/k", "bob/hs"]),
                    of(now),
                )) as pulumi.dynamic.DiffResult;
                assert.equal(replaces!.length > 0, replaced);
            });
    });

    describe("of a changed route", () => {
        const serve = async (answers: PodAnswers) => {
            const { asked, inputs } = await world({ answers });
            const requests = ["completions", "logprobs"].map((one) => ({ method: "POST", path: `/alpa/${one}` }));
            const route = { revision: "new", requests, generation: 1, attempt: 0 };
            const served = { installed: "1", route, generations: {}, materials: {} };
            await provider.create({ ...inputs, served } as never);
            return asked;
        };
        const with_ = (revision: string) => ({ status: 401, headers: { "X-Alpa-Auth-Revision": revision } });

        it("is requested with each request on every pod, without a credential", async () => {
            const asked = await serve(() => with_("new"));
            assert.equal(asked.length, 2 * 4 * 2);
            assert.ok(asked.every(({ headers }) => !headers.apikey && !headers.authorization));
        });

        it("names the pod and the rule that is older", async () =>
            assert.rejects(
                serve(({ pod, path }) => with_(pod === "two" && path === "/alpa/logprobs" ? "old" : "new")),
                /pod g\/two: it answers POST \/alpa\/logprobs \(401\) with older rules/,
            ));

        it("names a pod that has no rule of this route", async () =>
            assert.rejects(
                serve(() => ({ status: 404 })),
                /with no rule of this route/,
            ));
    });
});
