// Proves what a stack gives Grafana: the dashboards as they were reviewed, for its sidecar, only where a stack asks for them.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { renderDashboards } from "../../../../components/apisix/grafana/dashboards";
import { plannedObjects } from "../../../../preflight/kubernetes/planned-objects";
import { ROOT } from "../../../side-by-side";
import { identity, kubernetesObjects, recordStack, settings } from "../../intra-a";

const FOLDER = join(ROOT, "docs/examples/grafana");
const asked = (dashboards: object) => ({ observability: { metrics: { enabled: true }, dashboards } });
const maps = async (installer: "helm" | "rampart", values: Record<string, unknown>) =>
    kubernetesObjects(await recordStack(installer, values))
        .map(({ inputs }) => inputs)
        .filter(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "alpa-auth-dashboards");

describe("dashboards of a stack", () => {
    it("are all files of docs/examples/grafana, as they are there", () => {
        const { data } = renderDashboards({ folder: "alpa-auth" });
        assert.deepEqual(Object.keys(data).sort(), readdirSync(FOLDER).sort());
        for (const [file, text] of Object.entries(data)) assert.equal(text, readFileSync(join(FOLDER, file), "utf8"));
    });

    it("link to the pages at the address that is given, and differ in nothing else", () => {
        const docsUrl = "https://git.example.com/alpa-auth/blob/main/docs";
        const plain = renderDashboards({ folder: "a" }).data;
        for (const [file, text] of Object.entries(renderDashboards({ folder: "a", docsUrl }).data)) {
            assert.equal(text.split(docsUrl).length, 2);
            assert.deepEqual(JSON.parse(text.replace(docsUrl, "docs")), JSON.parse(plain[file]));
        }
    });

    it("are for the sidecar of Grafana: one ConfigMap with its label and folder, below its limit of 1 MiB", async () => {
        const [{ metadata, data }] = await maps("helm", asked({ enabled: true, folder: "Alpa" }));
        assert.equal(metadata.namespace, "alpa-auth");
        assert.equal(metadata.labels.grafana_dashboard, "1");
        assert.equal(metadata.annotations.grafana_folder, "Alpa");
        assert.ok(metadata.annotations["alpa-auth.io/stack"], "its owner");
        assert.ok(JSON.stringify(data).length < 1024 * 1024);
    });

    it("are where Grafana is, and preflight knows of them before", async () => {
        for (const installer of ["helm", "rampart"] as const) {
            const values = asked({ enabled: true, namespace: "monitoring" });
            const [{ metadata }] = await maps(installer, values);
            assert.equal(metadata.namespace, "monitoring");
            const planned = plannedObjects(settings(installer, values)).map(identity);
            assert.ok(planned.includes("v1 ConfigMap monitoring alpa-auth-dashboards"), planned.join("\n"));
        }
    });

    it("are not there unless a stack asks for them", async () => {
        for (const values of [{}, asked({}), asked({ enabled: false, folder: "a" })])
            assert.deepEqual(await maps("helm", values), []);
    });
});
