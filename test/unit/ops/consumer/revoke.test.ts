// Proves what a revocation reports: the run of Pulumi is the proof, and a revocation that is applied alone is proved by the same
// requests to every gateway pod. Pulumi and pods are fakes here; the engine tests use real ones.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fakeApi } from "../../kit/fake-api";
import { fakePods, type PodAsked } from "../../kit/fake-pods";
import { bench, exits, SECRETS, STACK_FILE } from "../kit";
import { gate, removed } from "../stack/apply/kit";

const NAMESPACE = "alpa-auth-gateway-apisix";
const TEXT = STACK_FILE.replace("    alpa-auth:consumers:", "    alpa-auth:waitSeconds: 2\n    alpa-auth:consumers:");
const EXISTING = TEXT.replace(
    "    alpa-auth:consumers:",
    `    alpa-auth:gateway:
        installer: existing
        existing: { ingressClass: apisix, gateway: ${NAMESPACE}/apisix, url: "http://10.0.0.1" }
    alpa-auth:consumers:`,
);
const REVOKE = ["consumer", "revoke", "alice", "a1", "--yes"];

describe("ops consumer revoke --yes", () => {
    it("says that every gateway pod rejects the credential, since the run has proved it", async () => {
        const { out } = await exits(0, bench().ops(...REVOKE));
        assert.match(out, /^alice\/a1: every gateway pod rejects it\.$/m);
        assert.match(out, /Next: npm run ops -- consumer list --check/);
    });

    it("reports the result of each credential of a removed caller", async () => {
        const { ops, text } = bench();
        const { out } = await exits(0, ops("consumer", "remove", "alice", "--yes", "--json"));
        assert.deepEqual(JSON.parse(out).effects, [
            "Consumer alice is removed. Its credentials stop working: a1, a2, old.",
            ...["a1", "a2", "old"].map((id) => `alice/${id}: every gateway pod rejects it.`),
        ]);
        assert.doesNotMatch(text(), /alice/);
    });

    it("claims nothing when the run fails", async () => {
        const { out, note } = await exits(
            1,
            bench({ says: ({ args }) => (args[0] === "up" ? { code: 255 } : undefined) }).ops(...REVOKE),
        );
        assert.doesNotMatch(out, /rejects it/);
        assert.match(note, /pulumi up: failed/);
    });

    it("says where to read how a leaked key is blocked, when the config is invalid", async () => {
        const { note } = await exits(2, bench({ text: TEXT.replace("20001", "0") }).ops(...REVOKE));
        assert.match(note, /alpa\.endpoints\[0\]: must have a port/);
        assert.match(note, /To block the caller without Pulumi, see docs\/operate\/leaked-credentials\.md/);
    });

    it("does not claim that all pods of an existing gateway were queried", async () => {
        const { out } = await exits(0, bench({ text: EXISTING }).ops(...REVOKE));
        assert.match(out, /^alice\/a1: revoked\. If pods of the existing gateway could not be queried, a line above/m);
    });
});

describe("ops consumer revoke --yes, applied alone", () => {
    const { KUBECONFIG } = process.env;
    let folder: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-revoke-"));
        process.env.KUBECONFIG = join(folder, "kubeconfig");
    });
    after(() => {
        rmSync(folder, { recursive: true });
        if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
        else process.env.KUBECONFIG = KUBECONFIG;
    });

    /** A cluster with three gateway pods, whose caller alice has no credential any more. @returns what the pods were asked */
    async function cluster(accepts: (asked: PodAsked) => boolean, mayListPods = true) {
        const names = ["one", "two", "three"];
        const hasKey = ({ headers }: PodAsked) => headers.apikey === SECRETS.key;
        const pods = await fakePods(names, (one) => ({ status: hasKey(one) && accepts(one) ? 400 : 401 }));
        const key = Buffer.from(SECRETS.key).toString("base64");
        const lists: Record<string, object | undefined> = {
            consumers: { items: [{ metadata: { name: "alice" }, spec: { credentials: [] } }] },
            secrets: { items: [{ metadata: { name: "alice.a1" }, data: { key } }] },
            pods: mayListPods
                ? {
                      items: names.map((name) => ({
                          metadata: { name, labels: { "app.kubernetes.io/name": "apisix" } },
                          status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
                      })),
                  }
                : undefined,
            [NAMESPACE]: { kind: "Namespace", metadata: { name: NAMESPACE } },
        };
        const api = await fakeApi((path) => {
            const last = path.split("/").at(-1)!;
            return last === "pods" && !mayListPods ? 403 : lists[last];
        }, pods);
        writeFileSync(process.env.KUBECONFIG!, api.kubeconfig);
        return pods.asked.filter.bind(pods.asked, hasKey) as () => PodAsked[];
    }
    // Others have removed a caller, which is not applied.
    const alone = (text = TEXT) => gate({ text, steps: [removed("carol")] }).ops(...REVOKE);

    it("sends the old key to each pod, in a request that never reaches the server", async () => {
        const asked = await cluster(() => false);
        const { out, note } = await exits(0, alone());
        assert.match(out, /^alice\/a1: every gateway pod rejects it\.$/m);
        assert.deepEqual([...new Set(asked().map(({ pod }) => pod))].sort(), ["one", "three", "two"]);
        assert.ok(asked().every(({ method, path }) => `${method} ${path}` === "POST /alpa/completions?evidence"));
        assert.ok(!(out + note).includes(SECRETS.key));
    });

    it("waits for a pod that lags", async () => {
        let asks = 0;
        await cluster(({ pod }) => pod === "two" && asks++ < 1);
        assert.match((await exits(0, alone())).out, /every gateway pod rejects it/);
    });

    it("never claims a rejection while one of three pods accepts the key, and says how to block it", async () => {
        await cluster(({ pod }) => pod === "three");
        const { out, note } = await exits(1, alone());
        assert.doesNotMatch(out, /rejects it/);
        assert.match(
            note,
            new RegExp(
                `alice: the revocation is applied, but not proved\\. .*1 of 3 gateway pods lag, pod ${NAMESPACE}/three: it still authenticates alice/a1.*They may still work`,
            ),
        );
        assert.match(note, /block it at once: kubectl .*delete secret alice\.a1/);
    });

    it("fails when the user may not list the pods of the stack's own gateway, and notes it for an existing one", async () => {
        await cluster(() => false, false);
        const own = await exits(1, alone());
        assert.match(own.note, new RegExp(`not proved.*lacks permission to list pods in namespace ${NAMESPACE}`));
        const { note } = await exits(0, alone(EXISTING));
        assert.match(note, /waited 1 s instead of a proof at the gateway: .*lacks permission to list pods/);
    });
});
