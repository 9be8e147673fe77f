// Proves the specs of the component's pods, and what the head's shell script does. A real bash runs it with programs of
// this test instead of Ray and Python. This does not prove what Ray and Alpa do.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAnswers, afterHead, HEAD_SCRIPT } from "../../../../components/opt/opt-head";
import { renderRayCluster } from "../../../../components/opt/opt-pods";
import { intraBSettings } from "../../kit/intra-b";

const opt = (more: object = {}) => intraBSettings({}, more).conversion.opt;
const cluster = (more: object = {}, running = true) =>
    renderRayCluster({ opt: opt(more), answerTimeoutSeconds: 600, running });
const pods = (more: object = {}) => {
    const { headGroupSpec, workerGroupSpecs } = cluster(more);
    return [headGroupSpec, ...workerGroupSpecs].map(({ template }) => template.spec as any);
};

describe("pods of the component", () => {
    it("are one for each node, the head on the first, each with its node's GPUs", () => {
        const all = pods({ nodes: ["a", "b", "c"], gpusPerNode: 4 });
        assert.deepEqual(
            all.map((pod) => pod.nodeSelector["kubernetes.io/hostname"]),
            ["a", "b", "c"],
        );
        for (const pod of all) {
            const { limits, requests } = pod.containers[0].resources;
            assert.equal(limits["nvidia.com/gpu"], "4");
            assert.deepEqual(limits, requests);
        }
        const names = cluster({ nodes: ["a", "b", "c"] }).workerGroupSpecs;
        assert.equal(new Set(names.map(({ groupName }) => groupName)).size, 2);
        for (const { replicas, minReplicas, maxReplicas } of names)
            assert.deepEqual([replicas, minReplicas, maxReplicas], [1, 1, 1]);
    });

    it("may read the weights but not write them, from a claim or an existing folder", () => {
        for (const pod of pods()) {
            assert.deepEqual(pod.volumes[1].persistentVolumeClaim, { claimName: "opt-weights", readOnly: true });
            assert.deepEqual(pod.containers[0].volumeMounts[1], {
                name: "weights",
                mountPath: "/weights",
                readOnly: true,
            });
        }
        const folder = { weights: { hostPath: "/data/opt" } };
        for (const pod of pods(folder)) {
            assert.deepEqual(pod.volumes[1].hostPath, { path: "/data/opt", type: "Directory" });
            assert.equal(pod.containers[0].volumeMounts[1].mountPath, "/weights");
        }
        for (const pod of pods({ weights: { inImage: "/w" } })) assert.equal(pod.volumes.length, 1);
    });

    it("have shared memory, at most half of their memory, and no service account", () => {
        for (const pod of pods({ memory: "8Gi" })) {
            assert.deepEqual(pod.volumes[0], {
                name: "shm",
                emptyDir: { medium: "Memory", sizeLimit: `${4 * 2 ** 30}` },
            });
            assert.equal(pod.containers[0].volumeMounts[0].mountPath, "/dev/shm");
            assert.equal(pod.automountServiceAccountToken, false);
        }
    });

    it("use the network of their nodes only when configured", () => {
        for (const pod of pods()) assert.ok(!("hostNetwork" in pod) && !("dnsPolicy" in pod));
        for (const pod of pods({ hostNetwork: "NCCL" }))
            assert.deepEqual([pod.hostNetwork, pod.dnsPolicy], [true, "ClusterFirstWithHostNet"]);
    });

    it("have probes of this project: the operator's ones need fields that old Ray lacks", () => {
        for (const pod of pods())
            for (const probe of ["readinessProbe", "livenessProbe"]) {
                assert.ok(pod.containers[0][probe], probe);
                assert.doesNotMatch(JSON.stringify(pod.containers[0][probe]), /api\/|wget|52365/);
            }
        const [head] = pods();
        assert.match(head.containers[0].readinessProbe.exec.command.join(" "), /is not registered/, "ready is loaded");
    });

    it("have a watchdog on the head only where configured, and are the same without one", () => {
        const head = (more: object) => pods(more)[0].containers[0];
        const variable = (more: object, name: string) => head(more).env.find((one: any) => one.name === name)?.value;
        assert.equal(variable({}, "ALPA_WATCHDOG"), undefined);
        assert.doesNotMatch(variable({}, "ALPA_WATCH"), /watchdog/);
        assert.deepEqual(pods({ watchdog: false }), pods());
        const watched = { watchdog: true };
        assert.match(variable(watched, "ALPA_WATCHDOG"), /^alpa_port=20001 idle_seconds=60 stuck_seconds=1200$/m);
        assert.match(variable(watched, "ALPA_WATCH"), /watchdog\.poll\(\) is None:$/m);
        for (const worker of pods(watched).slice(1)) assert.equal(worker.containers[0].env, undefined);
    });

    it("stay ready during a long batch where there is a watchdog", () => {
        const probe = (more: object) => pods(more)[0].containers[0].readinessProbe.exec.command.at(-1);
        assert.doesNotMatch(probe({}), /socket/);
        assert.match(probe({ watchdog: true }), /except socket\.timeout:\n {4}sys\.exit\(0\)/);
    });

    it("restart when their spec changes, and have time to finish their answers", () => {
        assert.deepEqual(cluster().upgradeStrategy, { type: "Recreate" });
        const [head, ...workers] = pods();
        assert.ok(head.terminationGracePeriodSeconds > 600);
        assert.equal(head.containers[0].lifecycle.preStop.exec.command.at(-1), afterAnswers(600));
        // KubeRay deletes all pods at once. The workers wait until the head has ended, because an answer needs the GPUs
        // of all nodes.
        assert.ok(workers.length > 0);
        for (const { terminationGracePeriodSeconds, containers } of workers) {
            assert.equal(terminationGracePeriodSeconds, head.terminationGracePeriodSeconds);
            const { command } = containers[0].lifecycle.preStop.exec;
            assert.equal(command.at(-1), afterHead(terminationGracePeriodSeconds));
        }
        assert.deepEqual([cluster({}, false).suspend, cluster().suspend], [true, false]);
    });
});

describe("images on the nodes", () => {});

describe("KubeRay's operator", () => {});

describe("the head's shell", () => {
    let bin: string;
    beforeEach(() => {
        bin = mkdtempSync(join(tmpdir(), "head-shell-"));
        // Like the real `ray`, the fake one is healthy after its start.
        const does = `case $1 in start) exec sleep 60 ;; health-check) grep -q '^ray start' ${bin}/said ;; esac`;
        program("ray", `echo "ray $*" >>${bin}/said; ${does}`);
        program("python3", `echo "python3 $*" >>${bin}/said; exec sleep 60`);
    });
    afterEach(() => rmSync(bin, { recursive: true, force: true }));

    function program(name: string, text: string): void {
        writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
        chmodSync(join(bin, name), 0o755);
    }
    const said = () => readFileSync(join(bin, "said"), "utf8");
    /** Runs the shell like a pod. @returns the process, and its exit code */
    function run() {
        const env = {
            PATH: `${bin}:${process.env.PATH}`,
            KUBERAY_GEN_RAY_START_CMD: `ray start --head --block --labels='{"a": "b c"}'`,
            ALPA_WATCH: "the watch",
        };
        const child = spawn("/bin/bash", ["-c", "--", HEAD_SCRIPT], { env, detached: true, stdio: "ignore" });
        const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
        // Kills the shell's process group: in a container, all processes end with the first one.
        void ended.then(() => {
            try {
                process.kill(-child.pid!, "SIGKILL");
            } catch {
                // The process group has already ended.
            }
        });
        return { child, ended };
    }

    it("runs Ray with the operator's own command, and the watchdog when Ray is up", async () => {
        program("python3", `echo "python3 $*" >>${bin}/said; exit 1`);
        assert.equal(await run().ended, 1);
        assert.match(said(), /^ray start --head --block --labels=\{"a": "b c"\}$/m);
        assert.match(said(), /^python3 -u -c the watch$/m);
        assert.ok(said().indexOf("health-check") < said().indexOf("python3"));
    });

    it("ends when Ray ends, both during Ray's start and later", async () => {
        program("ray", `case $1 in health-check) exit 1 ;; esac; exit 3`);
        assert.equal(await run().ended, 1);
        program("ray", `case $1 in start) sleep 1; exit 3 ;; esac`);
        assert.equal(await run().ended, 1);
    });

    it("ends on SIGTERM, which the first process of a container ignores by default", async () => {
        program("python3", `touch ${bin}/watching; exec sleep 60`);
        const { child, ended } = run();
        while (!existsSync(join(bin, "watching"))) await new Promise((resolve) => setTimeout(resolve, 20));
        process.kill(child.pid!, "SIGTERM");
        assert.equal(await ended, 143);
    });
});

describe("a pod that is terminated", () => {
    for (const [what, script] of [
        ["waits for its open answers where it is a head", afterAnswers],
        ["waits for its head where it is a worker", afterHead],
    ] as const)
        it(`${what}, and no longer than its limit`, async () => {
            const server = net.createServer().listen(0, "127.0.0.1");
            await new Promise((resolve) => server.once("listening", resolve));
            const { port } = server.address() as net.AddressInfo;
            const shell = (seconds: number, path = "") =>
                new Promise<number>((resolve) => {
                    const start = Date.now();
                    const env = { PATH: `${path}${process.env.PATH}` };
                    spawn("/bin/bash", ["-c", script(seconds, port)], { env, stdio: "ignore" }).on("close", () =>
                        resolve(Date.now() - start),
                    );
                });
            assert.ok((await shell(60)) < 60_000, "nothing is there");
            const socket = net.connect(port, "127.0.0.1");
            await new Promise((resolve) => socket.once("connect", resolve));
            const bin = mkdtempSync(join(tmpdir(), "pod-shell-"));
            try {
                assert.ok((await shell(2)) >= 2_000, "it is there");
                // The kernel's list is not a snapshot, so it may omit a connection.
                const once = `[ -e ${bin}/left-out ] || { touch ${bin}/left-out; exit 1; }`;
                writeFileSync(join(bin, "grep"), `#!/bin/sh\n${once}\nPATH=${process.env.PATH} exec grep "$@"\n`);
                chmodSync(join(bin, "grep"), 0o755);
                assert.ok((await shell(2, `${bin}:`)) >= 2_000, "waits although one list omitted the open connection");
            } finally {
                rmSync(bin, { recursive: true });
                socket.destroy();
                server.close();
            }
        });
});
