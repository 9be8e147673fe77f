// Proves how the sandbox interprets a serving container: its launch of Alpa, its weights, and the results of its probes.
import assert from "node:assert/strict";
import type { V1Probe } from "@kubernetes/client-node";
import { hostPathProblem, launchOf, notReady, weightsProblem, type Found } from "../../../workloads/ray/container";
import { LAUNCH, rayPod, WEIGHTS } from "./kit";

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

    it("is not launched in a worker", () => {
        assert.equal(launchOf(rayPod({ name: "worker", node: "dgx-02", container: { args: [LAUNCH] } })), undefined);
    });

    it("finds its weights in a folder of the node or in a claim, and names missing weights", () => {
        const volumes = (volume: object) => head({}, { volumes: [{ name: "weights", ...volume }] });
        assert.equal(weightsProblem(head(), "/weights", [WEIGHTS]), undefined);
        assert.equal(weightsProblem(volumes({ persistentVolumeClaim: { claimName: "w" } }), "/weights", []), undefined);
        assert.equal(weightsProblem(head({ volumeMounts: [] }), "/opt/weights", []), undefined, "in the image");
        const missing = /No such file or directory: '\/weights'/;
        assert.match(weightsProblem(volumes({ hostPath: { path: "/data/other" } }), "/weights", [WEIGHTS])!, missing);
        assert.match(weightsProblem(volumes({ emptyDir: {} }), "/weights", [WEIGHTS])!, missing);
        assert.match(weightsProblem(head(), "~/opt_weights/", [WEIGHTS])!, /No such file/);
    });

    it("has no folder of the node that does not exist", () => {
        const of = (path: string, type?: string) =>
            hostPathProblem(head({}, { volumes: [{ name: "weights", hostPath: { path, type } }] }), [WEIGHTS]);
        assert.match(of("/data/none", "Directory")!, /hostPath type check failed: \/data\/none is not a directory/);
        assert.equal(of(WEIGHTS, "Directory"), undefined);
        assert.equal(of("/data/none"), undefined, "kubelet checks only where a type is given");
    });

    const none: Found = { head: true, alpa: "none", rayVersion: "2.0.0" };
    const open: Found = { ...none, alpa: "open" };
    const loaded: Found = { ...none, alpa: "loaded" };
    const exec = (...command: string[]): V1Probe => ({ exec: { command } });
    const probes: [why: string, probe: V1Probe | undefined, found: Found, expected: RegExp | undefined][] = [
        ["no probe", undefined, none, undefined],
        [
            "a tcp probe of Alpa's port before its launch",
            { tcpSocket: { port: 20001 } },
            none,
            /:20001: connect: connection refused/,
        ],
        ["a tcp probe of Alpa's port while the model is loaded", { tcpSocket: { port: 20001 } }, open, undefined],
        ["a tcp probe of Alpa's port by name", { tcpSocket: { port: "alpa" } }, open, undefined],
        ["a tcp probe of Ray's GCS", { tcpSocket: { port: 6379 } }, none, undefined],
        [
            "a tcp probe of a port without a listener",
            { tcpSocket: { port: 80 } },
            loaded,
            /:80: connect: connection refused/,
        ],
        ["a GET of Alpa's port, which answers 400", { httpGet: { port: 20001 } }, loaded, /statuscode: 400/],
        [
            "a request to Alpa before the model is loaded",
            exec("python3", "-c", "urlopen('http://127.0.0.1:20001/completions')"),
            open,
            /the model is not loaded/,
        ],
        [
            "a request to Alpa after the model is loaded",
            exec("python3", "-c", "urlopen('http://127.0.0.1:20001/completions')"),
            loaded,
            undefined,
        ],
        ["ray health-check", exec("ray", "health-check"), none, undefined],
        [
            "ray health-check without a head",
            exec("ray", "health-check"),
            { ...none, head: false },
            /the head does not answer/,
        ],
        [
            "the operator's own probe with an old Ray",
            exec("bash", "-c", "wget localhost:52365/api/local_raylet_healthz"),
            loaded,
            /404: Ray 2.0.0 has no such path/,
        ],
        [
            "the operator's own probe with a newer one",
            exec("bash", "-c", "wget localhost:52365/api/local_raylet_healthz"),
            { ...none, rayVersion: "2.9.0" },
            undefined,
        ],
        ["a check of mounted files", exec("/bin/sh", "-c", 'test -n "$(ls -A /weights)"'), none, undefined],
        ["something else", exec("/opt/check"), loaded, /unsupported by the sandbox: \/opt\/check/],
        ["gRPC", { grpc: { port: 1 } }, loaded, /unsupported/],
        [
            "another path over HTTP",
            { httpGet: { port: 8000, path: "/ready" } },
            loaded,
            /unsupported by the sandbox: \/ready/,
        ],
    ];
    for (const [why, readinessProbe, found, expected] of probes)
        it(`is ${expected ? "not ready" : "ready"} by ${why}`, () => {
            const ports = [{ name: "alpa", containerPort: 20001 }];
            const why = notReady(head({ readinessProbe, ports }), found);
            if (expected) assert.match(why!, expected);
            else assert.equal(why, undefined);
        });
});
