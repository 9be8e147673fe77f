// Proves that callers get the same answers with every value of gateway.installer.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as k8s from "@kubernetes/client-node";
import { stringify } from "yaml";
import { ADMIN_KEYS_SECRET } from "../../../components/apisix/gateway-pods";
import { apisixValues, controllerName } from "../../../components/apisix/values";
import { renderMembers, renderService } from "../../../components/etcd/members";
import { DEFAULT_ETCD_TAG } from "../../../components/etcd/names";
import { endOrphanPlugins } from "../../../sandbox/processes";
import { ROOT, sandboxId } from "../../../sandbox/world/state";
import {
    call,
    current,
    eventually,
    failed,
    freeNodePort,
    schedulable,
    stuckAfterEtcd,
    succeeded,
    TestStack,
    useWorld,
} from "../kit";

const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }];
const crds = ["apisix", "gateway-api"].map((group) => join(ROOT, "sandbox/crds", group, "*.yaml"));

describe("gateway.installer", () => {
    // A cluster without Rampart, so no CRDs are installed yet.
    useWorld({ username: "unused", password: "never-asked" });
    let helm: TestStack;

    async function statuses(stack: TestStack): Promise<number[]> {
        const { url, credentials } = await stack.outputs();
        const wrong = await call(url, {});
        const right = await call(url, { key: credentials["alice/k1"] });
        return [wrong.status, right.status];
    }

    it("helm installs the public chart, with its CRDs outside of the release", async () => {
        helm = await TestStack.create("helmed", { consumers, gateway: { installer: "helm", crds } });
        succeeded(await helm.up());
        assert.deepEqual(await statuses(helm), [401, 200]);
        const types = (await helm.resources()).map((r) => r.type);
        assert.ok(types.includes("kubernetes:helm.sh/v3:Release"));
        assert.ok(types.includes("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"));
    });

    it("helm does not overwrite another stack's CRDs, and uses these if the config says so", async () => {
        const second = await TestStack.create("second", { consumers, gateway: { installer: "helm", crds } });
        assert.match(
            failed(await second.preview()),
            /gateway\.crds: would overwrite CRDs that are not this stack's \(.*, of stack alpa-auth\/helmed\)\. Set gateway\.crds to \[\]/,
        );
        second.configure({ consumers, gateway: { installer: "helm", crds: [] } });
        succeeded(await second.up());
        assert.deepEqual(await statuses(second), [401, 200]);
        succeeded(await second.destroy());
    });

    it("helm, killed in the middle of an installation, is completed by the next `up`", async () => {
        const stack = await TestStack.create("killedhelm", { consumers, gateway: { installer: "helm", crds: [] } });
        const core = current().world.kubeConfig.makeApiClient(k8s.CoreV1Api);
        const namespace = `${stack.name}-gateway`;
        const records = async () =>
            (await core.listNamespacedSecret({ namespace, labelSelector: "owner=helm" })).items.map(
                ({ metadata }) => `${metadata!.name} ${metadata!.labels!.status}`,
            );
        try {
            await stack.upKilledWhen(stuckAfterEtcd(stack, async () => (await records()).length > 0));
            await endOrphanPlugins(sandboxId(current().dir));
            assert.deepEqual(await records(), [`sh.helm.release.v1.${stack.name}.v1 pending-install`]);
        } finally {
            await schedulable(true);
        }
        await stack.run(["cancel", "--yes"]);
        const said = succeeded(await stack.up()).stdout;
        assert.match(said, /an earlier run left an unfinished installation/);
        assert.deepEqual(await records(), [`sh.helm.release.v1.${stack.name}.v1 deployed`]);
        assert.deepEqual(await statuses(stack), [401, 200]);
        const { changeSummary } = JSON.parse(succeeded(await stack.preview("--json")).stdout);
        assert.deepEqual(Object.keys(changeSummary), ["same"]);
        succeeded(await stack.destroy());
        assert.equal(await current().world.read("v1", "Namespace", undefined, namespace), undefined);
    });

    it("existing adds routes and consumers to a gateway that another owner installed", async () => {
        const port = await installByHand("theirs");
        const stack = await TestStack.create("guest", {
            consumers,
            gateway: {
                installer: "existing",
                existing: {
                    ingressClass: "theirs",
                    gateway: "theirs/theirs",
                    url: `http://127.0.0.1:${port}`,
                },
            },
        });
        succeeded(await stack.up());
        assert.deepEqual(await statuses(stack), [401, 200]);
        assert.equal(
            (await call(`http://127.0.0.1:${port}`, { path: "/elsewhere" })).headers.get("content-type"),
            "text/plain; charset=utf-8",
            "the stack does not answer on other paths",
        );
        succeeded(await stack.destroy());
    });

    it("existing rejects a gateway that does not exist, and names what is missing", async () => {
        const existing = {
            ingressClass: "nowhere",
            gateway: "default/nowhere",
            url: "http://x.example",
        };
        const stack = await TestStack.create("lost", { consumers, gateway: { installer: "existing", existing } });
        const said = failed(await stack.preview());
        assert.match(said, /IngressClass nowhere does not exist/);
        assert.match(said, /Gateway default\/nowhere does not exist/);
    });

    it("helm ends the pods before their namespace on destroy, and leaves nothing behind except the CRDs", async () => {
        const { world } = current();
        const core = world.kubeConfig.makeApiClient(k8s.CoreV1Api);
        const namespace = `${helm.name}-gateway`;
        const labelSelector = "app.kubernetes.io/name=apisix";
        const destroyed = helm.destroy();
        await eventually("the deletion of the namespace", async () => {
            const home = await world.read("v1", "Namespace", undefined, namespace);
            if (home && !(home.metadata as k8s.V1ObjectMeta).deletionTimestamp) return undefined;
            assert.deepEqual((await core.listNamespacedPod({ namespace, labelSelector })).items, []);
            return true;
        });
        succeeded(await destroyed);
        assert.equal(await world.read("v1", "Namespace", undefined, namespace), undefined);
        assert.ok(
            await world.read(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                undefined,
                "apisixroutes.apisix.apache.org",
            ),
        );
    });
});

const ETCD_IMAGE = `gcr.io/etcd-development/etcd:${DEFAULT_ETCD_TAG}`;

/** Installs APISIX and its ingress controller without this project: with helm, and with hand-written objects for the rest. */
async function installByHand(name: string): Promise<number> {
    const { world, dir } = current();
    const port = await freeNodePort();
    const values = apisixValues(
        {
            chart: { repository: world.facts.chartRepository, version: "2.14.0" },
            image: { repository: "apache/apisix", tag: "3.18.0-ubuntu" },
            etcdImage: ETCD_IMAGE,
            replicas: 1,
            nodePort: port,
        },
        name,
    );
    const apply = async (object: k8s.KubernetesObject) =>
        world.kubeConfig.makeApiClient(k8s.KubernetesObjectApi).create(object);
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    await apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: ADMIN_KEYS_SECRET.name, namespace: name },
        stringData: { admin: randomUUID(), viewer: randomUUID() },
    } as k8s.V1Secret);
    const file = join(dir, "by-hand.yaml");
    const { extraEnvVars: _, extraVolumes: _v, extraVolumeMounts: _m, ...others } = values;
    // Uses the chart's own config file and an etcd without a password, like an installation without this project.
    const etcd = { name: "etcd", namespace: name };
    const members = renderMembers({ image: ETCD_IMAGE, members: 1 }, name);
    await apply({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: etcd, spec: members } as k8s.KubernetesObject);
    await apply({ apiVersion: "v1", kind: "Service", metadata: etcd, spec: renderService() } as k8s.KubernetesObject);
    const externalEtcd = { host: [`http://etcd.${name}.svc.cluster.local:2379`], user: "" };
    writeFileSync(file, stringify({ ...others, externalEtcd }));
    const args = ["install", name, "apisix", "--repo", world.facts.chartRepository, "--version", "2.14.0"];
    await promisify(execFile)(
        world.tools.helm,
        [...args, "-n", name, "-f", file, "--skip-crds", "--wait", "--timeout", "5m"],
        {
            env: { ...process.env, KUBECONFIG: world.facts.kubeconfig },
        },
    );
    const parametersRef = { group: "apisix.apache.org", kind: "GatewayProxy", name };
    const metadata = { name, namespace: name };
    const adminKey = { valueFrom: { secretKeyRef: { name: ADMIN_KEYS_SECRET.name, key: "admin" } } };
    const controlPlane = { service: { name: "apisix-admin", port: 9180 }, auth: { type: "AdminKey", adminKey } };
    for (const object of [
        {
            apiVersion: "apisix.apache.org/v1alpha1",
            kind: "GatewayProxy",
            metadata,
            spec: { provider: { type: "ControlPlane", controlPlane } },
        },
        {
            apiVersion: "networking.k8s.io/v1",
            kind: "IngressClass",
            metadata: { name },
            spec: {
                controller: controllerName(name),
                parameters: {
                    apiGroup: "apisix.apache.org",
                    kind: "GatewayProxy",
                    name,
                    namespace: name,
                    scope: "Namespace",
                },
            },
        },
        {
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "GatewayClass",
            metadata: { name },
            spec: { controllerName: controllerName(name) },
        },
        {
            apiVersion: "gateway.networking.k8s.io/v1",
            kind: "Gateway",
            metadata,
            spec: {
                gatewayClassName: name,
                listeners: [{ name: "http", protocol: "HTTP", port: 80 }],
                infrastructure: { parametersRef },
            },
        },
    ])
        await apply(object as k8s.KubernetesObject);
    return port;
}
