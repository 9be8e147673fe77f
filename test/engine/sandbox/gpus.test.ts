// Proves that in the sandbox either bare metal or pods hold the GPUs, never both, with the real KubeRay operator, scheduler and
// API server. Hosts, kubelets and Alpa are emulators. No component of this project is deployed here.
import { strict as assert } from "node:assert";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import { UNIT } from "../../../sandbox/gpus/bare-metal";
import { waitFor } from "../../../sandbox/processes";
import { Rest } from "../../../sandbox/rampart/kubernetes/rest";
import { GPU_TOOLS } from "../../../sandbox/toolchain/toolchain";
import { startWorld, type World } from "../../../sandbox/world/world";
import { IMAGE, LAUNCH, WEIGHTS } from "../../../sandbox/test/workloads/ray/kit";
import { startPlace, type Place } from "../kit/place";
import { SECOND_LASTS, TOOLS_MILLISECONDS } from "../kit/stack";

const RAY = "/apis/ray.io/v1/namespaces/llm/rayclusters/alpa-opt";
const LOAD_SECONDS = 1;

describe("with GPUs on the engine,", () => {
    let place: Place<World> | undefined;
    let world: World;
    let rest: Rest;
    const core = () => world.kubeConfig.makeApiClient(CoreV1Api);

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        let helm = "";
        place = await startPlace(GPU_TOOLS, (ground) => {
            helm = ground.tools.helm;
            return startWorld({
                ...{ ...ground, secondLasts: SECOND_LASTS },
                gpus: { operator: ground.tools["kuberay-operator"], loadSeconds: LOAD_SECONDS },
            });
        });
        world = place.world;
        rest = new Rest(world.kubeConfig);
        for (const name of ["llm", "llm-kuberay"]) await core().createNamespace({ body: { metadata: { name } } });
        const repository = ["--repo", world.facts.chartRepository, "--version", "1.6.2"];
        const values = ["--set", "singleNamespaceInstall=true,watchNamespace={llm}"];
        await promisify(execFile)(helm, [
            ...["install", "kuberay", "kuberay-operator", ...repository, "--namespace", "llm-kuberay", ...values],
            ...["--kubeconfig", world.facts.kubeconfig, "--wait", "--timeout", "5m"],
        ]);
        await rest.call("POST", RAY.replace("/alpa-opt", ""), rayCluster(true));
        await rest.call("POST", "/api/v1/namespaces/llm/services", service());
    });
    after(() => place?.end());

    const suspend = (yes: boolean) => rest.call("PATCH", RAY, { spec: { suspend: yes } });
    const pods = async () => (await core().listNamespacedPod({ namespace: "llm" })).items;
    const until = <T>(what: string, look: () => Promise<T | false | undefined>) =>
        waitFor(what, look, { seconds: 120 });
    const all = async (is: (pod: V1Pod) => boolean) => {
        const found = await pods();
        return found.length === 2 && found.every(is) && found;
    };
    const isReady = ({ status }: V1Pod) =>
        status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
    const waits = ({ status }: V1Pod) => status?.containerStatuses?.[0]?.state?.waiting?.reason;
    const state = async () => (await rest.call<{ status?: { state?: string } }>("GET", RAY)).status?.state;
    const systemctl = async (verb: string) => {
        for (const { host } of world.gpus!.bareMetal.hosts) assert.equal((await host.systemctl(verb, UNIT)).code, 0);
    };
    const free = () => world.facts.gpus!.nodes.every((node) => world.gpus!.ledger.on(node).length === 0);
    /** Status of a completion at an address that the gateway would use. */
    const ask = async (host: string) => {
        const port = world.workloads.resolve(host, 20001);
        const body = JSON.stringify({ model: "default", prompt: "a", max_tokens: 4 });
        return (await fetch(`http://127.0.0.1:${port}/completions`, { method: "POST", body })).status;
    };
    const bareMetal = async () => {
        const body = JSON.stringify({ model: "default", prompt: "a", max_tokens: 4 });
        const answer = await fetch(`http://${world.facts.alpa}/completions`, { method: "POST", body }).catch(
            () => undefined,
        );
        return answer?.status;
    };

    it("a suspended RayCluster has no pods, and bare metal serves", async () => {
        await until("RayCluster: suspended", async () => (await state()) === "suspended");
        assert.deepEqual(await pods(), []);
        assert.equal(await bareMetal(), 200);
    });

    it("containers of a RayCluster fail while bare metal holds the GPUs, and Alpa is ready after bare metal has stopped", async () => {
        await suspend(false);
        await until("head: back-off", async () => (await pods()).some((pod) => waits(pod) === "CrashLoopBackOff"));
        assert.equal(await bareMetal(), 200, "the other side is not interrupted");
        await systemctl("stop");
        await until("bare metal: silent", async () => (await bareMetal()) === undefined);
        const ready = await until("pods: ready", () => all(isReady));
        const head = ready.find(({ metadata }) => metadata!.labels!["ray.io/node-type"] === "head")!;
        assert.equal(head.spec!.nodeName, "dgx-01");
        await until("RayCluster: ready", async () => (await state()) === "ready");
        const { spec } = await core().readNamespacedService({ namespace: "llm", name: "alpa-opt" });
        for (const host of ["alpa-opt.llm.svc.cluster.local", spec!.clusterIP!, head.status!.podIP!])
            assert.equal(await ask(host), 200, host);
    });

    it("bare metal cannot start while pods hold the GPUs, and starts after the RayCluster is suspended", async () => {
        const [{ host }] = world.gpus!.bareMetal.hosts;
        await host.systemctl("start", UNIT);
        await until("unit: failed", async () => (await host.systemctl("is-failed", UNIT)).code === 0);
        assert.equal(await ask("alpa-opt.llm.svc.cluster.local"), 200, "the other side is not interrupted");
        await suspend(true);
        await until("pods: gone", async () => (await pods()).length === 0);
        await until("GPUs: free", async () => free());
        assert.throws(() => world.workloads.resolve("alpa-opt.llm.svc.cluster.local", 20001), /connection refused/);
        await systemctl("start");
        await until("bare metal: serving", async () => (await bareMetal()) === 200);
    });
});

function rayCluster(suspend: boolean): object {
    const common = (node: string) => ({
        nodeSelector: { "kubernetes.io/hostname": node },
        volumes: [{ name: "weights", hostPath: { path: WEIGHTS, type: "Directory" } }],
    });
    const container = {
        image: IMAGE,
        resources: { limits: { "nvidia.com/gpu": "8", cpu: "4", memory: "8Gi" } },
        volumeMounts: [{ name: "weights", mountPath: "/weights" }],
    };
    const alpa = `curl -sf http://127.0.0.1:20001/completions -d '{"model":"default","prompt":"a"}'`;
    const head = {
        ...{ name: "ray-head", ...container, command: ["/bin/bash", "-c", "--"] },
        args: [`eval "$KUBERAY_GEN_RAY_START_CMD" & ${LAUNCH}`],
        readinessProbe: { exec: { command: ["/bin/bash", "-c", alpa] } },
    };
    const worker = { name: "ray-worker", ...container, readinessProbe: { exec: { command: ["ray", "health-check"] } } };
    return {
        apiVersion: "ray.io/v1",
        kind: "RayCluster",
        metadata: { name: "alpa-opt", namespace: "llm", annotations: { "ray.io/overwrite-container-cmd": "true" } },
        spec: {
            rayVersion: "2.0.0",
            suspend,
            headGroupSpec: { rayStartParams: {}, template: { spec: { ...common("dgx-01"), containers: [head] } } },
            workerGroupSpecs: [
                {
                    ...{ groupName: "gpu", replicas: 1, minReplicas: 1, maxReplicas: 1, rayStartParams: {} },
                    template: { spec: { ...common("dgx-02"), containers: [worker] } },
                },
            ],
        },
    };
}

function service(): object {
    const selector = { "ray.io/cluster": "alpa-opt", "ray.io/node-type": "head" };
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "alpa-opt", namespace: "llm" },
        spec: { selector, ports: [{ port: 20001, targetPort: 20001 }] },
    };
}
