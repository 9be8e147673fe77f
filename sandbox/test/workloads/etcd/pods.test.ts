// Proves the options with which the sandbox starts etcd for a pod, the folder of its data, and the members of etcd's
// Service. The etcd of this test only writes its arguments into its log and keeps running.
import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1PersistentVolumeClaim, V1Pod } from "@kubernetes/client-node";
import { waitFor } from "../../../processes";
import type { Ground } from "../../../real/run";
import { EtcdPods } from "../../../workloads/etcd/pods";
import { pod, service, snapshot } from "../kit";

const IMAGE = "etcd:v3.6.16";

describe("etcd of real gateways", () => {
    let folder: string;
    let ground: Ground;
    let etcd: EtcdPods;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-etcd-"));
        const program = join(folder, "etcd");
        writeFileSync(program, '#!/bin/sh\nprintf "%s\\n" "$@"\nexec sleep 60\n', { mode: 0o755 });
        ground = { stateDir: folder, env: process.env, log: () => undefined };
        etcd = new EtcdPods(program, ground, () => true);
    });
    afterEach(async () => {
        await etcd.close();
        rmSync(folder, { recursive: true, force: true });
    });

    const member = (uid: string, args: string[] = [], claimName = `data-${uid}`): V1Pod => {
        const made = pod({ image: IMAGE, uid, command: ["etcd"], args: [`--name=${uid}`, ...args] });
        made.spec!.volumes = [{ name: "data", persistentVolumeClaim: { claimName } }];
        return made;
    };
    const claim = (name: string, uid: string): V1PersistentVolumeClaim => ({
        metadata: { name, namespace: "apisix", uid },
    });
    /** Options of the started processes, by the name of the member. */
    async function started(count: number): Promise<Map<string, Record<string, string>>> {
        const logs = () =>
            readdirSync(join(folder, "pods"))
                .map((name) => join(folder, "pods", name, "etcd-of-pods.log"))
                .filter((file) => existsSync(file))
                .map((file) => readFileSync(file, "utf8").trim().split("\n"))
                .filter((lines) => lines.length > 5);
        const found = await waitFor("etcd to start", () => logs().length >= count && logs(), { seconds: 20 });
        const options = found.map((lines) =>
            Object.fromEntries(
                lines
                    .map((line) => line.slice(2).split(/=(.*)/s) as [string, string])
                    .map(([name, value]) => [name, value]),
            ),
        );
        return new Map(options.map((one) => [one.name, one]));
    }

    it("listens only on loopback, as a single-member cluster if no other member is configured", async () => {
        await etcd.reconcile(snapshot({ pods: [member("etcd-0")] }));
        const options = (await started(1)).get("etcd-0")!;
        for (const name of ["listen-client-urls", "listen-peer-urls", "advertise-client-urls"])
            assert.match(options[name], /^http:\/\/127\.0\.0\.1:\d+$/);
        assert.equal(options["initial-cluster"], `etcd-0=${options["initial-advertise-peer-urls"]}`);
    });

    it("names every member of the same cluster", async () => {
        const args = ["--initial-cluster=etcd-0=http://etcd-0.x:2380,etcd-1=http://etcd-1.x:2380"];
        await etcd.reconcile(snapshot({ pods: [member("etcd-0", args), member("etcd-1", args)] }));
        const members = await started(2);
        const [zero, one] = [members.get("etcd-0")!, members.get("etcd-1")!];
        const peers = [zero, one].map((options) => `${options.name}=${options["initial-advertise-peer-urls"]}`);
        assert.equal(zero["initial-cluster"], peers.join(","));
        assert.equal(one["initial-cluster"], peers.join(","));
    });

    it("has the flags of its container, with the variables of its pod in them", async () => {
        const one = member("etcd-0", ["--initial-cluster-token=of-$(POD_NAME)"]);
        one.spec!.containers[0].env = [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }];
        await etcd.reconcile(snapshot({ pods: [one] }));
        assert.equal((await started(1)).get("etcd-0")!["initial-cluster-token"], "of-etcd-0");
        assert.ok(etcd.podPort("apisix", "etcd-0", 2379));
        assert.equal(etcd.podPort("apisix", "etcd-0", 2380), undefined);
    });

    it("keeps its data as long as the claim", async () => {
        const claims = [claim("data-etcd-0", "claim-1")];
        await etcd.reconcile(snapshot({ claims, pods: [member("etcd-0")] }));
        const first = (await started(1)).get("etcd-0")!["data-dir"];
        mkdirSync(first, { recursive: true });
        await etcd.reconcile(snapshot({ claims }));
        const again = member("etcd-0");
        again.metadata!.uid = "another";
        await etcd.reconcile(snapshot({ claims, pods: [again] }));
        assert.equal((await started(2)).get("etcd-0")!["data-dir"], first);
        assert.ok(existsSync(first));
        await etcd.reconcile(snapshot());
        assert.equal(existsSync(first), false);
    });

    it("restarts without its data when a fault says so", async () => {
        const now = snapshot({ claims: [claim("data-etcd-0", "claim-1")], pods: [member("etcd-0")] });
        await etcd.reconcile(now);
        const before = (await started(1)).get("etcd-0")!;
        mkdirSync(join(before["data-dir"], "member"), { recursive: true });
        const lost = etcd.lose("data");
        assert.ok(existsSync(before["data-dir"]));
        await etcd.reconcile(now);
        await lost;
        assert.equal(existsSync(before["data-dir"]), false);
        const client = () => etcd.behind(service("alpa-etcd", IMAGE, { port: 2379 }), 2379);
        assert.notEqual(client(), Number(new URL(before["listen-client-urls"]).port));
    });

    it("is behind its Service while a member is ready", async () => {
        const client = service("alpa-etcd", IMAGE, { port: 2379 });
        const ready = member("etcd-0");
        await etcd.reconcile(snapshot({ pods: [ready] }));
        const port = Number(new URL((await started(1)).get("etcd-0")!["listen-client-urls"]).port);
        assert.equal(etcd.behind(client, 2379), port);
        assert.equal(etcd.behind(service("other", "alpa:1", { port: 2379 }), 2379), undefined);
        ready.status!.conditions = [];
        await etcd.reconcile(snapshot({ pods: [ready] }));
        assert.throws(() => etcd.behind(client, 2379), /^Error: alpa-etcd:2379: connection refused$/);
    });
});
