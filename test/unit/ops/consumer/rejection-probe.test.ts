// Proves the messages about a revocation: every gateway pod rejects the credential, one pod does not, or one could not be
// queried. Also proves that no request reaches Alpa. Pods and address are fakes here; the engine test uses real ones.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { fakeApi } from "../../kit/fake-api";
import { fakePods, type PodAnswers, type PodAsked } from "../../kit/fake-pods";
import { bench, exits, OUTPUTS, SECRETS, STACK_FILE } from "../kit";
import { serve } from "../../kit/http";

const NAMESPACE = "alpa-auth-gateway-apisix";
const EXISTING = STACK_FILE.replace(
    "    alpa-auth:consumers:",
    `    alpa-auth:gateway:
        installer: existing
        existing: { ingressClass: apisix, gateway: ${NAMESPACE}/apisix, url: "http://10.0.0.1" }
    alpa-auth:consumers:`,
);
const hasCredential = ({ headers }: PodAsked) => Boolean(headers.apikey ?? headers.authorization);
/** A pod that has the route, and rejects every credential. */
const REJECTS: PodAnswers = () => ({ status: 401 });

interface World {
    names?: string[];
    answers?: PodAnswers;
    /** Whether the API server rejects port-forwarding. */
    forbidden?: boolean;
    /** Whether the API server rejects the list of pods. */
    unlisted?: boolean;
    /** Pods without a listener. */
    closed?: string[];
    /** Pods that run but are not ready. */
    idle?: string[];
}

describe("ops consumer revoke --yes", () => {
    let url: string;
    let asked: http.IncomingMessage[] = [];
    const connections = new Set<unknown>();
    let statuses: number[] = [];
    let folder: string;
    const { KUBECONFIG } = process.env;

    /** The gateway's pods, and the cluster of this machine's kubeconfig. */
    const pods = async ({ names = ["one", "two", "three"], answers = REJECTS, ...of }: World = {}) => {
        const pods = await fakePods(names, answers, of.forbidden, of.closed);
        const items = names.map((name) => ({
            metadata: { name, labels: { "app.kubernetes.io/name": "apisix" } },
            status: {
                phase: "Running",
                conditions: [{ type: "Ready", status: of.idle?.includes(name) ? "False" : "True" }],
            },
        }));
        const api = await fakeApi((path) => {
            assert.match(path, new RegExp(`^/api/v1/namespaces/${NAMESPACE}/pods$`));
            return of.unlisted ? 403 : { kind: "PodList", items };
        }, pods);
        writeFileSync(process.env.KUBECONFIG!, api.kubeconfig);
        return pods.asked;
    };

    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-probe-"));
        process.env.KUBECONFIG = join(folder, "kubeconfig");
    });
    beforeEach(async () => {
        const address = await serve((request, response) => {
            asked.push(request);
            connections.add(request.socket);
            response.writeHead(statuses.length > 1 ? statuses.shift()! : statuses[0]).end();
        });
        url = `${address}/alpa`;
        asked = [];
        connections.clear();
        rmSync(process.env.KUBECONFIG!, { force: true });
    });
    after(() => {
        rmSync(folder, { recursive: true });
        if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
        else process.env.KUBECONFIG = KUBECONFIG;
    });

    /** @param refusalSeconds short only where no rejection is expected */
    const at = (text: string, refusalSeconds = 60) => bench({ text, outputs: { ...OUTPUTS, url }, refusalSeconds });
    const revoke = (...who: string[]) => at(STACK_FILE).ops("consumer", "revoke", ...who, "--yes");
    const revokeA1 = (text: string, refusalSeconds?: number) =>
        at(text, refusalSeconds).ops("consumer", "revoke", "alice", "a1", "--yes");

    describe("at the gateway's pods", () => {
        beforeEach(() => (statuses = [400, 401]));

        it("queries each pod separately with the old key, without reaching Alpa", async () => {
            const asked = await pods();
            const { out, note } = await exits(0, revokeA1(STACK_FILE));
            assert.match(
                out,
                /alice\/a1: rejected by each of 3 gateway pods and by http:\S+ \(401 after \d s, 400 before\)\./,
            );
            const own = asked.filter(hasCredential);
            assert.deepEqual([...new Set(own.map(({ pod }) => pod))].sort(), ["one", "three", "two"]);
            assert.ok(own.every(({ headers }) => headers.apikey === SECRETS.key));
            assert.ok(own.every(({ method, path }) => `${method} ${path}` === "POST /alpa/completions?evidence"));
            assert.ok(!(out + note).includes(SECRETS.key));
        });

        it("never claims that a key is rejected while one of three pods accepts it, whatever the address answers", async () => {
            await pods({ answers: (one) => ({ status: one.pod === "three" && hasCredential(one) ? 400 : 401 }) });
            const { out } = await exits(1, revokeA1(STACK_FILE, 1));
            assert.ok(!out.includes("alice/a1: rejected"), out);
            assert.match(
                out,
                new RegExp(`1 of the 3 queried pods .*pod ${NAMESPACE}/three: it still authenticates alice/a1`),
            );
            assert.match(out, /It may still work/);
        });

        it("waits for a pod that lags", async () => {
            let asks = 0;
            await pods({
                answers: (one) => ({ status: one.pod === "two" && hasCredential(one) && asks++ < 1 ? 400 : 401 }),
            });
            assert.match((await exits(0, revokeA1(STACK_FILE))).out, /alice\/a1: rejected by each of 3 gateway pods/);
        });

        it("names a pod that could not be queried, and claims nothing", async () => {
            await pods({ closed: ["two"] });
            const { out } = await exits(1, revokeA1(STACK_FILE, 1));
            assert.ok(!out.includes("alice/a1: rejected"), out);
            assert.match(out, new RegExp(`every gateway pod .*pod ${NAMESPACE}/two: .*connection refused`));
            assert.match(out, /These pods may still accept the credential/);
        });

        it("names a pod that runs but is not ready and cannot be queried", async () => {
            await pods({ idle: ["two"], closed: ["two"] });
            const { out } = await exits(1, revokeA1(STACK_FILE, 1));
            assert.ok(!out.includes("alice/a1: refused"), out);
            assert.match(out, new RegExp(`pod ${NAMESPACE}/two \\(running but not ready\\): .*connection refused`));
        });

        it("also queries a pod that runs but is not ready: on a node that is cut off it still serves callers", async () => {
            const accepts: PodAnswers = (one) => ({ status: one.pod === "two" && hasCredential(one) ? 400 : 401 });
            await pods({ idle: ["two"], answers: accepts });
            const { out } = await exits(1, revokeA1(STACK_FILE, 1));
            assert.match(
                out,
                new RegExp(`pod ${NAMESPACE}/two \\(running but not ready\\): it still authenticates alice/a1`),
            );
        });

        it("counts a pod that is not ready and rejects the key", async () => {
            await pods({ idle: ["two"] });
            assert.match((await exits(0, revokeA1(STACK_FILE))).out, /alice\/a1: rejected by each of 3 gateway pods/);
        });

        it("claims nothing where the stack's own gateway has no ready pod", async () => {
            await pods({ names: [] });
            const { out } = await exits(1, revokeA1(STACK_FILE, 1));
            assert.match(out, /there is no ready pod with the labels app\.kubernetes\.io\/name=apisix/);
        });

        const PERMISSIONS: [needed: string, lacking: World][] = [
            ["list pods", { unlisted: true }],
            ["create pods/portforward", { forbidden: true }],
        ];
        for (const [needed, lacking] of PERMISSIONS) {
            it(`fails where the user may not ${needed} of the stack's own gateway`, async () => {
                await pods(lacking);
                const { out } = await exits(1, revokeA1(STACK_FILE, 1));
                assert.ok(!out.includes("alice/a1: rejected"), out);
                assert.match(out, new RegExp(`lacks permission to ${needed} in namespace ${NAMESPACE} \\(RBAC\\)`));
            });

            it(`says that the proof is partial where the user may not ${needed} of an existing gateway`, async () => {
                await pods(lacking);
                const { out } = await exits(0, revokeA1(EXISTING));
                assert.match(out, /alice\/a1: the proof is partial\. The credential is rejected by http:\S+ \(401/);
                assert.match(out, new RegExp(`not every gateway pod was queried: .*lacks permission to ${needed} in`));
            });
        }

        it("says that the proof is partial where pods of an existing gateway have another port", async () => {
            await pods({ closed: ["two"] });
            const { out } = await exits(0, revokeA1(EXISTING));
            assert.match(out, new RegExp(`the proof is partial.*pod ${NAMESPACE}/two: .*connection refused`));
        });

        it("claims nothing where a pod of an existing gateway is not ready, and its answer shows nothing", async () => {
            await pods({
                closed: ["two"],
                idle: ["three"],
                answers: (one) => ({ status: one.pod === "three" ? 404 : 401 }),
            });
            const { out } = await exits(1, revokeA1(EXISTING, 1));
            assert.match(out, new RegExp(`pod ${NAMESPACE}/three \\(running but not ready\\): it answers 404`));
            assert.match(out, /These pods may still accept the credential/);
        });

        it("fails where a pod of an existing gateway still accepts the key", async () => {
            await pods({
                closed: ["two"],
                answers: (one) => ({ status: one.pod === "three" && hasCredential(one) ? 400 : 401 }),
            });
            const { out } = await exits(1, revokeA1(EXISTING, 1));
            assert.match(out, new RegExp(`pod ${NAMESPACE}/three: it still authenticates alice/a1`));
        });
    });

    describe("at the address", () => {
        beforeEach(() => pods({ names: ["one"] }));

        it("sends the old key until it is rejected, in a request that the gateway itself answers", async () => {
            statuses = [400, 400, 401];
            const { out, note } = await exits(0, revoke("alice", "a1"));
            assert.match(
                out,
                /alice\/a1: rejected by the 1 gateway pod and by http:\S+ \(401 after \d s, 400 before\)\./,
            );
            assert.deepEqual(
                asked.map(({ url, method }) => `${method} ${url}`),
                Array(5).fill("POST /alpa/completions?x=1"),
            );
            assert.equal(connections.size, 5, "each request may reach another pod");
            assert.equal(asked[0].headers.apikey, SECRETS.key);
            assert.ok(!(out + note).includes(SECRETS.key));
        });

        it("does not treat the rejection by one pod as that of all", async () => {
            statuses = [400, 401, 401, 400, 401, 401, 401];
            const { out } = await exits(0, revoke("alice", "a1"));
            assert.match(
                out,
                /alice\/a1: rejected by the 1 gateway pod and by http:\S+ \(401 after \d+ s, 400 before\)\./,
            );
            assert.equal(asked.length, 7);
        });

        it("reports that the key still works when only one of the pods rejects it", async () => {
            statuses = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 400 : 401));
            const { out } = await exits(1, revokeA1(STACK_FILE, 3));
            assert.match(out, /is not rejected with 401 .* \(got 400\)\. The credential still works/);
        });

        it("sends a token where there is a secret to sign one", async () => {
            statuses = [400, 401];
            assert.match((await exits(0, revoke("tokens", "hs"))).out, /tokens\/hs: rejected/);
            assert.equal(decodeJwt(asked[0].headers.authorization!.replace("Bearer ", "")).key, "alpa-auth_tokens.hs");
        });

        it("reports at the timeout that the key still works, and exits with 1", async () => {
            statuses = [400];
            const { out, note } = await exits(1, revokeA1(STACK_FILE, 3));
            assert.match(
                out,
                /is not rejected with 401 by http:\S+ after 3 s \(got 400\)\. The credential still works/,
            );
            assert.match(note, /the change is applied, but there is no proof/);
        });

        it("does not treat a missing answer as a rejection", async () => {
            const { out } = await exits(
                1,
                bench({ refusalSeconds: 1 }).ops("consumer", "revoke", "alice", "a1", "--yes"),
            );
            assert.match(out, /\(got no answer: \w+\)\. The credential may still work/);
        });

        for (const before of [401, 429, 503])
            it(`does not claim proof when the answer was ${before} before`, async () => {
                statuses = [before, 401];
                const { out } = await exits(0, revoke("alice", "a1"));
                assert.match(
                    out,
                    new RegExp(
                        `alice/a1: rejected with 401 by http:\\S+, but it was not accepted before this change either \\(${before}\\), so the revocation is not proven`,
                    ),
                );
                assert.ok(!out.includes("rejected by"));
            });

        it("names credentials that it cannot try", async () => {
            const rs = await exits(0, revoke("tokens", "rs"));
            assert.match(rs.out, /tokens\/rs: not tried: only the caller can sign its tokens/);
            const old = await revoke("alice", "old");
            assert.match(old.out, /alice\/old: not tried: the stack's outputs did not contain the credential\./);
            const gone = await revoke("tokens", "gone");
            assert.match(gone.out, /tokens\/gone: not tried: the stack's outputs did not contain the credential\./);
            assert.equal(asked.length, 0);
        });

        it("remove tries every credential of the caller", async () => {
            statuses = [400, 400, 401];
            const { ops, text } = bench({ outputs: { ...OUTPUTS, url }, refusalSeconds: 3 });
            const { out } = await exits(0, ops("consumer", "remove", "alice", "--yes"));
            assert.match(out, /Consumer alice is removed\. Its credentials stop working: a1, a2, old\./);
            assert.match(out, /alice\/a1: rejected[^]*alice\/a2: rejected/);
            assert.ok(!text().includes("alice"));
        });
    });
});
