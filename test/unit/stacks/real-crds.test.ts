// Proves that the real CRDs, Rampart's schema and the real chart know every field of the stack's objects. Does not
// check rules in CEL or code. Runs only if the reference data is next to the repository.
import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import Ajv, { type AnySchema, type ValidateFunction } from "ajv";
import Ajv2020 from "ajv/dist/2020";
import { parse, parseAllDocuments } from "yaml";
import { apisixValues } from "../../../components/apisix/values";
import type { Phase } from "../../../components/opt/conversion-phases";
import { inputsOf } from "../../kit";
import { release } from "../components/apisix/release-fixture";
import { interSettings, recordInter } from "../kit/inter";
import { INSTALLERS, kubernetesObjects, recordStack } from "../kit/intra-a";
import { RAMPART_OPT, recordIntraB } from "../kit/intra-b";

const shared = process.env.ALPA_AUTH_SHARED ?? path.resolve(__dirname, "../../../../shared");
const data = path.join(shared, "reference/data");
/** Values that the chart's templates read although its values.yaml does not list them. */
const NOT_LISTED = ["service.http.nodePort"];

/**
 * Makes the schema of a CRD reject unknown fields, which an API server would drop without an error.
 * @param logic whether the node is below `allOf`, `anyOf`, `oneOf` or `not`, where a schema has only some of the fields
 */
function strict(node: any, logic = false): any {
    const { properties, items, additionalProperties, ...rest } = node;
    const out: any = { ...rest };
    for (const key of ["allOf", "anyOf", "oneOf"]) if (node[key]) out[key] = node[key].map((n: any) => strict(n, true));
    if (node.not) out.not = strict(node.not, true);
    if (node.nullable) out.type = [node.type, "null"];
    if (items) out.items = strict(items, logic);
    if (typeof additionalProperties === "object") out.additionalProperties = strict(additionalProperties, logic);
    if (properties) {
        out.properties = Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, strict(v, logic)]));
        const open = logic || node["x-kubernetes-preserve-unknown-fields"] || additionalProperties !== undefined;
        if (!open) out.additionalProperties = false;
    }
    return out;
}

/** Schemas of a folder's CRDs by `group/version kind`, each compiled at its first use. */
function definitions(folder: string): { get: (title: string) => ValidateFunction | undefined } {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const files = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), "utf8"));
    const found = new Map<string, object>();
    for (const document of files.flatMap((text) => parseAllDocuments(text))) {
        const { kind, spec } = document.toJS() ?? {};
        if (kind !== "CustomResourceDefinition") continue;
        for (const { name, schema } of spec.versions)
            found.set(`${spec.group}/${name} ${spec.names.kind}`, strict(schema.openAPIV3Schema));
    }
    // Ajv compiles a schema once.
    return { get: (title) => (found.has(title) ? ajv.compile(found.get(title)!) : undefined) };
}

/** Paths of all values in a tree. A list is one value. */
function leaves(node: unknown, at: string[] = []): string[] {
    if (typeof node !== "object" || node === null || Array.isArray(node) || Object.keys(node).length === 0)
        return [at.join(".")];
    return Object.entries(node).flatMap(([key, value]) => leaves(value, [...at, key]));
}

/** Merges the values that a chart sets for its sub-chart into the sub-chart's own values, like Helm. */
function merged(own: any, set: any): any {
    if (typeof own !== "object" || typeof set !== "object" || own === null || set === null) return set;
    const both = Object.keys(set).map((key) => [key, key in own ? merged(own[key], set[key]) : set[key]]);
    return { ...own, ...Object.fromEntries(both) };
}

function known(tree: any, at: string): boolean {
    // The chart passes these values on unchanged, so its values.yaml has them only as empty mappings.
    const path = at.replace(/((^|\.)(resources|updateStrategy|podAnnotations))\..*$/, "$1");
    return (
        path.split(".").reduce((node, key) => (node === undefined || node === null ? undefined : node[key]), tree) !==
        undefined
    );
}

if (existsSync(data)) {
    const gateway = path.join(data, "apisix-crds/chart-bundled-aic-1.1.2");
    const sources: [what: string, folder: string, kinds: RegExp][] = [
        ["the chart", gateway, /^(apisix\.apache\.org|gateway\.networking\.k8s\.io)\//],
        ["ingress controller 2.0.1", path.join(data, "apisix-crds/aic-2.0.1"), /^apisix\.apache\.org\//],
        ["ingress controller 2.2.0", path.join(data, "apisix-crds/aic-2.2.0"), /^apisix\.apache\.org\//],
    ];

    describe("objects and the real definitions", () => {
        for (const [what, folder, kinds] of sources) {
            const schemas = definitions(folder);

            for (const installer of INSTALLERS)
                it(`${what} knows every field, with installer ${installer}`, async () => {
                    const checked = new Set<string>();
                    for (const object of kubernetesObjects(await recordStack(installer)).map((r) => inputsOf(r))) {
                        const title = `${object.apiVersion} ${object.kind}`;
                        if (!kinds.test(title)) continue;
                        const validate = schemas.get(title);
                        assert.ok(validate, `${what} has no ${title}`);
                        const faults = validate(object) ? [] : validate.errors;
                        assert.deepEqual(faults, [], `${title} ${object.metadata.name}`);
                        checked.add(object.kind);
                    }
                    for (const kind of ["ApisixRoute", "ApisixUpstream", "Consumer"])
                        assert.ok(checked.has(kind), kind);
                    if (installer !== "existing") assert.ok(checked.has("GatewayProxy"));
                });

            it(`${what} knows every field of option inter`, async () => {
                const objects = kubernetesObjects(await recordInter(interSettings("helm"))).map((r) => inputsOf(r));
                const upstreams = objects.filter((object) => object.kind === "ApisixUpstream");
                assert.ok(upstreams.some(({ spec }) => spec.healthCheck && spec.loadbalancer));
                for (const object of upstreams) {
                    const validate = schemas.get(`${object.apiVersion} ${object.kind}`)!;
                    assert.deepEqual(validate(object) ? [] : validate.errors, [], object.metadata.name);
                }
            });

            it(`${what} would reject an unknown field`, () => {
                const validate = schemas.get("apisix.apache.org/v2 ApisixUpstream")!;
                const upstream = { apiVersion: "apisix.apache.org/v2", kind: "ApisixUpstream", metadata: {} };
                assert.ok(validate({ ...upstream, spec: { retries: 0 } }));
                assert.ok(!validate({ ...upstream, spec: { retrys: 0 } }));
                assert.ok(!validate({ ...upstream, spec: { retries: "0" } }));
            });
        }
    });

    describe("the graph and Rampart's schema", () => {
        // Python writes a named group as (?P<name>…), and JavaScript as (?<name>…).
        const text = readFileSync(path.join(data, "rampart/graph.json"), "utf8").replaceAll("(?P<", "(?<");
        const validate = new Ajv2020({ strict: false, allErrors: true }).compile(JSON.parse(text) as AnySchema);
        const spec = async () =>
            kubernetesObjects(await recordStack("rampart")).find((r) => r.inputs.kind === "RampartGraph")!.inputs.spec;

        it("admits the graph", async () => assert.ok(validate(await spec()), JSON.stringify(validate.errors, null, 2)));
        it("rejects the graph without an empty map, or with a version range", async () => {
            const { flows: _, ...graph } = (await spec()).graph;
            assert.ok(!validate({ deploy: true, graph }));
            const ranged = structuredClone(await spec());
            ranged.graph.components.apisix.chart.version = "^2.14.0";
            assert.ok(!validate(ranged));
        });
    });

    describe("the model and the real definitions", () => {
        const validate = definitions(path.join(data, "kuberay-crds")).get("ray.io/v1 RayCluster")!;
        const cluster = async (phase: Phase, opt: object) => {
            const found = kubernetesObjects(await recordIntraB(phase, {}, opt)).find(
                (r) => r.inputs.kind === "RayCluster",
            );
            return inputsOf(found!);
        };

        it("KubeRay knows every field of the RayCluster, running and suspended", async () => {
            for (const phase of ["prepared", "moved"] as const)
                for (const more of [{}, { weights: { hostPath: "/data" }, hostNetwork: "NCCL" }]) {
                    const object = await cluster(phase, { runtimeClass: "nvidia", ...more });
                    assert.deepEqual(validate(object) ? [] : validate.errors, [], phase);
                }
        });

        it("KubeRay would reject an unknown field", async () => {
            const object = await cluster("moved", {});
            const { template } = object.spec.headGroupSpec;
            assert.ok(!validate({ ...object, spec: { ...object.spec, suspended: true } }));
            template.spec.containers[0].readynessProbe = {};
            assert.ok(!validate(object));
        });

        const ui = JSON.parse(readFileSync(path.join(data, "rampart/graph_service-schema.json"), "utf8")) as any;
        const graph = async (phase: Phase, opt: object) => {
            const found = kubernetesObjects(await recordIntraB(phase, {}, opt)).find(
                (r) => r.inputs.kind === "RampartGraph" && r.inputs.metadata.name === "opt",
            );
            return inputsOf(found!).spec;
        };

        it("Rampart admits the graphs of both shapes, deployed or not", async () => {
            const text = readFileSync(path.join(data, "rampart/graph.json"), "utf8").replaceAll("(?P<", "(?<");
            const admits = new Ajv2020({ strict: false, allErrors: true }).compile(JSON.parse(text) as AnySchema);
            for (const phase of ["prepared", "moved"] as const)
                for (const opt of [{}, RAMPART_OPT])
                    assert.ok(admits(await graph(phase, opt)), JSON.stringify(admits.errors));
        });

        it("Rampart's own types know every field of shape rampart", async () => {
            const { components } = (await graph("moved", RAMPART_OPT)).graph;
            const types = { ray: "rayClusterComponent", alpa: "alpaOptServiceComponent" };
            const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
            ajv.addSchema(JSON.parse(JSON.stringify(ui).replaceAll("(?P<", "(?<")) as AnySchema, "ui");
            for (const [name, type] of Object.entries(types)) {
                const knows = ajv.getSchema(`ui#/$defs/${type}/properties/config`)!;
                assert.ok(knows, type);
                assert.ok(knows(components[name].config), JSON.stringify(knows.errors));
            }
        });
    });

    describe("the project's values and the real chart", () => {
        const load = (file: string) => parse(readFileSync(path.join(data, "apisix-chart", file), "utf8"));
        const defaults = load("values.yaml");
        const tree = {
            ...defaults,
            etcd: merged(load("etcd-12.0.18-values.yaml"), defaults.etcd),
            "ingress-controller": merged(load("ingress-controller-1.1.1-values.yaml"), defaults["ingress-controller"]),
        };
        // Enables every optional part.
        const values = apisixValues(
            { ...release, storageClass: "fast", availability: { answerTimeoutSeconds: 600 } },
            "alpa-auth",
        );

        it("the values are many", () => assert.ok(leaves(values).length > 15));
        for (const leaf of leaves(values).filter((l) => !NOT_LISTED.includes(l)))
            it(`the chart knows ${leaf}`, () => assert.ok(known(tree, leaf)));
        it("the chart does not know a misspelt value", () => assert.ok(!known(tree, "apisix.admin.enableAdminUi")));
        for (const leaf of NOT_LISTED)
            it(`the chart still does not list ${leaf}`, () =>
                assert.ok(!known(tree, leaf), "remove it from NOT_LISTED"));
    });
}
