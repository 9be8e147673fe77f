/** Proves how long the termination of a pod takes, and which preStop hooks are emulated. */
import type { V1Container, V1Lifecycle, V1Pod } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { podEnd, preStopProblem, type PodEnd } from "../../../workloads/pods/end";

const container = (preStop?: V1Lifecycle["preStop"]) => ({ name: "apisix", lifecycle: { preStop } }) as V1Container;
const exec = (...command: string[]) => ({ exec: { command } });
const shell = (text: string) => exec("/bin/sh", "-c", text);
const end = (own: number | undefined, preStop?: V1Lifecycle["preStop"], config?: string, asked?: number): PodEnd => {
    const one = container(preStop);
    const pod = {
        metadata: { deletionGracePeriodSeconds: asked },
        spec: { containers: [one], terminationGracePeriodSeconds: own },
    } as V1Pod;
    return podEnd(pod, one, config);
};

describe("The termination of a pod", () => {
    const ends: [why: string, found: PodEnd, expected: [preStop: number, answers: number]][] = [
        ["is 30 s by default", end(undefined), [0, 30]],
        ["is the chart's: preStop uses all up, and 2 s are left", end(undefined, shell("sleep 30")), [30, 2]],
        ["gives open answers the time that preStop does not use", end(90, shell("sleep 30")), [30, 60]],
        ["gives open answers 240 s at most, as nginx cuts them", end(900, { sleep: { seconds: 30 } }), [30, 240]],
        ["ends preStop with the grace period", end(10, exec("sleep", "30")), [10, 2]],
        ["takes the grace period of the deletion", end(900, undefined, undefined, 5), [0, 5]],
        [
            "uses nginx's configured time",
            end(900, undefined, "nginx_config: { worker_shutdown_timeout: 10m }"),
            [0, 600],
        ],
        ["uses nginx's default where config.yaml has none", end(900, undefined, "nginx_config: {}"), [0, 240]],
    ];
    for (const [why, found, [preStop, answers]] of ends) it(why, () => assert.deepEqual(found, { preStop, answers }));

    for (const preStop of [undefined, shell("sleep 5"), exec("sleep", "5"), { sleep: { seconds: 5 } }])
        it(`is emulated with preStop ${JSON.stringify(preStop)}`, () =>
            assert.equal(preStopProblem(container(preStop)), undefined));
    for (const preStop of [
        shell("sleep 5; nginx -s quit"),
        shell("sleep 0.5"),
        exec("apisix", "quit"),
        { httpGet: { port: 1 } },
    ])
        it(`is unsupported with preStop ${JSON.stringify(preStop)}`, () =>
            assert.match(
                preStopProblem(container(preStop)) ?? "",
                /unsupported by the sandbox: a preStop other than a sleep/,
            ));

    it("is refused with a time of nginx that is not read here", () =>
        assert.throws(() => end(900, undefined, "nginx_config: { worker_shutdown_timeout: 1h 30m }"), /unsupported/));
});
