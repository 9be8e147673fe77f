// Proves that a stack creates the reviewed dashboards for Grafana's sidecar, but only if the config says so.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { renderDashboards } from "../../../../components/apisix/grafana/dashboards";
import { ROOT } from "../../../side-by-side";
import { kubernetesObjects, recordStack } from "../../kit/intra-a";

const FOLDER = join(ROOT, "docs/examples/grafana");
const asked = (dashboards: object) => ({ observability: { metrics: { enabled: true }, dashboards } });
const maps = async (installer: "helm" | "rampart", values: Record<string, unknown>) =>
    kubernetesObjects(await recordStack(installer, values))
        .map(({ inputs }) => inputs)
        .filter(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "alpa-auth-dashboards");

describe("dashboards of a stack", () => {
    it("are all files of docs/examples/grafana, unchanged", () => {
        const { data } = renderDashboards({ folder: "alpa-auth" });
        assert.deepEqual(Object.keys(data).sort(), readdirSync(FOLDER).sort());
        for (const [file, text] of Object.entries(data)) assert.equal(text, readFileSync(join(FOLDER, file), "utf8"));
    });

    it("link to the pages at the configured address, and have no other difference", () => {
        const docsUrl = "https://git.example.com/alpa-auth/blob/main/docs";
        const plain = renderDashboards({ folder: "a" }).data;
        for (const [file, text] of Object.entries(renderDashboards({ folder: "a", docsUrl }).data)) {
            assert.equal(text.split(docsUrl).length, 2);
            assert.deepEqual(JSON.parse(text.replace(docsUrl, "docs")), JSON.parse(plain[file]));
        }
    });

    it("are for Grafana's sidecar: one ConfigMap with its label and folder, below the limit of 1 MiB", async () => {
        const [{ metadata, data }] = await maps("helm", asked({ enabled: true, folder: "Alpa" }));
        assert.equal(metadata.namespace, "alpa-auth");
        assert.equal(metadata.labels.grafana_dashboard, "1");
        assert.equal(metadata.annotations.grafana_folder, "Alpa");
        assert.ok(metadata.annotations["alpa-auth.io/stack"], "its owner");
        assert.ok(JSON.stringify(data).length < 1024 * 1024);
    });

    it("are in Grafana's namespace", async () => {
        for (const installer of ["helm", "rampart"] as const) {
            const values = asked({ enabled: true, namespace: "monitoring" });
            const [{ metadata }] = await maps(installer, values);
            assert.equal(metadata.namespace, "monitoring");
        }
    });

    it("do not exist unless the config says so", async () => {
        for (const values of [{}, asked({}), asked({ enabled: false, folder: "a" })])
            assert.deepEqual(await maps("helm", values), []);
    });
});
