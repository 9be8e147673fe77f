// Proves the settings of APISIX's limit plugins. Tests on the sandbox prove that a gateway counts accordingly.
import { strict as assert } from "node:assert";
import * as fc from "fast-check";
import type { Counters } from "../../../../components/apisix/open-requests";
import { limitPlugins, type Limits } from "../../../../components/consumers/limits";

const both: Limits = { requests: 60, perSeconds: 30, concurrent: 2 };
const withTokens: Limits = { ...both, tokens: 1000, perTokenSeconds: 60 };
const counters: Counters = {
    host: "counters.alpa-auth.svc.cluster.local",
    whenDown: "refuse",
    timeoutMilliseconds: 100,
    answerTimeoutSeconds: 600,
};
const config = (name: string, limits = both, scope = "alpa-auth", shared?: Counters): any =>
    limitPlugins(limits, scope, shared).find((p) => p.name === name)!.config;

describe("limitPlugins", () => {
    const plugins: [what: string, limits: Limits, names: string[]][] = [
        ["no limits", {}, []],
        ["requests in a window", { requests: 60, perSeconds: 30 }, ["limit-count"]],
        ["requests at a time", { concurrent: 2 }, ["limit-conn"]],
        ["both", both, ["limit-conn", "limit-count"]],
        ["tokens in a window", { tokens: 1000, perTokenSeconds: 60 }, ["ai-rate-limiting"]],
        ["tokens in one request, which the route limits", { maxTokens: 64 }, []],
    ];
    for (const [what, limits, names] of plugins)
        it(`renders ${names.join(" and ") || "nothing"} for ${what}`, () =>
            assert.deepEqual(
                limitPlugins(limits, "alpa-auth").map((p) => p.name),
                names,
            ));

    it("counts each caller separately", () => {
        const [conn, count] = [config("limit-conn"), config("limit-count")];
        assert.deepEqual([conn.key, conn.conn, conn.burst, conn.rejected_code], ["consumer_name", 2, 0, 429]);
        assert.deepEqual(
            [count.key, count.count, count.time_window, count.rejected_code],
            ["consumer_name", 60, 30, 429],
        );
        assert.match(conn.rejected_msg, /at most 2 requests/);
    });

    it("keeps every count in a window when a text changes: these plugins have none", () => {
        const eachPod: Counters = { ...counters, whenDown: "each-pod" };
        for (const name of ["limit-count", "limit-req", "ai-rate-limiting"])
            assert.equal(config(name, withTokens, "alpa-auth", eachPod).rejected_msg, undefined, name);
    });

    it("uses a group, whose name changes with everything that its members must share", () => {
        const names = [
            config("limit-count"),
            config("limit-count", { ...both, requests: 61 }),
            config("limit-count", { ...both, perSeconds: 31 }),
            config("limit-count", both, "team-b"),
            config("limit-count", both, "alpa-auth", counters),
            config("limit-count", both, "alpa-auth", { ...counters, whenDown: "allow" }),
        ].map((c) => c.group);
        assert.equal(new Set(names).size, names.length, names.join(" "));
        assert.match(names[0], /^alpa-auth-60-per-30s-[0-9a-f]{8}$/);
    });

    it("keeps a group's name when another limit of the caller changes: its count continues", () =>
        assert.equal(config("limit-count").group, config("limit-count", { ...both, concurrent: 9 }).group));

    it("counts in each pod unless shared counters are configured", () => {
        for (const name of ["limit-conn", "limit-count"]) assert.equal(config(name).policy, undefined);
    });

    it("counts tokens of prompts and answers", () => {
        const {
            limit,
            time_window: seconds,
            limit_strategy: what,
            rejected_code: code,
        } = config("ai-rate-limiting", withTokens);
        assert.deepEqual([limit, seconds, what, code], [1000, 60, "total_tokens", 429]);
    });

    for (const name of ["limit-conn", "limit-count", "ai-rate-limiting"])
        it(`counts for all pods together, and does what the operator chose while the counters are down: ${name}`, () => {
            const refuse = config(name, withTokens, "alpa-auth", counters);
            assert.deepEqual(
                [refuse.policy, refuse.redis_host, refuse.redis_timeout, refuse.allow_degradation],
                ["redis", counters.host, 100, false],
            );
            assert.equal(config(name, withTokens, "a", { ...counters, whenDown: "allow" }).allow_degradation, true);
        });

    describe("with each-pod while the counters are down", () => {
        const eachPod: Counters = { ...counters, whenDown: "each-pod" };
        const bucket = (limits: Limits) => new LeakyBucket(config("limit-req", limits, "alpa-auth", eachPod));

        it("admits callers with limits, and has each pod count their requests", () => {
            const names = (limits: Limits, how: Counters) => limitPlugins(limits, "a", how).map((p) => p.name);
            assert.deepEqual(names(both, eachPod), ["limit-conn", "limit-count", "limit-req"]);
            assert.deepEqual(names({ concurrent: 2 }, eachPod), ["limit-conn"]);
            for (const whenDown of ["refuse", "allow"] as const)
                assert.deepEqual(names(both, { ...counters, whenDown }), ["limit-conn", "limit-count"]);
            for (const name of ["limit-conn", "limit-count"])
                assert.equal(config(name, both, "a", eachPod).allow_degradation, true);
            const { policy, nodelay, rejected_code } = config("limit-req", both, "a", eachPod);
            assert.deepEqual([policy, nodelay, rejected_code], [undefined, true, 429]);
        });

        it("never rejects a request that the shared count would admit", () =>
            fc.assert(
                fc.property(
                    fc.integer({ min: 1, max: 50 }),
                    fc.integer({ min: 1, max: 100_000 }),
                    // For each burst: its simultaneous requests, and the fraction of a window until the next burst.
                    fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom(0.01, 0.3, 0.98, 1)), {
                        minLength: 3,
                    }),
                    (requests, perSeconds, bursts) => {
                        const pod = bucket({ requests, perSeconds });
                        let [now, ends, left] = [0, 0, 0];
                        for (const [count, pause] of bursts) {
                            if (now >= ends) [ends, left] = [now + perSeconds, requests];
                            for (let i = 0; i < count && left > 0; i++, left--)
                                assert.ok(pod.admits(now), `${left} left, at ${now} s`);
                            now += pause * perSeconds;
                        }
                    },
                ),
            ));

        it("limits what one pod admits: at once twice the requests of a window plus one, and then those of each window", () => {
            const pod = bucket({ requests: 60, perSeconds: 30 });
            const admitted = (now: number) => Array.from({ length: 500 }, () => pod.admits(now)).filter(Boolean).length;
            assert.equal(admitted(0), 121);
            assert.equal(admitted(30), 60);
        });

        it("has a rate that APISIX returns unchanged, because the ingress controller compares it", () =>
            fc.assert(
                fc.property(
                    fc.integer({ min: 1, max: 1e6 }),
                    fc.integer({ min: 1, max: 1e8 }),
                    (requests, perSeconds) => {
                        const { rate } = config("limit-req", { requests, perSeconds }, "alpa-auth", eachPod);
                        assert.equal(Number(rate.toPrecision(14)), rate);
                        assert.ok(rate >= requests / perSeconds && rate <= (requests / perSeconds) * 1.0001);
                    },
                ),
            ));
    });

    it("frees the slot of a request whose gateway died, after the longest answer", () =>
        assert.equal(config("limit-conn", both, "alpa-auth", counters).key_ttl, 660));
});

/**
 * Counts like a pod with limit-req of APISIX 3.18.0 (resty.limit.req). Each request increases the count by one. The
 * count decreases at the configured rate.
 */
class LeakyBucket {
    private excess = -1;
    private last = 0;

    constructor(private readonly limit: { rate: number; burst: number }) {}

    admits(now: number): boolean {
        const { rate, burst } = this.limit;
        const excess = this.excess < 0 ? 0 : Math.max(this.excess - rate * (now - this.last) + 1, 0);
        if (excess > burst) return false;
        [this.excess, this.last] = [excess, now];
        return true;
    }
}
