// Proves the resource Awaited, and that its stored provider works without the program. The fake API server changes its
// objects between two polls.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { Awaited } from "../../../../components/kubernetes/awaited";
import type { AwaitedArgs } from "../../../../components/kubernetes/awaited-provider";
import { untilSettled, type Wait } from "../../../../components/kubernetes/until-settled";
import { one, record } from "../../../kit";
import { type Answer, fakeApi, type FakeApi } from "../../kit/fake-api";
import { useFastTimers } from "../../kit/timers";
import { API_SERVER, assertStored, load as loadText, storedText } from "./stored";

const ROUTE = { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace: "a", name: "alpa" };
const ROUTE_PATH = "/apis/apisix.apache.org/v2/namespaces/a/apisixroutes/alpa";
const args: AwaitedArgs = {
    cluster: {},
    object: ROUTE,
    until: { kind: "condition", type: "Accepted" },
    generation: 1,
    timeoutSeconds: 5,
};
const register = async (more: Partial<AwaitedArgs> = {}) =>
    one(await record(() => new Awaited("wait", { ...args, ...more }, {})), "pulumi-nodejs:dynamic/alpa-auth:Awaited");
const stored = async (more?: Partial<AwaitedArgs>) => storedText(await register(more));
const load = async () => loadText(await stored());

describe("Awaited", () => {
    it("stores its provider in less than 28 kB, without the Pulumi SDK", async () =>
        assertStored(await stored(), 28_000, API_SERVER));

    it("stores the same provider for every object and every component", async () => {
        const other = { cluster: { kubeconfig: pulumi.secret("s3cret-kubeconfig") }, timeoutSeconds: 9, generation: 2 };
        assert.equal(await stored(other), await stored());
    });

    const changes: [what: string, change: object, waitsAgain: boolean][] = [
        ["another generation", { generation: 2 }, true],
        ["another object of the same name and generation", { uid: "new" }, true],
        ["another object", { object: { ...ROUTE, name: "other" } }, true],
        ["another condition", { until: { kind: "condition", type: "Available" } }, true],
        ["another kubeconfig", { kubeconfig: "new" }, false],
        ["other timeouts", { timeoutSeconds: 9, settleSeconds: 9 }, false],
        ["nothing", {}, false],
    ];
    for (const [what, change, waitsAgain] of changes)
        it(`${waitsAgain ? "is updated" : "is not updated"} for ${what}`, async () => {
            const { cluster: _, ...olds } = { ...args, kubeconfig: "old" };
            const { changes } = await (await load()).diff!("id", olds, { ...olds, ...change });
            assert.equal(changes, waitsAgain);
        });
});

/** A clock that runs 50 times as fast as a real clock: a second takes 20 ms. */
function fastClock() {
    const now = Date.now;
    const start = now();
    Date.now = () => start + (now() - start) * 50;
    return { seconds: () => (Date.now() - start) / 1000, end: () => (Date.now = now) };
}

describe("the stored provider", () => {
    let api: FakeApi | undefined;
    // The provider polls every 5 ms instead of every half second. Its timeouts use the clock, and stay the same.
    useFastTimers();

    const route = (status: string | undefined, observedGeneration = 1, message = "fine") => ({
        kind: "ApisixRoute",
        apiVersion: "apisix.apache.org/v2",
        metadata: { name: "alpa", generation: 1 },
        status: status && {
            conditions: [{ type: "Accepted", status, observedGeneration, reason: "Checked", message }],
        },
    });
    /** Waits for objects of an API server that sends these answers one after the other, and repeats the last one. */
    async function create(answers: Answer[] | (() => Answer), more: object = {}) {
        let looks = 0;
        api = await fakeApi(
            Array.isArray(answers) ? () => answers[Math.min(looks++, answers.length - 1)] : () => (looks++, answers()),
        );
        const { cluster: _, ...inputs } = { ...args, kubeconfig: api.kubeconfig, ...more };
        const provider = await load();
        const result = await provider.create(inputs);
        return { looks, ...result };
    }

    it("is done when the object is accepted, and names what it waited for", async () => {
        const { id, looks } = await create([route("True")]);
        assert.equal(id, "ApisixRoute a/alpa");
        assert.deepEqual([looks, api!.asked[0]], [1, ROUTE_PATH]);
    });

    it("waits through a missing object, a failing server and an older generation", async () => {
        const { looks } = await create([undefined, 503, route(undefined), route("True", 0), route("True")]);
        assert.equal(looks, 5);
    });

    it("fails when a rejection has lasted for 10 s, with the controller's message and how to check", async () => {
        const clock = fastClock();
        try {
            await assert.rejects(
                create([route("False", 1, "not yet"), route("False", 1, "no such plugin")], { timeoutSeconds: 60 }),
                (error: Error) => {
                    assert.match(error.message, /^ApisixRoute a\/alpa: Checked: no such plugin/);
                    assert.match(error.message, /kubectl -n a get apisixroute alpa -o yaml$/);
                    assert.doesNotMatch(error.message, /s3cret/);
                    return true;
                },
            );
            assert.ok(clock.seconds() >= 10 && clock.seconds() < 60, `${clock.seconds()} s`);
        } finally {
            clock.end();
        }
    });

    it("waits through a temporary rejection", async () => {
        const { looks } = await create([route("False"), route("False"), route("True")]);
        assert.equal(looks, 3);
    });

    it("counts only an uninterrupted rejection", async () => {
        const clock = fastClock();
        let interrupted = false;
        const answer = () => {
            if (clock.seconds() >= 6 && !interrupted) return ((interrupted = true), route(undefined));
            return clock.seconds() < 14 ? route("False") : route("True");
        };
        try {
            await create(answer, { timeoutSeconds: 60 });
            assert.ok(interrupted && clock.seconds() >= 14);
        } finally {
            clock.end();
        }
    });

    it("ends with the controller's message when it times out before a rejection is final", async () => {
        await assert.rejects(
            create([route(undefined), route("False", 1, "no such plugin")], { timeoutSeconds: 0.1 }),
            /^Error: ApisixRoute a\/alpa: Checked: no such plugin Look: kubectl/,
        );
    });

    it("treats Rampart's Failed as final at the first poll", async () => {
        const failed = { metadata: { generation: 1 }, status: { phase: "Failed", observedGeneration: 1 } };
        const object = { ...ROUTE, apiVersion: "rampart.petuum.com/v1beta2", kind: "RampartGraph", name: "gateway" };
        await assert.rejects(create([failed], { object, until: { kind: "graph-deployed" } }), /Rampart reports Failed/);
        assert.equal(api!.asked.length, 1);
    });

    it("waits for an update like for a creation", async () => {
        const answers = [route("True", 0), route("True")];
        api = await fakeApi(() => answers.shift() ?? route("False", 1, "no such plugin"));
        const { cluster: _, ...inputs } = { ...args, kubeconfig: api.kubeconfig, timeoutSeconds: 0.2 };
        const olds = { ...inputs, generation: 0 };
        const provider = await load();
        assert.deepEqual(await provider.update!("id", olds, inputs), { outs: inputs });
        assert.equal(api.asked.length, 2);
        await assert.rejects(provider.update!("id", olds, inputs), /no such plugin/);
    });

    it("does not wait again when only the kubeconfig changes", async () => {
        api = await fakeApi(() => route("False", 1, "no such plugin"));
        const { cluster: _, ...inputs } = { ...args, kubeconfig: api.kubeconfig };
        await (
            await load()
        ).update!("id", { ...inputs, kubeconfig: "old" }, inputs);
        assert.equal(api.asked.length, 0);
    });

    it("times out, and names what it waited for", async () => {
        await assert.rejects(
            create([route(undefined)], { timeoutSeconds: 0.1 }),
            /^Error: ApisixRoute a\/alpa: not ready after 0\.1 s \(no ingress controller has processed it\)\. Look: kubectl/,
        );
    });

    it("reports a server that never answers without an error", async () => {
        await assert.rejects(create([500], { timeoutSeconds: 0.1 }), /not ready after 0\.1 s \(.*500/);
    });

    it("starts again when the object is deleted while it settles", async () => {
        let looks = 0;
        let lost: number | undefined;
        await create(
            () => {
                if (++looks !== 2) return route("True");
                lost = Date.now();
                return route(undefined);
            },
            { settleSeconds: 0.4 },
        );
        assert.ok(lost !== undefined && Date.now() - lost >= 400);
    });

    it("is deleted at once where nothing must be deleted before", async () => {
        api = await fakeApi(() => ({}));
        const { cluster: _, ...inputs } = { ...args, kubeconfig: api.kubeconfig };
        await (
            await load()
        ).delete!("id", inputs);
        assert.deepEqual(api.asked, []);
    });

    it("drains its Deployment when it is deleted, with the values of the last run", async () => {
        const pods = { app: "gateway" };
        const drain = { namespace: "b", name: "gateway", pods, timeoutSeconds: 60 };
        let looks = 0;
        api = await fakeApi((path) =>
            path.endsWith("/pods") && looks++ < 1 ? { items: [{ metadata: { labels: pods } }] } : { items: [] },
        );
        const { cluster: _, ...inputs } = { ...args, kubeconfig: api.kubeconfig, drain };
        const provider = await load();
        await provider.delete!("id", inputs);
        const [scaled, ...reads] = api.asked;
        assert.equal(scaled, "/apis/apps/v1/namespaces/b/deployments/gateway");
        assert.deepEqual(reads, Array(2).fill("/api/v1/namespaces/b/pods"));
        const { changes } = await provider.diff!("id", inputs, { ...inputs, drain: { ...drain, timeoutSeconds: 61 } });
        assert.ok(changes, "deletion will use the values in the state");
    });
});

describe("the reader", () => {
    it("reports an unknown kind like a missing object", async () => {
        const api = await fakeApi(() => undefined);
        const { cluster: _, ...inputs } = {
            ...args,
            object: { ...ROUTE, apiVersion: "nowhere.example.org/v1" },
            kubeconfig: api.kubeconfig,
            timeoutSeconds: 0.1,
        };
        await assert.rejects((await load()).create(inputs), /it does not exist/);
    });
});

const wait = (observe: Wait["observe"]): Wait => ({
    title: "x",
    hint: "Look: y",
    timeoutSeconds: 60,
    settleSeconds: 0,
    observe,
});

describe("untilSettled", () => {
    it("polls ten times a second at first, and uses at most half of the time for slower polls", async () => {
        const { setTimeout } = global;
        const { now } = Date;
        const pauses: unknown[] = [];
        let time = 0;
        let takes = 0;
        Date.now = () => time;
        const pausing = (run: () => void, milliseconds: number) => {
            if (milliseconds > 5000) return setTimeout(run, milliseconds); // the limit of a poll
            pauses.push(milliseconds);
            return setTimeout(run, 0);
        };
        global.setTimeout = pausing as unknown as typeof setTimeout;
        try {
            for (takes of [0, 200]) {
                let looks = 0;
                await untilSettled(
                    wait(async () => {
                        time += takes;
                        return ++looks === 2 ? { state: "ready" } : { state: "waiting", why: "not yet" };
                    }),
                );
            }
        } finally {
            Object.assign(global, { setTimeout });
            Object.assign(Date, { now });
        }
        assert.deepEqual(pauses, [100, 200]);
    });

    it("does not wait when the data plane has shown the change", async () => {
        const proved = { ...wait(async () => ({ state: "ready", proved: true })), settleSeconds: 3600 };
        await untilSettled(proved);
    });

    it("says why it waited a fixed time where the data plane could not be queried", async () => {
        const said: string[] = [];
        const { log } = console;
        console.log = (line: string) => void said.push(line);
        try {
            await untilSettled(wait(async () => ({ state: "ready", unproved: "no pod may be asked" })));
        } finally {
            console.log = log;
        }
        assert.deepEqual(said, ["x: waited 0 s instead of a proof at the gateway: no pod may be asked"]);
    });
});
