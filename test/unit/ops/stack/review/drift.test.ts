// Proves how `stack drift` interprets a refresh that changes nothing. test/engine/ops/review.test.ts proves that providers
// report it like this.
import { strict as assert } from "node:assert";
import { bench, STACK_FILE, useKubeconfig, type BenchOptions } from "../../kit";

const base = (type: string, name: string) => ({
    urn: `urn:pulumi:intra::alpa-auth::${type}::${name}`,
    type,
    custom: true,
    id: name,
});
const CONSUMER = base("kubernetes:apisix.apache.org/v1alpha1:Consumer", "alice-consumer");
const plugins = (count: number) => ({
    kind: "Consumer",
    metadata: { name: "alice", namespace: "alpa-auth" },
    spec: { plugins: [{ name: "limit-count", config: { count, time_window: 60 } }] },
});
/** Alice's limit was changed from 60 requests by hand. */
const limited = (count: number) => ({
    op: "update",
    urn: CONSUMER.urn,
    oldState: { ...CONSUMER, inputs: plugins(60) },
    newState: { ...CONSUMER, inputs: plugins(count) },
});
const GRAPH = base("pulumi-nodejs:dynamic/alpa-auth:RampartGraph", "alpa-gateway-graph");
const values = (replicaCount: number) => ({
    metadata: { name: "gateway" },
    spec: { graph: { components: { apisix: { config: { replicaCount } } } } },
});

async function driftOf(options: Partial<BenchOptions>, refreshed: object, ...args: string[]) {
    const says = ({ args: [verb, noun] }: { args: string[] }) => {
        if (verb === "refresh") return { stdout: JSON.stringify(refreshed) };
        const deployment = { resources: [{ urn: CONSUMER.urn }] };
        return verb === "stack" && noun === "export" ? { stdout: JSON.stringify({ deployment }) } : undefined;
    };
    const { ops, calls } = bench({ says, ...options });
    return { calls, ...(await ops("stack", "drift", ...args)) };
}

const drift = (steps: object[], ...args: string[]) => driftOf({}, { steps, changeSummary: {} }, ...args);

const NOTHING = { steps: [], changeSummary: {} };

describe("ops stack drift", () => {
    useKubeconfig();
    it("only reads, and finds nothing where nothing was changed", async () => {
        const { code, out, calls, note } = await drift([
            { op: "refresh", urn: CONSUMER.urn, oldState: CONSUMER, newState: CONSUMER },
        ]);
        assert.equal(code, 0, note);
        assert.match(out, /^Drift of stack intra: everything is as Pulumi applied it\. Callers notice nothing\./);
        const refresh = calls.filter(({ args }) => args[0] === "refresh").map(({ args }) => args);
        assert.equal(refresh.length, 1);
        assert.ok(refresh[0].includes("--preview-only") && !refresh[0].includes("--yes"));
        assert.ok(calls.every(({ args }) => !["up", "destroy"].includes(args[0])));
    });

    it("names the caller whose limit was changed by hand, and how to restore it", async () => {
        const { code, out, note } = await drift([limited(6)]);
        assert.equal(code, 3);
        assert.match(out, /changed-outside {2}Consumer alice-consumer was changed: [^]*config\.count: 60 -> 6/);
        assert.match(out, /-> .* To undo it, run: PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh -s intra/);
        assert.match(note, /the drift must have no risk for callers \(1 of the 1/);
    });

    it("reports what was added by hand to an object, which a refresh does not show", async () => {
        const object = (type: string, kind: string, spec: object, given = spec) => ({
            ...base(`kubernetes:${type}:${kind}`, `alpa-${kind}`),
            inputs: { spec: given },
            outputs: { apiVersion: type, kind, metadata: { name: "alpa", namespace: "gateway" }, spec },
        });
        const ingress = [{ from: [{ podSelector: {} }] }];
        const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
        const resources = [
            // As after a refresh, which takes an added entry into the outputs, but not into the inputs.
            object(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                { ingress: [...ingress, { ports: [{ port: 9180 }] }] },
                { ingress },
            ),
            object("apisix.apache.org/v1alpha1", "Consumer", { credentials: [secret], gatewayRef: { name: "a" } }),
            object("apisix.apache.org/v2", "ApisixUpstream", { retries: 0 }),
            object("apps/v1", "Deployment", { replicas: 1 }),
        ];
        const more: Record<string, object> = {
            NetworkPolicy: { ingress: [...ingress, { ports: [{ port: 9180 }] }] },
            Consumer: {
                credentials: [{ name: "a" }],
                gatewayRef: { name: "a" },
                plugins: [{ name: "ip-restriction" }],
            },
            // Another value has its finding from the refresh.
            ApisixUpstream: { retries: 1 },
            Deployment: { replicas: 1, paused: true },
        };
        const drifted = (live: (kind: string, spec: object) => object | undefined) =>
            driftOf(
                {
                    says: ({ args: [verb, noun] }) => {
                        if (verb === "refresh") return { stdout: JSON.stringify(NOTHING) };
                        if (noun !== "export") return undefined;
                        return { stdout: JSON.stringify({ deployment: { resources } }) };
                    },
                    openReader:
                        () =>
                        async ({ kind }) => {
                            const spec = live(kind, resources.find((one) => one.outputs.kind === kind)!.outputs.spec);
                            return spec && { spec };
                        },
                },
                NOTHING,
            );
        const { code, out } = await drifted((kind) => more[kind]);
        assert.equal(code, 3, out);
        assert.match(out, /^Drift of stack intra: Pulumi shows no changed resource\. Findings: 2 breaks-callers/);
        assert.match(out, /opens-to-network {2}NetworkPolicy alpa: spec\.ingress\[1\] was added by hand/);
        assert.match(out, /other-change {2}Consumer alpa: spec\.plugins was added by hand/);
        assert.match(
            out,
            /kubectl --context one --server https:\S+ edit Consumer\.v1alpha1\.apisix\.apache\.org alpa -n gateway/,
        );
        assert.ok(!/retries|paused|credentials/.test(out), out);
        assert.equal((await drifted((kind, spec) => (kind === "NetworkPolicy" ? { ingress } : spec))).code, 0);
        assert.equal((await drifted(() => undefined)).code, 0);
    });

    it("exits with 0 for a change without an effect on callers, even with --fail-on risk", async () => {
        const { metadata, ...rest } = plugins(60);
        const labels = { "alpa-auth.io/role": "x" };
        const newState = { ...CONSUMER, inputs: { ...rest, metadata: { ...metadata, labels } } };
        const { code, out, note } = await drift([{ ...limited(60), newState }]);
        assert.equal(code, 0, note);
        assert.match(out, /resources: 1 update\. Findings: 1 harmless\.[^]*labels or annotations were changed/);
    });

    it("reports as dangerous what gives more access too: no review has accepted it", async () => {
        const { code, out } = await drift([limited(600)], "--fail-on", "breaks-callers");
        assert.equal(code, 3, out);
        assert.match(out, /BREAKS CALLERS\n {2}changed-outside {2}Consumer alice-consumer was changed/);
    });

    it("reports other objects as a risk with their fields, and no wait or record", async () => {
        const map = base("kubernetes:core/v1:ConfigMap", "alpa-profile-file");
        const wait = base("pulumi-nodejs:dynamic/alpa-auth:Awaited", "alpa-route-accepted");
        const changed = (one: typeof map) => ({
            op: "update",
            urn: one.urn,
            oldState: { ...one, inputs: { data: { a: "1" } } },
            newState: { ...one, inputs: { data: { a: "2" } } },
        });
        const { out } = await drift([changed(map), changed(wait)]);
        assert.match(out, /Findings: 1 risk\.[^]*ConfigMap alpa-profile-file was changed[^]*data\.a: 1 -> 2/);
    });

    const foreign = (name: string) => ({
        says: `APISIX: consumer ${name} is strange`,
        path: "p",
        repair: `delete ${name}`,
    });

    it("names all objects that were created in APISIX by hand, each with the command that deletes it", async () => {
        const asked: unknown[] = [];
        const auditGateway: BenchOptions["auditGateway"] = async (_access, gateway) => {
            asked.push(gateway);
            return { foreign: [foreign("eve"), foreign("mallory")] };
        };
        for (const format of ["text", "markdown"]) {
            const { code, out, note } = await driftOf({ auditGateway }, NOTHING, "--format", format);
            assert.equal(code, 3);
            for (const name of ["eve", "mallory"]) {
                assert.match(out, new RegExp(`foreign-in-gateway.*consumer ${name} is strange`));
                assert.match(out, new RegExp(`Rotate both Admin keys first.*Then run: delete ${name}`));
            }
            assert.match(note, /must have no risk for callers \(2 of the 2/);
        }
        const gatewayNamespace = "alpa-auth-gateway-apisix";
        const binding = { ingressClass: "alpa-auth", gateway: "alpa-auth", gatewayNamespace };
        assert.deepEqual(asked[0], { binding, isInstalled: true });
    });

    it("reports an APISIX that could not be read as a risk, with the command to run", async () => {
        const auditGateway = async () => ({ foreign: [], unread: "etcd has lost keys. Run: kubectl restart" });
        const { code, out } = await driftOf({ auditGateway }, NOTHING);
        assert.equal(code, 3, out);
        assert.match(out, /RISK\n {2}gateway-not-read {2}etcd has lost keys\.\n {4}-> Run: kubectl restart/);
    });

    it("only mentions that the APISIX of an existing gateway was not read", async () => {
        const existing = "{ ingressClass: shared, gateway: edge/g, url: http://x }";
        const text = STACK_FILE.replace(
            "config:\n",
            `config:\n    alpa-auth:gateway: { installer: existing, existing: ${existing} }\n`,
        );
        const asked: unknown[] = [];
        const auditGateway: BenchOptions["auditGateway"] = async (_access, gateway) => {
            asked.push(gateway);
            return { foreign: [], unread: "no Secret", isUnknown: true };
        };
        const { code, note } = await driftOf({ text, auditGateway }, NOTHING);
        assert.equal(code, 0, note);
        assert.match(note, /The state was not compared with the objects in APISIX: no Secret/);
        const binding = { ingressClass: "shared", gateway: "g", gatewayNamespace: "edge" };
        assert.deepEqual(asked, [{ binding, isInstalled: false }]);
    });

    it("fails where Pulumi counts a change that it does not show, at each --fail-on, and shows the others", async () => {
        const counted = { steps: [limited(6)], changeSummary: { same: 1, update: 2 } };
        for (const limit of ["breaks-callers", "risk"]) {
            const { code, out } = await driftOf({}, counted, "--fail-on", limit);
            assert.equal(code, 3, out);
            assert.match(
                out,
                /change-not-shown {2}Pulumi counts a change without showing the resource that changes \(update: 2 counted, 1 shown\)/,
            );
            assert.match(out, /-> See which resource it is: pulumi refresh --preview-only --diff -s intra/);
            assert.match(out, /Consumer alice-consumer was changed/);
        }
    });

    it("names objects that were deleted by hand", async () => {
        const { out } = await drift([
            { op: "delete", urn: CONSUMER.urn, oldState: { ...CONSUMER, inputs: plugins(60) } },
        ]);
        assert.match(out, /resources: 1 delete\.[^]*changed-outside {2}Consumer alice-consumer was deleted/);
    });

    it("reads changes that a provider returns only in its outputs, and ignores other owners' resources", async () => {
        const inputs = values(3);
        const newState = { ...GRAPH, inputs, outputs: { ...values(1), generation: 9, status: "quotes secrets" } };
        const { out } = await drift(
            [{ op: "update", urn: GRAPH.urn, oldState: { ...GRAPH, inputs }, newState }],
            "--format",
            "json",
        );
        const [finding, ...more] = JSON.parse(out).findings;
        assert.deepEqual(more, []);
        assert.deepEqual([finding.evidence[0].old, finding.evidence[0].new], ["3", "1"]);
        assert.ok(!out.includes("quotes secrets"));
    });
});
