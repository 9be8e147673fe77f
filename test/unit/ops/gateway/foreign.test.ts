// Proves by ids, labels and fields which objects in APISIX count as the ingress controller's, and which are reported.
// test/engine/ops/review.test.ts proves that nothing of a whole deployed stack is reported.
import { strict as assert } from "node:assert";
import type { Live } from "../../../../components/kubernetes/cluster-reader";
import { lasting, untilNotBusy } from "../../../../ops/gateway/audit";
import { credentialId } from "../../../../components/consumers/credential-evidence";
import { expectedObjects, idOf } from "../../../../ops/gateway/expected";
import { foreignObjects, type Foreign } from "../../../../ops/gateway/foreign";

const NAMESPACE = "alpa-auth-gateway";
const CONTROLLER = "apisix.apache.org/alpa-auth";
const PROXY = { namespace: NAMESPACE, name: "alpa-auth" };
const SECRET = "KEY-of-a-caller-0123456789";

const object = (kind: string, namespace: string | undefined, name: string, spec: object, more: object = {}) => ({
    kind,
    metadata: { namespace, name, ...more },
    spec,
});
const ingressClass = (name: string, controller = CONTROLLER, proxy: object = PROXY, more = {}) =>
    object("IngressClass", undefined, name, { controller, parameters: { kind: "GatewayProxy", ...proxy } }, more);
const route = (namespace: string, name: string, ingressClassName: string | undefined, spec: object = {}) =>
    object("ApisixRoute", namespace, name, {
        ...(ingressClassName === undefined ? {} : { ingressClassName }),
        http: [{ name: "completions", upstreams: [{ name: "alpa-completions" }] }],
        ...spec,
    });
const consumer = (namespace: string, name: string, ids: string[], gateway: object = { ...PROXY }) =>
    object("Consumer", namespace, name, { gatewayRef: gateway, credentials: ids.map((id) => ({ name: id })) });

/** A stack with the caller alice. Another stack has the caller bob at the same gateway. */
const CLUSTER = [
    ingressClass("alpa-auth"),
    object("GatewayClass", undefined, "alpa-auth", { controllerName: CONTROLLER }),
    object("Gateway", NAMESPACE, "alpa-auth", {
        gatewayClassName: "alpa-auth",
        infrastructure: { parametersRef: { kind: "GatewayProxy", name: PROXY.name } },
    }),
    object("GatewayProxy", NAMESPACE, PROXY.name, {}),
    route("alpa-auth", "alpa", "alpa-auth"),
    consumer("alpa-auth", "alice", ["a1"]),
    consumer("lab", "bob", ["b1"]),
];
const BINDING = { ingressClass: "alpa-auth", gateway: "alpa-auth", gatewayNamespace: NAMESPACE };

function cluster(objects: object[]) {
    const of = (kind: string) => (objects as Live[]).filter((one) => one.kind === kind);
    return {
        list: async (_version: string, kind: string) => of(kind),
        read: async ({ kind, name }: { kind: string; name: string }) =>
            of(kind).find(({ metadata }) => metadata!.name === name),
    };
}

const labels = (kind: string, namespace: string, name: string) => ({
    "k8s/kind": kind,
    "k8s/namespace": namespace,
    "k8s/name": name,
    "k8s/controller-name": CONTROLLER,
    "manager-by": "apisix-ingress-controller",
});
const OF_ROUTE = labels("ApisixRoute", "alpa-auth", "alpa");
const SERVICE = idOf("alpa-auth_alpa_0");
const ROUTE = idOf("alpa-auth_alpa_completions");
const A1 = credentialId("alpa-auth_alice", "a1");

/** Objects that the ingress controller creates in APISIX for CLUSTER, by path of the Admin API. */
const WRITTEN: Record<string, object> = {
    [`services/${SERVICE}`]: { id: SERVICE, name: "alpa-auth_alpa_0", labels: OF_ROUTE, upstream_id: SERVICE },
    [`upstreams/${SERVICE}`]: { id: SERVICE, nodes: [], labels: { "managed-by": "apisix-ingress-controller" } },
    [`routes/${ROUTE}`]: { id: ROUTE, labels: OF_ROUTE, uris: ["/x"], service_id: SERVICE, status: 1 },
    "consumers/alpa-auth_alice": { username: "alpa-auth_alice", labels: labels("Consumer", "alpa-auth", "alice") },
    [`consumers/alpa-auth_alice/credentials/${A1}`]: { id: A1, name: "a1", plugins: { "key-auth": { key: SECRET } } },
    "consumers/lab_bob": { username: "lab_bob", labels: labels("Consumer", "lab", "bob") },
};

/** A fake Admin API with these objects, by path. */
function admin(objects: Record<string, object>, statuses: Record<string, number> = { stream_routes: 400 }) {
    const asked: string[] = [];
    const get = async (folder: string) => {
        asked.push(folder);
        const inside = Object.entries(objects).filter(([path]) => {
            const id = path.slice(folder.length + 1);
            return path.startsWith(`${folder}/`) && (folder === "secrets" || !id.includes("/"));
        });
        const status = statuses[folder] ?? (folder.endsWith("/credentials") && inside.length === 0 ? 404 : 200);
        const list = inside.map(([path, value]) => ({ key: `/apisix/${path}`, value, createdIndex: 1 }));
        const body =
            status === 200 ? { total: list.length, list: list.length > 0 ? list : {} } : { message: "Key not found" };
        return { status, headers: {}, body: JSON.stringify(body) };
    };
    return { asked, get, close: () => undefined };
}

async function named(written: Record<string, object>, objects: object[] = CLUSTER): Promise<Foreign[]> {
    const { list, read } = cluster(objects);
    return foreignObjects(admin(written), await expectedObjects(list, read, BINDING), "kubectl");
}

describe("objects in APISIX that are not the ingress controller's", () => {
    it("are none if all objects are as the controller writes them, also for callers of other stacks and namespaces", async () => {
        assert.deepEqual(await named(WRITTEN), []);
    });

    const NO_OBJECT = "has the ingress controller's labels, but belongs to no Kubernetes object";
    const BY_HAND = "was not written by the ingress controller";
    const strangers: [what: string, path: string, value: object, says: string][] = [
        ["a consumer", "consumers/eve", { username: "eve" }, `APISIX: consumer eve ${BY_HAND}`],
        [
            "a consumer with forged labels",
            "consumers/alpa-auth_eve",
            { username: "alpa-auth_eve", labels: labels("Consumer", "alpa-auth", "alice") },
            `APISIX: consumer alpa-auth_eve ${NO_OBJECT}`,
        ],
        [
            "a route with forged labels",
            "routes/1",
            { id: "1", name: "open", labels: OF_ROUTE, uri: "/open" },
            `APISIX: route 1 (open) ${NO_OBJECT}`,
        ],
        [
            "a route without labels instead of the stack's",
            `routes/${ROUTE}`,
            { id: ROUTE, service_id: SERVICE },
            `APISIX: route ${ROUTE} ${BY_HAND}`,
        ],
        ["a service", "services/s", { id: "s" }, `APISIX: service s ${BY_HAND}`],
        ["an upstream", "upstreams/u", { id: "u" }, `APISIX: upstream u ${BY_HAND}`],
        ["a certificate", "ssls/c", { id: "c" }, `APISIX: certificate c ${BY_HAND}`],
        ["a global rule", "global_rules/1", { id: "1", plugins: {} }, `APISIX: global rule 1 ${BY_HAND}`],
        ["a plugin config", "plugin_configs/1", { id: "1" }, `APISIX: plugin config 1 ${BY_HAND}`],
        ["plugin metadata", "plugin_metadata/http-logger", {}, `APISIX: plugin metadata http-logger ${BY_HAND}`],
        ["a proto", "protos/1", { id: "1" }, `APISIX: proto 1 ${BY_HAND}`],
        ["a consumer group", "consumer_groups/g", { id: "g" }, `APISIX: consumer group g ${BY_HAND}`],
        ["a secret manager", "secrets/vault/1", { id: "vault/1" }, `APISIX: secret manager vault/1 ${BY_HAND}`],
    ];
    for (const [what, path, value, says] of strangers)
        it(`include ${what}, with the command that deletes it`, async () => {
            const found = await named({ ...WRITTEN, [path]: value });
            assert.deepEqual(
                found.map((one) => [one.says, one.path]),
                [[says, path]],
            );
            assert.ok(found[0].repair.endsWith(`-X DELETE -H @- 'http://127.0.0.1:9180/apisix/admin/${path}'`));
        });

    it("include a credential of the stack's consumer by its id, with a note when it stops the ingress controller", async () => {
        const path = "consumers/alpa-auth_alice/credentials/door";
        const plugins = { "key-auth": { key: SECRET } };
        const [withName] = await named({ ...WRITTEN, [path]: { id: "door", name: "door", plugins } });
        assert.equal(withName.says, `APISIX: credential door of consumer alpa-auth_alice ${BY_HAND}`);
        const [nameless] = await named({ ...WRITTEN, [path]: { id: "door", plugins } });
        assert.equal(
            nameless.says,
            `APISIX: credential door of consumer alpa-auth_alice ${BY_HAND}. It has no name, so every synchronization of the ingress controller fails: APISIX receives no change`,
        );
        assert.equal(nameless.path, path);
    });

    it("include those whose fields the controller does not restore, with the fields", async () => {
        const changed: [path: string, more: object, fields: string][] = [
            [`routes/${ROUTE}`, { upstream: { nodes: {} }, script: "x" }, "upstream, script"],
            [`routes/${ROUTE}`, { status: 0 }, "status"],
            [`routes/${ROUTE}`, { service_id: "other" }, "service_id"],
            [`services/${SERVICE}`, { upstream_id: "u" }, "upstream_id"],
            ["consumers/alpa-auth_alice", { group_id: "g" }, "group_id"],
            [`consumers/alpa-auth_alice/credentials/${A1}`, { upstream: "x" }, "upstream"],
        ];
        for (const [path, more, fields] of changed) {
            const found = await named({ ...WRITTEN, [path]: { ...WRITTEN[path], ...more } });
            assert.equal(found.length, 1, path);
            assert.ok(
                found[0].says.endsWith(`fields that the ingress controller does not restore (${fields})`),
                found[0].says,
            );
        }
    });

    it("are printed without keys and terminal control characters", async () => {
        const plugins = { "key-auth": { key: SECRET } };
        const found = await named({
            ...WRITTEN,
            "consumers/eve": { username: "eve", plugins },
            "routes/r": { id: "r", name: `x\u001b[2J\n${"y".repeat(500)}`, plugins },
        });
        assert.equal(found.length, 2);
        const text = JSON.stringify(found);
        assert.ok(!text.includes(SECRET) && !text.includes("\\u001b") && !text.includes("\\n"), text);
        assert.ok(text.length < 1500, String(text.length));
    });

    const foreignRoute = { ...WRITTEN, "routes/x": { id: "x" } };
    it("do not include a route of another class or another gateway", async () => {
        const others = [
            route("team", "r", "theirs"),
            ingressClass("theirs", "apisix.apache.org/other"),
            route("team", "s", "elsewhere"),
            ingressClass("elsewhere", CONTROLLER, { namespace: "far", name: "far" }),
            consumer("team", "mallory", ["m"], { namespace: "far", name: "far" }),
        ];
        const id = idOf("team_r_completions");
        const written = { ...WRITTEN, [`routes/${id}`]: { id, labels: OF_ROUTE, service_id: SERVICE } };
        const found = await named(
            { ...written, "consumers/team_mallory": { labels: labels("Consumer", "team", "mallory") } },
            [...CLUSTER, ...others],
        );
        assert.deepEqual(
            found.map(({ path }) => path),
            [`routes/${id}`, "consumers/team_mallory"],
        );
    });

    it("do not include routes of the default class, of streams, and further upstreams", async () => {
        const isDefault = { annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } };
        const objects = [
            ...CLUSTER.filter(({ kind }) => kind !== "IngressClass"),
            ingressClass("alpa-auth", CONTROLLER, PROXY, isDefault),
            route("team", "r", undefined, {
                http: [{ name: "a", backends: [{}, {}], upstreams: [{ name: "u" }] }],
                stream: [{ name: "s", protocol: "UDP" }],
            }),
        ];
        const mine = labels("ApisixRoute", "team", "r");
        const [service, stream] = [idOf("team_r_0"), idOf("team_r_s_UDP")];
        const more = {
            [`services/${service}`]: { labels: mine, upstream_id: service },
            [`services/${stream}`]: { labels: mine, upstream_id: stream },
            [`routes/${idOf("team_r_a")}`]: { labels: mine, service_id: service },
            [`upstreams/${service}`]: {},
            [`upstreams/${idOf("team_r_0_1")}`]: {},
            [`upstreams/${idOf("team_u")}`]: {},
        };
        assert.deepEqual(await named({ ...WRITTEN, ...more }, objects), []);
    });

    it("do not include objects of an Ingress by their labels, while there is one", async () => {
        const mine = labels("Ingress", "team", "web");
        const more = {
            "services/s": { labels: mine, upstream_id: "s" },
            "routes/r": { labels: mine, service_id: "s" },
        };
        const written = { ...WRITTEN, ...more, "upstreams/s": {} };
        assert.deepEqual(await named(written, [...CLUSTER, object("Ingress", "team", "web", {})]), []);
        assert.equal((await named(written)).length, 3);
    });

    it("cannot be read from an empty etcd or after an error, which is reported without the server's message", async () => {
        const { list, read } = cluster(CLUSTER);
        const expected = await expectedObjects(list, read, BINDING);
        const emptied = admin({}, { global_rules: 404 });
        await assert.rejects(
            foreignObjects(emptied, expected, "kubectl"),
            /^Error: etcd has lost APISIX's directory keys/,
        );
        const broken = admin(foreignRoute, { routes: 500, stream_routes: 400 });
        await assert.rejects(
            foreignObjects(broken, expected, "kubectl"),
            /^Error: the Admin API answers 500 to GET routes$/,
        );
    });

    it("require the class of the gateway", async () => {
        const { list, read } = cluster([]);
        await assert.rejects(expectedObjects(list, read, BINDING), /IngressClass alpa-auth is missing/);
    });

    it("are reported when every reading contains them, so not while they are being deleted", async () => {
        const one = (says: string): Foreign => ({ says, path: says, repair: "" });
        const readings = [
            [one("stays"), one("goes")],
            [one("stays"), one("comes")],
            [one("stays"), one("comes")],
        ];
        const read = async () => (readings.length > 1 ? readings.shift()! : readings[0]);
        assert.deepEqual(await lasting(read, 0.05, 0.01), [one("stays")]);
        let count = 0;
        const clean = async () => (count++, []);
        assert.deepEqual([await lasting(clean, 0.05, 0.01), count], [[], 1]);
    });

    it("are read again while Kubernetes answers 429, for a while, and only then", async () => {
        const failing = (codes: number[]) => async () => {
            const code = codes.shift();
            if (code !== undefined) throw Object.assign(new Error(`HTTP-Code: ${code}`), { code });
            return "read";
        };
        assert.equal(await untilNotBusy(failing([429, 429]), 60, 0.01), "read");
        await assert.rejects(untilNotBusy(failing(Array<number>(99).fill(429)), 0.05, 0.01), /HTTP-Code: 429/);
        await assert.rejects(untilNotBusy(failing([403, 429]), 60, 0.01), /HTTP-Code: 403/);
    });
});
