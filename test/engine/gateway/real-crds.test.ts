// Proves that a real API server with the real CRDs of APISIX and the Gateway API accepts every object of this project, with
// strict field validation. Runs if the folder with those CRDs is next to the clone.
import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as k8s from "@kubernetes/client-node";
import { startControlPlane, type ControlPlane } from "../../../sandbox/control-plane";
import { startGuard, type Guard } from "../../../sandbox/processes";
import { ensureTools } from "../../../sandbox/toolchain/toolchain";
import { ROOT } from "../../../sandbox/world/state";
import { intra } from "../../../stacks/intra";
import { plain, record, type Seen } from "../../kit";
import { dryRunCreate } from "../kit/dry-run";
import { parseIntra } from "../../unit/kit/intra-a";
import { eventually, TOOLS_MILLISECONDS } from "../kit";

const CRDS = join(
    process.env.ALPA_AUTH_SHARED ?? join(ROOT, "../shared"),
    "reference/data/apisix-crds/chart-bundled-aic-1.1.2",
);
const config = {
    option: "intra-a",
    alpa: '{"endpoints":["10.0.0.11:20001","10.0.0.12:20001"]}',
    consumers:
        '[{"name":"alice","limits":{"requests":5,"perSeconds":60,"concurrent":2},"credentials":[{"id":"k1","method":"key"},{"id":"k2","method":"key"}]},{"name":"bob","credentials":[]}]',
};
const existing = '{"installer":"existing","existing":{"ingressClass":"a","gateway":"n/g","url":"http://x.example"}}';
const installers = { rampart: "{}", helm: '{"installer":"helm"}', existing };

if (existsSync(CRDS))
    describe("the real CRDs", function () {
        this.timeout(TOOLS_MILLISECONDS); // If the tool cache is empty, the sandbox builds its tools first.
        let dir: string;
        let plane: ControlPlane;
        let guard: Guard;
        let access: k8s.KubeConfig;
        let api: k8s.KubernetesObjectApi;

        before(async () => {
            const tools = await ensureTools(undefined, { log: (line) => console.log(`    ${line}`) });
            dir = mkdtempSync(join(tmpdir(), "alpa-auth-crds-"));
            guard = await startGuard({ stateDir: dir, sandboxId: "real-crds" });
            plane = await startControlPlane({ tools, stateDir: dir });
            access = new k8s.KubeConfig();
            access.loadFromFile(plane.kubeconfigPath);
            api = k8s.KubernetesObjectApi.makeApiClient(access);
            const definitions = ["apisixic-crds.yaml", "gwapi-crds.yaml"].flatMap((file) =>
                k8s
                    .loadAllYaml(readFileSync(join(CRDS, file), "utf8"))
                    .filter((d) => d?.kind === "CustomResourceDefinition"),
            );
            for (const definition of definitions) await api.create(definition);
            const extensions = access.makeApiClient(k8s.ApiextensionsV1Api);
            await eventually("the definitions established", async () => {
                const { items } = await extensions.listCustomResourceDefinition();
                const ready = items.filter((d) =>
                    d.status?.conditions?.some((c) => c.type === "Established" && c.status === "True"),
                );
                return ready.length === definitions.length || undefined;
            });
        });
        after(async () => {
            await plane.close();
            await guard.stop();
            rmSync(dir, { recursive: true, force: true });
        });

        for (const [installer, gateway] of Object.entries(installers))
            it(`accept every object of intra-a with installer ${installer}`, async () => {
                const seen = await record(() => intra(parseIntra({ ...config, gateway })));
                const objects = seen.filter(isObject).map((r) => plain(r.inputs) as k8s.KubernetesObject);
                assert.ok(objects.length >= 8);
                const refused: string[] = [];
                for (const object of objects) {
                    // RampartGraph has no public CRD; unit tests check its schema.
                    if (object.kind === "RampartGraph") continue;
                    // The namespaces of the objects exist here already.
                    if (object.kind === "Namespace") object.metadata!.name += `-${installer}`;
                    await makeNamespace(object.metadata!.namespace);
                    const refusal = await dryRunCreate(access, object);
                    if (refusal) refused.push(refusal);
                }
                assert.deepEqual(refused, []);
            });

        it("reject a misspelt field, which shows that the test above can fail", async () => {
            await makeNamespace("alpa-auth");
            const object = {
                apiVersion: "apisix.apache.org/v2",
                kind: "ApisixUpstream",
                metadata: { name: "x", namespace: "alpa-auth" },
                spec: { retrys: 0 },
            };
            assert.match((await dryRunCreate(access, object as k8s.KubernetesObject))!, /retrys/);
        });

        async function makeNamespace(name: string | undefined): Promise<void> {
            if (name === undefined) return;
            const object = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
            await api.create(object).catch((error: { code?: number }) => assert.equal(error.code, 409));
        }
    });

function isObject(resource: Seen): boolean {
    return typeof resource.inputs.apiVersion === "string" && typeof resource.inputs.kind === "string";
}
