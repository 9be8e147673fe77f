// Proves how answers of the Admin API are interpreted, and which pod and key are used. test/engine/ops/review.test.ts proves
// the connection on the engine.
import { strict as assert } from "node:assert";
import { ADMIN_KEYS_SECRET, isReadyPod } from "../../../../components/apisix/gateway-pods";
import { adminTrouble, openAdminApi, troubleOf } from "../../../../components/apisix/admin-api";
import type { Live } from "../../../../components/kubernetes/cluster-reader";
import { fakeApi } from "../../kit/fake-api";

const answer = (status: number, body: unknown) => ({ status, body: JSON.stringify(body) });
const EMPTIED = answer(404, { message: "Key not found" });

describe("the Admin API of the gateway", () => {
    const others: [what: string, answer: { status: number; body: string }][] = [
        ["a list", answer(200, { total: 0, list: [] })],
        ["a path that APISIX does not know", answer(404, { error_msg: "404 Route Not Found" })],
        ["a page of another program", { status: 404, body: "<html>" }],
        ["an etcd that does not answer", answer(503, { error_msg: "connection refused" })],
    ];
    for (const [what, said] of others)
        it(`finds no trouble in ${what}`, () => assert.equal(troubleOf(said, "kubectl"), undefined));

    it("says what etcd has lost, the consequences and the command to run, also for rejected keys", () => {
        const KUBECTL = "kubectl -n edge";
        const restart = `Run: ${KUBECTL} rollout restart deployment/apisix`;
        assert.equal(
            troubleOf(EMPTIED, KUBECTL),
            `etcd has lost APISIX's directory keys, so APISIX receives no change of a route or consumer, and no revocation. ${restart}`,
        );
        const rejected = troubleOf(answer(401, { error_msg: "failed to check token" }), KUBECTL);
        assert.match(rejected!, /rejects the keys of Secret apisix-admin-keys: its pods started with other keys/);
        assert.ok(rejected!.endsWith(restart));
        const locked = troubleOf(answer(503, { error_msg: "etcd response missing header.revision" }), KUBECTL);
        assert.match(locked!, /^etcd rejects APISIX: its pods started with another password of etcd, or without one/);
        assert.ok(locked!.endsWith(restart));
    });

    const pod = (name: string, ready = "True", more: object = {}, app = "apisix") => ({
        metadata: { name, labels: { "app.kubernetes.io/name": app }, ...more },
        status: { conditions: [{ type: "Ready", status: ready }] },
    });
    const pods: [what: string, pod: object, isReady: boolean][] = [
        ["a ready pod of APISIX", pod("a"), true],
        ["a pod that is not ready", pod("a", "False"), false],
        ["a pod that is terminating", pod("a", "True", { deletionTimestamp: "2026-11-25T00:00:00Z" }), false],
        ["a pod of etcd", pod("a", "True", {}, "etcd"), false],
        ["a pod without a status", { metadata: { name: "a", labels: { "app.kubernetes.io/name": "apisix" } } }, false],
    ];
    for (const [what, one, isReady] of pods)
        it(`${isReady ? "uses" : "does not use"} ${what}`, () =>
            assert.equal(isReadyPod(one as Live, { "app.kubernetes.io/name": "apisix" }), isReady));

    const SECRET = `/api/v1/namespaces/edge/secrets/${ADMIN_KEYS_SECRET.name}`;
    const PODS = "/api/v1/namespaces/edge/pods";
    const keys = { kind: "Secret", metadata: {}, data: { viewer: "dg==", admin: "YQ==" } };
    const missing: [what: string, answers: Record<string, object>, problem: RegExp, status?: number][] = [
        ["without the Secret", {}, /there is no Secret edge\/apisix-admin-keys with the key viewer/, 404],
        ["without a viewer's key", { [SECRET]: { ...keys, data: { admin: "YQ==" } } }, /with the key viewer/, 404],
        [
            "without a ready pod",
            { [SECRET]: keys, [PODS]: { kind: "PodList", items: [pod("a", "False")] } },
            /no APISIX pod of edge is ready/,
        ],
    ];
    for (const [what, answers, problem, status] of missing)
        it(`is not opened ${what}, which is not a problem of etcd`, async () => {
            const api = await fakeApi((path) => answers[path]);
            await assert.rejects(openAdminApi(api, "edge"), (error: Error & { status?: number }) => {
                assert.match(error.message, problem);
                assert.equal(error.status, status);
                return true;
            });
            assert.equal(await adminTrouble(api, "edge"), undefined);
        });
});
