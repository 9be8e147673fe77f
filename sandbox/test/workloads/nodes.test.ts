/** Proves the requests to the API server when a node is drained, cut off or reconnected. The API server decides the rest. */
import type { V1Node, V1Pod } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { ApiError } from "../../rampart/kubernetes/api";
import type { Rest } from "../../rampart/kubernetes/rest";
import { Nodes } from "../../workloads/nodes";
import { pod } from "./kit";

describe("Nodes of the sandbox", () => {
    const clock = { secondLasts: 0.0001 };
    let pods: V1Pod[];
    let machine: V1Node;
    let asked: string[];
    let refusals: number;
    /** Path of a pod that no longer exists. */
    let gone: string | undefined;
    /** Number of calls for which the fake gateways still send connections to a node that was cut off. */
    let leads: number;
    let said: string[];
    let nodes: Nodes;

    beforeEach(() => {
        asked = [];
        said = [];
        refusals = 0;
        leads = 0;
        gone = undefined;
        pods = [pod({ image: "a:1", uid: "one", node: "n1" }), pod({ image: "a:1", uid: "two", node: "n1" })];
        machine = {
            spec: {},
            status: {
                conditions: [
                    { type: "Ready", status: "True" },
                    { type: "MemoryPressure", status: "False" },
                ],
            },
        };
        const call = async (method: string, path: string, body?: object): Promise<unknown> => {
            asked.push(`${method} ${path}${body ? ` ${JSON.stringify(body)}` : ""}`);
            const evicted = /pods\/(\w+)\/eviction$/.exec(path)?.[1];
            if (evicted !== undefined && refusals-- > 0) throw new ApiError(429, "Too Many Requests", "budget");
            if (path === gone) throw new ApiError(404, "Not Found", "pod");
            if (evicted !== undefined) pods = pods.filter((p) => p.metadata!.name !== evicted);
            if (method === "GET")
                return path.includes("/nodes/") ? machine : path.includes("?") ? { items: pods } : pods[0];
            return {};
        };
        const gateways = {
            kill: async (uid: string) => void said.push(`kill ${uid}`),
            cutOff: (node: string) => void said.push(`cut off ${node}`),
            bringBack: (node: string) => void said.push(`back ${node}`),
            leadTo: () => leads-- > 0,
        };
        nodes = new Nodes({ rest: { call } as unknown as Rest, clock, gateways, changed: () => undefined });
    });
    const writes = () => asked.filter((line) => !line.startsWith("GET"));

    it("are cordoned and then drained by evictions, which are retried while a budget rejects them", async () => {
        refusals = 3;
        assert.deepEqual(await nodes.drain("n1", { seconds: 20 }), { refused: 3 });
        assert.match(asked[0], /PATCH \/api\/v1\/nodes\/n1 .*"unschedulable":true/);
        assert.equal(writes().filter((line) => line.includes("/eviction")).length, 5);
    });

    it("become Unknown after they were cut off, with pods not ready, and kwok stops managing them first", async () => {
        await nodes.cutOff("n1");
        assert.deepEqual(said, ["cut off n1"]);
        const [kwok, conditions, ...ofPods] = writes();
        assert.match(kwok, /"kwok.x-k8s.io\/node":null/);
        assert.match(conditions, /nodes\/n1\/status .*"type":"Ready","status":"Unknown".*Kubelet stopped posting/);
        assert.equal(ofPods.length, 2);
        for (const line of ofPods) assert.match(line, /status .*"type":"Ready","status":"False"/);
    });

    it("are Ready when they are back, and so are the remaining pods", async () => {
        pods = [pod({ image: "a:1", uid: "one", node: "n1", ready: false })];
        await nodes.bringBack("n1");
        assert.deepEqual(said, ["back n1"]);
        const [kwok, conditions, ofPod] = writes();
        assert.match(kwok, /"kwok.x-k8s.io\/node":"fake"/);
        assert.match(conditions, /"type":"Ready","status":"True".*"type":"MemoryPressure","status":"False"/);
        assert.match(ofPod, /"type":"Ready","status":"True"/);
    });

    it("kill a pod's process first, and then delete its object by force", async () => {
        await nodes.killPod("apisix", "one");
        assert.deepEqual(said, ["kill one"]);
        assert.deepEqual(writes(), ['DELETE /api/v1/namespaces/apisix/pods/one {"gracePeriodSeconds":0}']);
    });
});
