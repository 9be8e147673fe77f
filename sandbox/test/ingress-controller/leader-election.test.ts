/**
 * Proves which instance leads, and when a second instance takes over. The API server in these tests has only Leases.
 */
import { KubeConfig, type V1Lease } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { LeaderElection } from "../../ingress-controller/leader-election";

/** Length of a controller's second, in real seconds: a Lease of 30 s expires after 300 ms. */
const SECOND_LASTS = 0.01;

describe("Leader election of ingress controllers", () => {
    let server: Server;
    let lease: V1Lease | undefined;
    let broken: boolean;
    let elections: LeaderElection[];
    /** Time at which each pod last got or renewed the Lease. */
    let renewals: Record<string, number>;
    /** Events in order. */
    let events: string[];
    let onEvent = () => {};

    beforeEach(async () => {
        lease = undefined;
        renewals = {};
        broken = false;
        elections = [];
        events = [];
        server = createServer(async (request, answer) => {
            let text = "";
            for await (const part of request) text += String(part);
            const body = (text === "" ? undefined : JSON.parse(text)) as V1Lease;
            const end = (status: number, object: object = {}) => {
                answer.writeHead(status, { "content-type": "application/json", connection: "close" });
                answer.end(JSON.stringify(object));
            };
            if (broken) return end(500);
            if (request.method === "GET") return lease ? end(200, lease) : end(404);
            if (request.method === "POST" && lease) return end(409);
            if (request.method === "PUT" && body.metadata!.resourceVersion !== lease?.metadata!.resourceVersion)
                return end(409);
            const resourceVersion = String(Number(lease?.metadata!.resourceVersion ?? 0) + 1);
            lease = { ...body, metadata: { ...body.metadata, resourceVersion } };
            const [pod] = body.spec!.holderIdentity!.split("_");
            renewals[pod] = Date.parse(String(body.spec!.renewTime));
            end(request.method === "POST" ? 201 : 200, lease);
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
    });
    afterEach(async () => {
        await Promise.all(elections.map((election) => election.close()));
        server.close();
        server.closeAllConnections();
    });

    function candidate(pod: string): LeaderElection {
        const kubeConfig = new KubeConfig();
        kubeConfig.loadFromClusterAndUser(
            { name: "c", server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: true },
            { name: "u" },
        );
        const happened = (what: string) => {
            events.push(`${pod} ${what}`);
            onEvent();
        };
        const lead = async () => {
            happened("starts");
            return { close: async () => happened("stops") };
        };
        const options = {
            namespace: "apisix",
            id: "leader",
            pod,
            secondLasts: SECOND_LASTS,
            lead,
            log: () => undefined,
        };
        const election = new LeaderElection({ kubeConfig, ...options });
        elections.push(election);
        return election;
    }
    const until = async (what: string) => {
        while (!events.includes(what)) await new Promise<void>((resolve) => (onEvent = resolve));
    };

    it("lets only the first instance lead", async () => {
        candidate("a");
        await until("a starts");
        candidate("b");
        const renewed = lease!.spec!.renewTime;
        while (lease!.spec!.renewTime === renewed) await new Promise((resolve) => setTimeout(resolve, 5));
        assert.match(lease!.spec!.holderIdentity!, /^a_/);
        assert.equal(lease!.spec!.leaseDurationSeconds, 30);
        assert.deepEqual(events, ["a starts"]);
    });

    it("lets another instance lead when the Lease of the stopped leader has expired, and not before", async () => {
        const first = candidate("a");
        await until("a starts");
        const second = candidate("b");
        await first.close();
        await until("b starts");
        assert.ok(Date.now() - renewals.a >= 300, "the Lease is not released at the end");
        assert.deepEqual(events, ["a starts", "a stops", "b starts"]);
        assert.ok(second.leads && !first.leads);
        assert.equal(lease!.spec!.leaseTransitions, 1);
    });

    it("stops a leader that cannot renew its Lease", async () => {
        candidate("a");
        await until("a starts");
        broken = true;
        await until("a stops");
        assert.deepEqual(events, ["a starts", "a stops"]);
    });
});
