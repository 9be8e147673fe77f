// Proves that the real charts at the pinned versions accept every combination of values that a stack config can produce. Helm
// renders each, no value is ignored, and a real API server with the charts' own CRDs accepts every object with strict field
// validation. Runs where ALPA_AUTH_CHARTS names a folder with the charts or chart repositories.
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as k8s from "@kubernetes/client-node";
import { ADMIN_SERVICE, FULL_NAME, GATEWAY_SERVICE } from "../../../components/apisix/values";
import { CONTROLLER_PODS } from "../../../components/apisix/availability";
import { APISIX_PODS } from "../../../components/kubernetes/network-policies";
import { packageCharts } from "../../../sandbox/charts/package";
import { startChartRepository, type ChartRepository } from "../../../sandbox/charts/repository";
import { startControlPlane, type ControlPlane } from "../../../sandbox/control-plane";
import { startGuard, type Guard } from "../../../sandbox/processes";
import { pullChart } from "../../../sandbox/real/charts";
import { ensureTools } from "../../../sandbox/toolchain/toolchain";
import { createAsWritten, dryRunCreate } from "../kit/dry-run";
import { eventually, TOOLS_MILLISECONDS } from "../kit";
import { CHARTS, RealCharts } from "./real-charts/charts";
import { ignoredPaths } from "./real-charts/effect";
import { apisixSets, operatorSets, type ValueSet } from "./real-charts/value-sets";

const log = (line: string) => console.log(`    ${line}`);
const sets = [...apisixSets(), ...operatorSets()];
const ofChart = (name: string) => sets.filter(({ chart }) => chart.name === name);
const ofInter = sets.find(({ what }) => what.startsWith("option inter"))!;

/** Programs that run the API server. */
const CONTROL_PLANE = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] as const;

let folder: string;
let helm: string;
before(async function () {
    this.timeout(TOOLS_MILLISECONDS); // If the tool cache is empty, the sandbox builds its tools first.
    folder = mkdtempSync(join(tmpdir(), "alpa-auth-charts-"));
    ({ helm } = await ensureTools(["helm"], { log }));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Adds a disruption budget for the ingress controllers to the values of the ingress controller's chart. */
function withBudget({ values, ...set }: ValueSet): ValueSet {
    const { "ingress-controller": controller, ...rest } = values as { "ingress-controller": object };
    const podDisruptionBudget = { enabled: true, minAvailable: "", maxUnavailable: 1 };
    return { ...set, values: { ...rest, "ingress-controller": { ...controller, podDisruptionBudget } } };
}

/** Helm's error for a bug in the chart. The project creates the disruption budget itself because of this bug. */
const NO_TEMPLATE = /no template "apisix-ingress-controller\.fullname"/;

describe("charts of a repository", () => {
    const chart = { name: "apisix", version: "2.14.0" };
    let repository: ChartRepository;
    const pull = (version: string) =>
        pullChart({ ...chart, version }, [repository.url], { helmPath: helm, cache: join(folder, "cache") });
    before(async () => {
        repository = await startChartRepository({ helmPath: helm, stateDir: folder, name: "repository" });
    });
    after(() => repository?.close());

    it("are the repository's charts, byte by byte", async () => {
        const offered = join(folder, "repository/archives/apisix-2.14.0.tgz");
        assert.ok(readFileSync(await pull("2.14.0")).equals(readFileSync(offered)));
    });
    it("are not replaced by another version when the repository lacks the pinned version", () =>
        assert.rejects(
            pull("2.13.9"),
            /helm cannot pull apisix 2\.13\.9\. http:\/\/127\.0\.0\.1:\d+: .*2\.13\.9.* not found/,
        ));
    it("are not downloaded again, even when the repository is gone", async () => {
        await repository.close();
        assert.match(await pull("2.14.0"), /apisix-2\.14\.0\.tgz$/);
    });
});

describe("the emulated charts", () => {
    let charts: RealCharts;
    before(async () => {
        await packageCharts(helm, join(folder, "emulator"));
        charts = new RealCharts(helm, folder, join(folder, "emulator/archives"));
    });

    it("render the values of option inter", async () =>
        assert.ok((await charts.render(ofInter)).some(({ kind }) => kind === "Deployment")));
});

if (CHARTS)
    describe("the real charts", function () {
        this.timeout(TOOLS_MILLISECONDS);
        let charts: RealCharts;
        const rendered = new Map<ValueSet, k8s.KubernetesObject[]>();
        before(() => (charts = new RealCharts(helm, folder, CHARTS!)));

        it(`render each of ${ofChart("apisix").length} sets of values of apisix, and ${ofChart("kuberay-operator").length} of kuberay-operator`, async () => {
            const refused: string[] = [];
            await each(sets, async (set) => {
                await charts.render(set).then(
                    (objects) => rendered.set(set, objects),
                    (error: Error) => refused.push(`${set.what}: ${error.message}`),
                );
            });
            assert.deepEqual(refused, []);
        });

        it("still fail to render a disruption budget of the ingress controllers", () =>
            assert.rejects(charts.render(withBudget(ofInter)), NO_TEMPLATE));

        for (const name of ["apisix", "kuberay-operator"])
            it(`ignore no value of ${name}`, async () =>
                assert.deepEqual(await ignoredPaths(charts, ofChart(name)), []));

        it("ignore an unknown value, which shows that the test above can fail", async () => {
            const values = { ...ofInter.values, service: { ...(ofInter.values.service as object), nodeport: 30900 } };
            assert.deepEqual(await ignoredPaths(charts, [{ ...ofInter, values }]), ["service.nodeport"]);
        });

        it("give pods the labels, and objects the names, that this project's objects refer to", () => {
            for (const set of ofChart("apisix")) {
                const objects = rendered.get(set) as any[];
                const of = (kind: string, name: string) =>
                    objects.find((object) => object.kind === kind && object.metadata.name === name);
                const labels = (kind: string, name: string) => of(kind, name)?.spec.template.metadata.labels;
                const { release } = set.installation;
                const selected = [
                    [labels("Deployment", FULL_NAME), APISIX_PODS.matchLabels],
                    [labels("Deployment", `${release}-ingress-controller`), CONTROLLER_PODS.matchLabels],
                ];
                for (const [has, wanted] of selected) assert.deepEqual({ ...has, ...wanted }, has, set.what);
                for (const { name, port } of [ADMIN_SERVICE, GATEWAY_SERVICE])
                    assert.equal(of("Service", name)?.spec.ports[0].port, port, `${set.what}: ${name}`);
            }
        });

        describe("and an API server with their definitions", () => {
            let plane: ControlPlane;
            let guard: Guard;
            let access: k8s.KubeConfig;

            before(async () => {
                const tools = await ensureTools(CONTROL_PLANE, { log });
                guard = await startGuard({ stateDir: folder, sandboxId: "real-charts" });
                plane = await startControlPlane({ tools, stateDir: folder });
                access = new k8s.KubeConfig();
                access.loadFromFile(plane.kubeconfigPath);
                const all = await Promise.all(
                    [ofChart("apisix")[0], ofChart("kuberay-operator")[0]].map(({ chart }) =>
                        charts.definitions(chart),
                    ),
                );
                for (const definition of all.flat()) await createAsWritten(access, definition);
                const extensions = access.makeApiClient(k8s.ApiextensionsV1Api);
                await eventually("the definitions established", async () => {
                    const { items } = await extensions.listCustomResourceDefinition();
                    const ready = items.filter((d) =>
                        d.status?.conditions?.some((c) => c.type === "Established" && c.status === "True"),
                    );
                    return ready.length === all.flat().length || undefined;
                });
            });
            after(async () => {
                await plane?.close();
                await guard?.stop();
            });

            it("accept every object of every set", async () => {
                const objects = new Map<string, { object: k8s.KubernetesObject; what: string }>();
                for (const [{ what, installation }, made] of rendered)
                    for (const object of made) {
                        const metadata = {
                            ...object.metadata,
                            namespace: object.metadata?.namespace ?? installation.namespace,
                        };
                        const placed = { ...object, metadata };
                        objects.set(JSON.stringify(placed), { object: placed, what });
                    }
                assert.equal(rendered.size, sets.length);
                log(`${objects.size} different objects of ${rendered.size} sets`);
                const namespaces = new Set([...objects.values()].map(({ object }) => object.metadata!.namespace));
                for (const name of namespaces)
                    await createAsWritten(access, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
                const refused: string[] = [];
                await each([...objects.values()], async ({ object, what }) => {
                    const refusal = await dryRunCreate(access, object);
                    if (refusal !== undefined) refused.push(`${what}: ${refusal}`);
                });
                assert.deepEqual(refused, []);
            });
        });
    });

/** Calls the function for each item, a few at a time. */
async function each<T>(all: T[], work: (one: T) => Promise<void>): Promise<void> {
    const waiting = [...all];
    const lane = async () => {
        for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
    };
    await Promise.all(Array.from({ length: 3 }, lane));
}
