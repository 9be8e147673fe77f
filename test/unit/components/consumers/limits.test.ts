// Proves what is asked of APISIX's limits. That a gateway counts so is proved on the sandbox.
import { strict as assert } from "node:assert";
import type { Counters } from "../../../../components/apisix/open-requests";
import { limitPlugins, type Limits } from "../../../../components/consumers/limits";

const both: Limits = { requests: 60, perSeconds: 30, concurrent: 2 };
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
    ];
    for (const [what, limits, names] of plugins)
        it(`makes ${names.join(" and ") || "nothing"} of ${what}`, () =>
            assert.deepEqual(
                limitPlugins(limits, "alpa-auth").map((p) => p.name),
                names,
            ));

    it("counts each caller apart, and says with 429 what was too much", () => {
        const [conn, count] = [config("limit-conn"), config("limit-count")];
        assert.deepEqual([conn.key, conn.conn, conn.burst, conn.rejected_code], ["consumer_name", 2, 0, 429]);
        assert.deepEqual(
            [count.key, count.count, count.time_window, count.rejected_code],
            ["consumer_name", 60, 30, 429],
        );
        assert.match(conn.rejected_msg, /at most 2 requests/);
        assert.match(count.rejected_msg, /at most 60 requests in 30 s/);
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

    it("keeps a group's name when another limit of the caller changes: its count goes on", () =>
        assert.equal(config("limit-count").group, config("limit-count", { ...both, concurrent: 9 }).group));

    it("counts in each pod unless shared counters are configured", () => {
        for (const name of ["limit-conn", "limit-count"]) assert.equal(config(name).policy, undefined);
    });

    for (const name of ["limit-conn", "limit-count"])
        it(`counts for all pods in one place, and does what the operator chose while that is away: ${name}`, () => {
            const refuse = config(name, both, "alpa-auth", counters);
            assert.deepEqual(
                [refuse.policy, refuse.redis_host, refuse.redis_timeout, refuse.allow_degradation],
                ["redis", counters.host, 100, false],
            );
            assert.equal(config(name, both, "a", { ...counters, whenDown: "allow" }).allow_degradation, true);
        });

    it("gives up the place of a request whose gateway died, after the longest answer", () =>
        assert.equal(config("limit-conn", both, "alpa-auth", counters).key_ttl, 660));
});
