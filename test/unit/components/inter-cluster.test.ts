// Proves the resources of option inter, for each installer. Engine tests prove that a gateway survives the loss of a node.
import { strict as assert } from "node:assert";
import { parse as parseYaml } from "yaml";
import { profileName } from "../../../components/apisix/profile";
import { asked, comesAfter, inputsOf, one, oneOfKind, type Seen } from "../../kit";
import { INTER_INSTALLERS, interSettings, recordInter, type InterInstaller } from "../kit/inter";

const AWAITED = "pulumi-nodejs:dynamic/alpa-auth:Awaited";
const PATCH = "kubernetes:apps/v1:DeploymentPatch";
const COMPONENT = "alpa-auth:index:InterCluster";

/** The chart's values that this installer sets. */
const valuesOf = (seen: Seen[], installer: InterInstaller): any =>
    installer === "helm"
        ? inputsOf(one(seen, "kubernetes:helm.sh/v3:Release")).values
        : inputsOf(oneOfKind(seen, "RampartGraph")).spec.graph.components.apisix.config;
const settingsFile = (seen: Seen[]): any =>
    parseYaml(oneOfKind(seen, "ConfigMap").inputs.data["config-alpa-auth.yaml"] as string);

for (const installer of INTER_INSTALLERS)
    describe(`InterCluster with installer ${installer}`, () => {
        let seen: Seen[];
        const settings = () => interSettings(installer);
        before(async () => (seen = await recordInter(settings())));

        it("is its own component", () => void one(seen, COMPONENT, "alpa"));

        it("has three pods of APISIX, and a drain may evict one of them", () => {
            const { replicaCount, podDisruptionBudget: budget } = valuesOf(seen, installer);
            assert.equal(replicaCount, 3);
            // If minAvailable is set, the chart ignores maxUnavailable.
            assert.deepEqual(budget, { enabled: true, minAvailable: "", maxUnavailable: 1 });
        });

        it("puts each pod on a different node, and waits for no node that is down", () => {
            const [constraint, ...more] = valuesOf(seen, installer).topologySpreadConstraints;
            assert.deepEqual(more, []);
            assert.deepEqual(
                [constraint.topologyKey, constraint.maxSkew, constraint.whenUnsatisfiable, constraint.nodeTaintsPolicy],
                ["kubernetes.io/hostname", 1, "DoNotSchedule", "Honor"],
            );
            assert.deepEqual(constraint.labelSelector.matchLabels, { "app.kubernetes.io/name": "apisix" });
        });

        it("removes no pod before another one is ready", () =>
            assert.deepEqual(valuesOf(seen, installer).updateStrategy.rollingUpdate, {
                maxUnavailable: 0,
                maxSurge: 1,
            }));

        it("keeps APISIX's configuration on three nodes, each with a volume, of which one may be down", () => {
            const { replicas, template, volumeClaimTemplates } = oneOfKind(seen, "StatefulSet", "etcd").inputs.spec;
            const { affinity } = template.spec;
            const [apart] = affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
            assert.deepEqual(
                [replicas, apart.topologyKey, volumeClaimTemplates.length],
                [3, "kubernetes.io/hostname", 1],
            );
            const budget = oneOfKind(seen, "PodDisruptionBudget", "etcd").inputs.spec;
            assert.deepEqual(budget, { maxUnavailable: 1, selector: apart.labelSelector });
            assert.deepEqual(apart.labelSelector.matchLabels, template.metadata.labels);
        });

        it("has two ingress controllers, of which one leads", () => {
            const { deployment, config } = valuesOf(seen, installer)["ingress-controller"];
            assert.equal(deployment.replicas, 2);
            assert.notEqual(config.leaderElection?.disable, true);
        });

        it("lets a drain evict one ingress controller at a time, by a budget that is no value of the chart", () => {
            const budget = oneOfKind(seen, "PodDisruptionBudget", "alpa-auth-ingress-controller");
            assert.equal(valuesOf(seen, installer)["ingress-controller"].podDisruptionBudget, undefined);
            assert.deepEqual(budget.inputs.spec, {
                maxUnavailable: 1,
                selector: { matchLabels: { "app.kubernetes.io/name": "ingress-controller" } },
            });
            assert.equal(
                budget.inputs.metadata.namespace,
                installer === "helm" ? "alpa-auth-gateway" : "alpa-auth-gateway-apisix",
            );
            if (installer === "rampart") assert.match(asked(budget).deletedWith, /::alpa-gateway-graph$/);
        });

        it("has resource requests on each pod, so that none is scheduled where it does not fit", () => {
            const { resources, "ingress-controller": controller } = valuesOf(seen, installer);
            const [etcd] = oneOfKind(seen, "StatefulSet", "etcd").inputs.spec.template.spec.containers;
            for (const { requests } of [resources, etcd.resources, controller.deployment.resources])
                assert.ok(requests.cpu && requests.memory);
        });

        it("counts limits once for all pods", () => {
            const { plugins } = oneOfKind(seen, "Consumer", "lab").inputs.spec;
            assert.ok(plugins.length > 0);
            for (const { config } of plugins) assert.equal(config.policy, "redis");
        });

        it("has nginx wait longer than the longest answer, and kubelet longer than nginx and the pause before", () => {
            const { nginx_config: nginx } = settingsFile(seen);
            const patch = one(seen, PATCH).inputs;
            const grace = patch.spec.template.spec.terminationGracePeriodSeconds as number;
            const shutdown = Number(/^(\d+)s$/.exec(nginx.worker_shutdown_timeout as string)![1]);
            // A request may need 5 s to connect and 600 s for the answer.
            assert.ok(shutdown >= 605, String(shutdown));
            // The chart's preStop takes 30 s of the grace period.
            assert.ok(grace > 30 + shutdown, String(grace));
        });

        it("changes only the grace period of the chart's Deployment, so that Helm never reverts it", () => {
            const { metadata, spec } = one(seen, PATCH).inputs;
            assert.deepEqual(Object.keys(spec.template.spec), ["terminationGracePeriodSeconds"]);
            // Helm rejects an object whose labels name another manager.
            assert.equal(metadata.labels, undefined);
            assert.equal(metadata.name, valuesOf(seen, installer).fullnameOverride);
        });

        it("sets the grace period again whenever the chart is installed or deployed again", () => {
            const trigger = one(seen, PATCH).inputs.metadata.annotations["alpa-auth.io/installed"];
            assert.equal(trigger, installer === "helm" ? "1" : "its-uid-1");
        });

        it("sets the grace period before routes and callers exist, and keeps it on destroy", () => {
            const patch = one(seen, PATCH);
            for (const kind of ["GatewayProxy", "ApisixRoute"])
                assert.ok(comesAfter(seen, oneOfKind(seen, kind), patch), kind);
            assert.ok(comesAfter(seen, oneOfKind(seen, "Consumer", "lab"), patch));
            assert.match(
                asked(patch).deletedWith,
                installer === "helm" ? /::alpa-apisix-release$/ : /::alpa-gateway-graph$/,
            );
        });

        it("deletes Gateway and GatewayClass while the ingress controller runs, which removes their finalizers", () => {
            const installation =
                installer === "helm" ? one(seen, "kubernetes:helm.sh/v3:Release") : oneOfKind(seen, "RampartGraph");
            // Pulumi deletes in the reverse order of creation.
            for (const kind of ["GatewayClass", "Gateway"])
                assert.ok(comesAfter(seen, oneOfKind(seen, kind), installation), kind);
        });

        it("creates the settings file before the pods, and restarts them when it changes", () => {
            const { extraEnvVars, extraVolumes, extraVolumeMounts } = valuesOf(seen, installer);
            const { metadata, data } = oneOfKind(seen, "ConfigMap").inputs;
            assert.deepEqual(extraEnvVars[0], { name: "APISIX_PROFILE", value: "alpa-auth" });
            assert.equal(extraVolumes[0].configMap.name, metadata.name);
            assert.equal(metadata.name, profileName(data["config-alpa-auth.yaml"] as string));
            assert.equal(extraVolumeMounts[0].mountPath, "/usr/local/apisix/conf/config-alpa-auth.yaml");
            assert.equal(extraVolumeMounts[0].subPath, "config-alpa-auth.yaml");
        });

        it("reads the Admin API's keys from the environment, and has no others", () => {
            const { admin } = settingsFile(seen).deployment;
            assert.deepEqual(
                admin.admin_key.map((entry: any) => [entry.role, entry.key]),
                [
                    ["admin", "${{APISIX_ADMIN_KEY}}"],
                    ["viewer", "${{APISIX_VIEWER_KEY}}"],
                ],
            );
            assert.equal(admin.enable_admin_ui, false);
        });

        it("finds etcd in a namespace of its own", () => {
            const namespace = installer === "helm" ? "alpa-auth-gateway" : "alpa-auth-gateway-apisix";
            assert.deepEqual(settingsFile(seen).deployment.etcd.host, [
                "http://etcd.alpa-auth-etcd.svc.cluster.local:2379",
            ]);
            assert.equal(oneOfKind(seen, "ConfigMap").inputs.metadata.namespace, namespace);
        });

        // Rampart's helmfile and the chart's templates would evaluate braces in a value.
        it("has no template braces in any value", () =>
            assert.doesNotMatch(JSON.stringify(valuesOf(seen, installer)), /\{\{/));

        it("waits for pods that finish answers for longer than they may take", () => {
            const grace = one(seen, PATCH).inputs.spec.template.spec.terminationGracePeriodSeconds as number;
            const { drain } = (
                installer === "helm" ? one(seen, AWAITED, "alpa-apisix-drain") : oneOfKind(seen, "RampartGraph")
            ).inputs;
            assert.ok(drain.timeoutSeconds > grace, String(drain.timeoutSeconds));
        });
    });
