// Proves when a connector pod of the cluster is connected, where it forwards requests, and which containers of cloudflared
// are not emulated. If ALPA_AUTH_REAL names cloudflared, the pods run the real program.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { CONNECTORS, renderConnectors } from "../../../components/cloudflare/cloudflared/deployment";
import { tokenOf } from "../../cloudflare/account";
import { partsOfEnvironment } from "../../real/choice";
import { ConnectorPods } from "../../workloads/connector-pods";
import { missing, type Supplies } from "../../workloads/kubelet";
import { World } from "../cloudflare/edge/kit";
import { secret, snapshot } from "./kit";

/** A pod with the spec of the product's Deployment. */
function connectorPod(container: object = {}): V1Pod {
    const settings = {
        image: { repository: "cloudflare/cloudflared", tag: "2026.8.2" },
        replicas: 2,
        graceSeconds: 30,
    };
    const pod = structuredClone(renderConnectors(settings, "x").template) as unknown as V1Pod;
    Object.assign(pod.metadata!, { name: "one", uid: "one", namespace: "apisix" });
    pod.spec!.nodeName = "node-1";
    Object.assign(pod.spec!.containers[0], container);
    return pod;
}

describe("cloudflared of the sandbox's cluster", () => {
    let world: World;
    let pods: ConnectorPods;
    let lines: string[];
    /**
     * Resolves a host name and port of the cluster for the connectors. Returns the port on this machine; undefined if no pod
     * is ready behind the host name.
     */
    let answers: (host: string, port: number) => number | undefined;
    let ready: Promise<void>;
    let folder: string;
    const found = partsOfEnvironment().cloudflared;
    beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), "connectors-"));
        world = await World.start();
        lines = [];
        answers = () => Number(new URL(world.originUrl).port);
        ready = new Promise((changed) => {
            pods = new ConnectorPods({
                edge: world.edge,
                resolve: (host, port) => answers(host, port),
                real: found && { found, ground: { stateDir: folder, env: {}, log: (line) => lines.push(line) } },
                changed,
                log: (line) => lines.push(line),
            });
        });
        world.configure({ ingress: [{ service: "http://apisix-gateway.apisix.svc.cluster.local:80" }] });
    });
    afterEach(async () => {
        await pods.close();
        await world.close();
        rmSync(folder, { recursive: true });
    });

    const token = () => secret(CONNECTORS, { token: tokenOf(world.account, world.tunnel) });
    const look = (pod: V1Pod | undefined = connectorPod(), secrets = [token()]) =>
        pods.reconcile(snapshot({ pods: pod ? [pod] : [], secrets }));

    it("forwards to the name of a Service when its pod is ready", async () => {
        await look();
        assert.equal(pods.connected(connectorPod()), false);
        await ready;
        assert.equal(pods.connected(connectorPod()), true);
        const reply = await world.send();
        assert.equal(reply.status, 200);
    });
    it("does not start without its Secret, nor with an invalid token, which it never shows", async () => {
        await look(connectorPod(), []);
        await look(connectorPod(), [secret(CONNECTORS, { token: "s3cret" })]);
        assert.equal(pods.connected(connectorPod()), false);
        assert.deepEqual(lines, ["apisix/one: Provided Tunnel token is not valid."]);
    });
    const supplies = (more: Partial<Supplies> = {}) =>
        ({
            secrets: new Map([[`apisix/${CONNECTORS}`, { token: "x" }]]),
            edge: "127.0.0.1:7844",
            connected: () => true,
            ...more,
        }) as Supplies;
    const words = (pod: V1Pod, more?: Partial<Supplies>) => missing(pod, supplies(more))?.message ?? "";
    it("may start as the product deploys it", () => assert.equal(missing(connectorPod(), supplies()), undefined));
    it("is not ready before Cloudflare can reach it", () =>
        assert.match(words(connectorPod(), { connected: () => false }), /Readiness probe failed/));
});
