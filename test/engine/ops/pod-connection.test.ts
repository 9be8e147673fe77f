// Proves that port-forwarding through the real API server reaches one pod. The kubelet's side is emulated
// (sandbox/control-plane/kubelet.ts). Unit tests prove which pods get requests and how the commands judge the answers.
import { strict as assert } from "node:assert";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { connectToPod, type PodConnection } from "../../../components/kubernetes/pod-connection";
import { startControlPlane, STARTABLE_ANNOTATION, type ControlPlane } from "../../../sandbox/control-plane";
import { startPlace, type Place } from "../kit/place";
import { eventually, TOOLS_MILLISECONDS } from "../kit/stack";

const TOOLS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] as const;
const PORT = 9080;

describe("A pod connected by port-forwarding", () => {
    let place: Place<ControlPlane>;
    let server: Server;
    let connection: PodConnection | undefined;
    const seen: { url?: string; authorization?: string; socket: unknown }[] = [];
    const connect = (pod: string, port = PORT, kubeconfig = place.world.adminKubeConfig) =>
        (connection = connectToPod({ kubeconfig }, { namespace: "default", pod, port }));

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        server = createServer((request, response) => {
            const { url, headers, socket } = request;
            seen.push({ url, authorization: headers.authorization, socket });
            response.writeHead(299, { "X-Answer": "yes" }).end("x".repeat(100_000));
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port: local } = server.address() as AddressInfo;
        const podPort = (_namespace: string, pod: string, port: number) =>
            pod === "gateway" && port === PORT ? local : undefined;
        place = await startPlace(TOOLS, ({ tools, stateDir }) => startControlPlane({ tools, stateDir, podPort }));
        const config = new KubeConfig();
        config.loadFromString(place.world.adminKubeConfig);
        const core = config.makeApiClient(CoreV1Api);
        const metadata = { name: "gateway", annotations: { [STARTABLE_ANNOTATION]: "true" } };
        const spec = { containers: [{ name: "apisix", image: "apache/apisix:3.18.0" }] };
        await core.createNamespacedPod({ namespace: "default", body: { metadata, spec } });
        await eventually("the pod running", async () => {
            const { status } = await core.readNamespacedPod({ namespace: "default", name: "gateway" });
            return status?.phase === "Running" || undefined;
        });
    });
    afterEach(() => {
        connection?.close();
        seen.length = 0;
    });
    after(async () => {
        server.close();
        await place.end();
    });

    it("gets the whole request with its Authorization header, and its whole answer comes back", async () => {
        const headers = { Authorization: "Bearer token-of-a-caller" };
        const answer = await connect("gateway").request({ method: "POST", path: "/alpa?x", headers });
        assert.deepEqual([answer.status, answer.headers["x-answer"], answer.body.length], [299, "yes", 100_000]);
        assert.deepEqual(
            seen.map(({ url, authorization }) => [url, authorization]),
            [["/alpa?x", "Bearer token-of-a-caller"]],
        );
    });

    it("gets several requests over one connection", async () => {
        const { request } = connect("gateway");
        for (let i = 0; i < 3; i++) await request({ method: "GET", path: `/${i}` });
        assert.equal(new Set(seen.map(({ socket }) => socket)).size, 1);
    });

    it("is named in the error when no process listens on its port", async () =>
        assert.rejects(connect("gateway", 1).request({ method: "GET", path: "/" }), /^Error: pod default\/gateway: /));

    it("is named with the API server's status when it does not exist", async () =>
        assert.rejects(connect("gone").request({ method: "GET", path: "/" }), {
            message: "pod default/gone: port-forwarding failed: the API server answered 404",
            status: 404,
        }));

    it("is named with 403 when the user may not forward ports", async () => {
        const kubeconfig = await place.world.userKubeconfig({ user: "reader" });
        await assert.rejects(connect("gateway", PORT, kubeconfig).request({ method: "GET", path: "/" }), {
            message: "pod default/gateway: port-forwarding failed: the API server answered 403",
            status: 403,
        });
    });
});
