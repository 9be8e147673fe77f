// Proves how the sandbox interprets a serving container: its launch of Alpa, its weights, and the results of its probes.
import assert from "node:assert/strict";
import type { V1Probe } from "@kubernetes/client-node";
import { launchOf, notReady, type Found } from "../../../workloads/ray/container";
import { LAUNCH, rayPod } from "./kit";

const head = (container: object = {}, spec: object = {}) =>
    rayPod({ name: "head", type: "head", node: "dgx-01", container, spec });

describe("Alpa in a container of the sandbox", () => {
    const launches: [why: string, container: object, expected: object | undefined][] = [
        ["in its arguments", {}, { model: "alpa/opt-66b", path: "/weights" }],
        [
            "in a variable",
            { args: ['eval "$X"'], env: [{ name: "X", value: LAUNCH }] },
            { model: "alpa/opt-66b", path: "/weights" },
        ],
        [
            "with variables in it",
            {
                args: ['python3 launch_model_worker.py --model "$MODEL" --path=${WEIGHTS}/all'],
                env: [
                    { name: "MODEL", value: "alpa/opt-30b" },
                    { name: "WEIGHTS", value: "/w" },
                ],
            },
            { model: "alpa/opt-30b", path: "/w/all" },
        ],
        [
            "without options, by its own defaults",
            { args: ["launch_model_worker.py"] },
            { model: "alpa/opt-125m", path: "~/opt_weights/" },
        ],
        ["nowhere", { args: ["ray start --head --block"] }, undefined],
    ];
    for (const [why, container, expected] of launches)
        it(`is launched ${why}`, () => assert.deepEqual(launchOf(head(container)), expected));

    const unloaded: Found = { head: true, isLoaded: false };
    const loaded: Found = { head: true, isLoaded: true };
    const exec = (...command: string[]): V1Probe => ({ exec: { command } });
    const request = exec("python3", "-c", "urlopen('http://127.0.0.1:20001/completions')");
    const probes: [why: string, probe: V1Probe | undefined, found: Found, expected: RegExp | undefined][] = [
        ["no probe", undefined, unloaded, undefined],
        ["a request to Alpa before the model is loaded", request, unloaded, /the model is not loaded/],
        ["a request to Alpa after the model is loaded", request, loaded, undefined],
        ["ray health-check", exec("ray", "health-check"), unloaded, undefined],
        ["ray health-check without a head", exec("ray", "health-check"), { ...loaded, head: false }, /does not answer/],
        ["a check of mounted files", exec("/bin/sh", "-c", 'test -n "$(ls -A /weights)"'), unloaded, undefined],
        ["something else", exec("/opt/check"), loaded, /unsupported by the sandbox: \/opt\/check/],
        ["an HTTP probe", { httpGet: { port: 8000 } }, loaded, /unsupported by the sandbox/],
    ];
    for (const [why, readinessProbe, found, expected] of probes)
        it(`is ${expected ? "not ready" : "ready"} by ${why}`, () => {
            const why = notReady(head({ readinessProbe }), found);
            if (expected) assert.match(why!, expected);
            else assert.equal(why, undefined);
        });
});
