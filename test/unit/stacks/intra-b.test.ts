// Proves the resources of each phase of a conversion, and their order. Engine tests prove the effect.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { isClosed, PHASES, stateOf, type Phase } from "../../../components/opt/conversion-phases";
import { intra } from "../../../stacks/intra";
import { asked, comesAfter, inputsOf, one, oneOfKind, plain, record, value, type Seen } from "../../kit";
import { intraBSettings, intraBValues, RAMPART_OPT, recordIntraB } from "../kit/intra-b";
import { CALLS } from "../kit/cloudflare";
import { EXPOSURE, kubernetesObjects, recordExposed, recordStack } from "../kit/intra-a";

const COMMAND = "command:remote:Command";
const HEAD = "alpa-conversion-bare-metal-10.0.0.11";
const WORKER = "alpa-conversion-bare-metal-10.0.0.12";
const LOOK = `${WORKER}-look`;
const ANSWERS = "alpa-conversion-bare-metal-alpa";
const COMPONENT = "alpa-opt.alpa-auth.svc.cluster.local";

/** Resources of each phase. Each phase is recorded only once, because a recording takes a second. */
const built = new Map<string, Promise<Seen[]>>();
function stack(phase: Phase): Promise<Seen[]> {
    if (!built.has(phase)) built.set(phase, recordIntraB(phase));
    return built.get(phase)!;
}

const named = (seen: Seen[], name: string) => {
    const found = seen.find((r) => r.name === name);
    assert.ok(found, name);
    return found;
};
const rules = (seen: Seen[], route = "alpa") => oneOfKind(seen, "ApisixRoute", route).inputs.spec.http as any[];
const refusal = (rule: any) => rule.plugins.find((p: any) => p.name === "fault-injection").config.abort;
const upstream = (seen: Seen[], role: string) =>
    oneOfKind(seen, "ApisixUpstream", `alpa-${role}`).inputs.spec.externalNodes.map((node: any) => node.name);

describe("option intra-b", () => {
    it("has all resources of intra-a unchanged in its first phase", async () => {
        const { alpa } = intraBValues();
        const before = kubernetesObjects(await recordStack("rampart", { alpa }));
        const after = await stack("prepared");
        assert.ok(before.length > 10);
        for (const resource of before) {
            const now = after.find((r) => r.type === resource.type && r.name === resource.name);
            assert.ok(now, resource.name);
            assert.deepEqual(inputsOf(now), inputsOf(resource), resource.name);
            assert.equal(asked(now).parent, asked(resource).parent, "another parent would mean another resource");
        }
    });

    for (const phase of PHASES) {
        const isMoved = stateOf(phase).side === "component";
        const closed = isClosed(phase);

        it(`${phase}: ${closed ? "rejects callers after authentication" : `routes callers to ${stateOf(phase).side}`}`, async () => {
            const seen = await stack(phase);
            for (const role of ["completions", "logprobs"]) {
                const rule = rules(seen).find((r) => r.name === role);
                const abort = refusal(rule);
                if (closed) {
                    assert.equal(abort.http_status, 503);
                    assert.equal(abort.headers["Retry-After"], "60");
                    assert.deepEqual(Object.keys(JSON.parse(abort.body)), ["type", "message", "stacktrace"]);
                    assert.equal(abort.vars, undefined, "no caller is excepted");
                    assert.ok(rule.plugins.some((p: any) => p.name === "multi-auth"));
                } else assert.equal(abort.http_status, 403);
                const there = upstream(seen, role);
                if (isMoved) assert.deepEqual(there, [COMPONENT]);
                else assert.equal(there[0], "10.0.0.11");
            }
        });

        it(`${phase}: is reached after everything else`, async () => {
            const seen = await stack(phase);
            for (const last of [
                "alpa-conversion-verification-accepted",
                "alpa-conversion-verification-consumer-accepted",
            ])
                for (const name of [LOOK, ANSWERS, "alpa-conversion-component-ready", "alpa-served"])
                    assert.ok(comesAfter(seen, named(seen, last), named(seen, name)), name);
            assert.ok(comesAfter(seen, named(seen, ANSWERS), named(seen, LOOK)));
        });

        it(`${phase}: uses the GPUs after the other side has released them`, async () => {
            const seen = await stack(phase);
            const [hosts, ray] = [named(seen, HEAD), named(seen, "alpa-conversion-component-ray")];
            assert.equal(named(seen, "alpa-conversion-component-ready").inputs.until.running, isMoved);
            if (isMoved) assert.ok(comesAfter(seen, ray, named(seen, ANSWERS)));
            else assert.ok(comesAfter(seen, hosts, named(seen, "alpa-conversion-component-ready")));
        });

        it(`${phase}: ${closed ? "closes the route before a backend stops" : "opens the route when a backend answers"}`, async () => {
            const seen = await stack(phase);
            const accepted = named(seen, "alpa-served");
            for (const side of [HEAD, "alpa-conversion-component-ray"])
                if (closed) assert.ok(comesAfter(seen, named(seen, side), accepted), side);
                else assert.ok(comesAfter(seen, named(seen, "alpa-route-rules"), named(seen, side)), side);
        });
    }

    it("does not require a silent port on bare metal while the component may use the host's network", async () => {
        const opt = { hostNetwork: "NCCL" };
        for (const [phase, line] of [
            ["closed", "answers"],
            ["moved", "rests"],
            ["open", "rests"],
        ] as const) {
            const seen = await recordIntraB(phase, {}, opt);
            assert.match(one(seen, COMMAND, ANSWERS).inputs.create, new RegExp(` ${line} attempt=0$`), phase);
        }
    });

    it("passes the head's id of the Ray run to the workers", async () => {
        const seen = await record(() => intra(intraBSettings({}, {}, { phase: "closed" })), {
            [HEAD]: { stdout: "runs: 1764140000.77\n" },
        });
        assert.match(named(seen, WORKER).inputs.create, / start head=1764140000\.77 boot=/);
        assert.doesNotMatch(named(seen, HEAD).inputs.create, /head=/);
    });

    it("lets only the verifier past the 503, through the same guard", async () => {
        const seen = await stack("moved");
        const [open, past] = [rules(seen)[0], rules(seen, "alpa-verification")[0]];
        assert.equal(past.match.paths[0], "/alpa-verification/completions");
        assert.deepEqual(refusal(past).vars, [[["consumer_name", "!", "~~", "^alpa-auth_alpa-verifier$"]]]);
        assert.deepEqual(past.upstreams, open.upstreams);
        const names = (rule: any) => rule.plugins.map((p: any) => p.name);
        assert.deepEqual(names(past), names(open));
        const prepared = rules(await stack("prepared"), "alpa-verification");
        assert.deepEqual(prepared, rules(seen, "alpa-verification"), "it is the same in every phase");
    });

    it("opens the verifier's path in a tunnel in front of the gateway, and keeps the path closed with option intra-a", async () => {
        const exposure = { ...EXPOSURE, alpa: { endpoints: ["10.0.0.11:20001"], tokensPerSecond: 12 } };
        const paths = (seen: Seen[]) => {
            const { ingresses } = one(
                seen,
                "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
            ).inputs.config;
            return ingresses.flatMap(({ path }: any) => path ?? []);
        };
        const open = "^/alpa/(completions|logprobs)?$";
        const exposed = intraBSettings(exposure, {}, { phase: "moved" });
        let outputs: ReturnType<typeof intra> | undefined;
        const seen = await record(() => (outputs = intra(exposed)), {}, CALLS);
        assert.deepEqual(paths(seen), [open, "^/alpa-verification/(completions|logprobs)?$"]);
        assert.equal(outputs!.conversion!.verification.url, "https://llm.example.com/alpa-verification");
        assert.deepEqual(paths(await recordExposed("rampart")), [open]);
    });

    it("runs everything again after a run that did not end", async () => {
        const settings = intraBSettings({}, {}, { phase: "closed" });
        const again = { ...settings, conversion: { ...settings.conversion, attempt: 3 } };
        const seen = await record(() => intra(again));
        const before = await stack("closed");
        for (const name of [
            HEAD,
            WORKER,
            ANSWERS,
            ...["rules", "completions", "logprobs", "nowhere"].map((role) => `alpa-route-${role}`),
            "alpa-conversion-verification-rules",
            ...["ray", "ready", "service"].map((what) => `alpa-conversion-component-${what}`),
        ])
            assert.notDeepEqual(plain(named(seen, name).inputs), plain(named(before, name).inputs), name);
        const graph = named(seen, "alpa-conversion-component-operator-opt-graph");
        const same = named(before, graph.name).inputs;
        assert.deepEqual(plain(graph.inputs), plain(same), "a rollback waits for Rampart only where it must");
    });

    it("has a graph of Rampart's own charts deployed again after a run that did not end", async () => {
        const settings = intraBSettings({}, RAMPART_OPT, { phase: "moved" });
        const again = { ...settings, conversion: { ...settings.conversion, attempt: 3 } };
        const seen = await record(() => intra(again));
        const { components } = oneOfKind(seen, "RampartGraph", "opt").inputs.spec.graph;
        for (const { $ui } of Object.values<any>(components)) assert.deepEqual($ui, { retry: 0, attempt: 3 });
    });

    it("outputs its phase, and the verification address with its key as a secret", async () => {
        let outputs: ReturnType<typeof intra> | undefined;
        await record(() => (outputs = intra(intraBSettings({}, {}, { phase: "moved" }))));
        const { phase, verification } = outputs!.conversion!;
        assert.equal(await value(phase), "moved");
        assert.equal(verification.url, "http://10.0.0.11:30800/alpa-verification");
        assert.equal(await pulumi.isSecret(verification.key), true);
        assert.ok((await value(verification.key)).length > 20);
    });

    it("has the operator in a graph of Rampart, as a release of Helm, or not at all", async () => {
        const of = async (gateway: object, opt = {}) => {
            const seen = await recordIntraB("prepared", { gateway }, opt);
            const graphs = kubernetesObjects(seen).filter((r) => r.inputs.metadata?.name === "opt").length;
            const releases = seen.filter((r) => r.inputs.chart === "kuberay-operator").length;
            return [graphs, releases];
        };
        assert.deepEqual(await of({}), [1, 0]);
        assert.deepEqual(await of({ installer: "helm", crds: ["a.yaml"] }), [0, 1]);
        assert.deepEqual(await of({}, { operator: "existing" }), [0, 0]);
    });
});
