// Proves the Kubernetes objects of the connectors. It does not prove that a network plugin enforces the network policy,
// or that Cloudflare accepts the connectors.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import {
    CloudflaredDeployment,
    type ConnectorSettings,
} from "../../../../components/cloudflare/cloudflared/deployment";
import { asked, comesAfter, one, oneOfKind, record } from "../../../kit";

const TOKEN = "s3cret-tunnel-token";

describe("CloudflaredDeployment", () => {
    const build = (token = TOKEN, replicas = 2, metrics?: ConnectorSettings["metrics"]) =>
        record(
            () =>
                new CloudflaredDeployment("cf", {
                    namespace: "alpa",
                    image: { repository: "cloudflare/cloudflared", tag: "2026.8.2" },
                    replicas,
                    graceSeconds: 180,
                    metrics,
                    token: pulumi.secret(token),
                    origin: { namespace: "gateway", labels: { app: "apisix" }, port: 9080 },
                }),
        );
    const podOf = async (...args: Parameters<typeof build>) =>
        oneOfKind(await build(...args), "Deployment").inputs.spec.template;
    const container = async () => (await podOf()).spec.containers[0];

    it("passes the token as a file, and never in the environment or in arguments", async () => {
        const seen = await build();
        const { env, args, volumeMounts } = await container();
        assert.deepEqual(env[0], { name: "TUNNEL_TOKEN_FILE", value: "/etc/cloudflared/token/token" });
        assert.equal(volumeMounts[0].mountPath, "/etc/cloudflared/token");
        assert.ok(!args.some((arg: string) => arg.startsWith("--token")));
        const others = seen.filter((r) => r.inputs.kind !== "Secret");
        assert.doesNotMatch(JSON.stringify(others.map((r) => r.inputs)), /s3cret/);
    });
    it("keeps the token out of sub-namespaces", async () => {
        const { annotations } = oneOfKind(await build(), "Secret").inputs.metadata;
        assert.equal(annotations["propagate.hnc.x-k8s.io/none"], "true");
    });
    it("replaces the pods only for another token", async () => {
        const annotations = async (token: string) => (await podOf(token)).metadata.annotations;
        assert.deepEqual(await annotations("a"), await annotations("a"));
        assert.notDeepEqual(await annotations("a"), await annotations("b"));
    });

    it("is awaited for longer than its pods may take to stop", async () => {
        const seen = await build();
        const [, seconds] = /^(\d+)s$/.exec(asked(oneOfKind(seen, "Deployment")).deleteTimeout)!;
        assert.ok(Number(seconds) > (await podOf()).spec.terminationGracePeriodSeconds);
    });

    const scrapers = [{ namespace: "monitoring", labels: { "app.kubernetes.io/name": "prometheus" } }];
    const readBy = async (metrics: ConnectorSettings["metrics"]) => {
        const seen = await build(TOKEN, 2, metrics);
        const { annotations } = oneOfKind(seen, "Deployment").inputs.spec.template.metadata;
        const monitors = seen.filter(({ inputs }) => inputs.kind === "PodMonitor");
        const { ingress } = oneOfKind(seen, "NetworkPolicy").inputs.spec;
        return { annotations, monitors, ingress };
    };
    it("lets only the scrapers read its metrics, and has annotations with their port", async () => {
        const { annotations, monitors, ingress } = await readBy({ scrapers, podMonitor: false });
        const { "alpa-auth.io/token-fingerprint": _, ...others } = annotations;
        assert.deepEqual(others, {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "2000",
            "prometheus.io/path": "/metrics",
        });
        const from = [
            {
                namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
                podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
            },
        ];
        assert.deepEqual(ingress, [{ from, ports: [{ port: 2000, protocol: "TCP" }] }]);
        assert.deepEqual(monitors, []);
    });
    it("lets no pod read its metrics where no scraper is named: a rule without peers would admit all", async () =>
        assert.deepEqual((await readBy({ scrapers: [], podMonitor: false })).ingress, []));
    it("has a PodMonitor of its pods instead of annotations where the config says so", async () => {
        const { annotations, monitors } = await readBy({ scrapers, podMonitor: true });
        assert.deepEqual(Object.keys(annotations), ["alpa-auth.io/token-fingerprint"]);
        const [{ inputs }] = monitors;
        assert.equal(inputs.metadata.namespace, "alpa");
        const { labels } = (await podOf()).metadata;
        assert.deepEqual(inputs.spec, {
            selector: { matchLabels: labels },
            podMetricsEndpoints: [{ port: "metrics", path: "/metrics", interval: "15s" }],
        });
        assert.ok((await container()).ports.some(({ name }: { name: string }) => name === "metrics"));
    });
    it("has no metrics settings, and renders the same as before, without them", async () => {
        const { annotations, monitors, ingress } = await readBy(undefined);
        assert.deepEqual(Object.keys(annotations), ["alpa-auth.io/token-fingerprint"]);
        assert.deepEqual([monitors, ingress], [[], [{ ports: [{ port: 2000, protocol: "TCP" }] }]]);
    });
    it("creates policy, budget and token before any pod", async () => {
        const seen = await build();
        const deployment = one(seen, "kubernetes:apps/v1:Deployment");
        for (const kind of ["NetworkPolicy", "PodDisruptionBudget", "Secret"])
            assert.ok(comesAfter(seen, deployment, oneOfKind(seen, kind)), kind);
    });
});
