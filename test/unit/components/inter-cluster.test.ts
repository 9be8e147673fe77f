// Proves the resources of option inter, for each installer. Engine tests prove that a gateway survives the loss of a node.
import { strict as assert } from "node:assert";
import { parse as parseYaml } from "yaml";
import { asked, comesAfter, inputsOf, one, oneOfKind, type Seen } from "../../kit";
import { INTER_INSTALLERS, interSettings, recordInter, type InterInstaller } from "../kit/inter";

const AWAITED = "pulumi-nodejs:dynamic/alpa-auth:Awaited";
const PATCH = "kubernetes:apps/v1:DeploymentPatch";

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
