/**
 * Proves that the emulator charts accept only values that they implement.
 * Engine tests prove with the real helm what the templates render.
 */
import Ajv from "ajv";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { apisixValues } from "../../../components/apisix/values";
import { completeSchema } from "../../charts/package";

type Tree = { [key: string]: unknown };

const root = join(__dirname, "../../..");
const charts = join(root, "sandbox/charts");

const values = (chart: string) => parse(readFileSync(join(charts, chart, "values.yaml"), "utf8")) as Tree;
const schema = (chart: string) => JSON.parse(readFileSync(join(charts, chart, "values.schema.json"), "utf8")) as Tree;

const CHARTS = ["apisix", "apisix-ingress-controller"];

/** Every path below `properties`. */
function accepted(node: Tree, path: string[] = []): string[] {
    return Object.entries((node.properties ?? {}) as Record<string, Tree>).flatMap(([key, child]) => [
        [...path, key].join("."),
        ...accepted(child, [...path, key]),
    ]);
}

function leaves(tree: Tree, path: string[] = []): [path: string, value: unknown][] {
    return Object.entries(tree).flatMap(([key, value]): [string, unknown][] =>
        value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0
            ? leaves(value as Tree, [...path, key])
            : [[[...path, key].join("."), value]],
    );
}

function merged(base: Tree, over: Tree): Tree {
    const result = { ...base };
    for (const [key, value] of Object.entries(over)) {
        const both = [base[key], value].every((v) => v !== null && typeof v === "object" && !Array.isArray(v));
        result[key] = both ? merged(base[key] as Tree, value as Tree) : value;
    }
    return result;
}

/**
 * Validates values as Helm merges them. The defaults of the sub-chart come first, then the defaults of the chart, and
 * then `over`.
 */
function validate(over: Tree): string[] {
    const defaults = merged({ "ingress-controller": values("apisix-ingress-controller") }, values("apisix"));
    const check = new Ajv({ strict: false, allErrors: true }).compile(completeSchema());
    return check(merged(defaults, over))
        ? []
        : check.errors!.map((e) => `${e.instancePath} ${JSON.stringify(e.params)}`);
}

describe("Values of the emulator chart apisix", () => {
    it("accept the chart's defaults", () => assert.deepEqual(validate({}), []));

    const allowed: [why: string, over: Tree][] = [
        ["a node port", { service: { http: { nodePort: 30800 } } }],
        ["TLS", { apisix: { ssl: { enabled: true, sslProtocols: "TLSv1.3" } }, service: { tls: { nodePort: 30843 } } }],
        ["a budget without minAvailable", { podDisruptionBudget: { enabled: true, minAvailable: null } }],
        [
            "an external etcd",
            { etcd: { enabled: false }, externalEtcd: { host: ["http://etcd.infra:2379"], user: "" } },
        ],
        ["the keys of another Secret", { apisix: { admin: { credentials: { secretName: "keys" } } } }],
        [
            "the values of option inter",
            apisixValues(
                {
                    chart: { repository: "https://charts.example.org", version: "2.14.0" },
                    image: { repository: "apache/apisix", tag: "3.18.0-ubuntu" },
                    etcdImage: "gcr.io/etcd-development/etcd:v3.6.16",
                    replicas: 3,
                    nodePort: 30800,
                    availability: { answerTimeoutSeconds: 600 },
                },
                "alpa-auth",
            ),
        ],
        ["what Rampart adds", { rampart: { name: "x" }, global: { rampart: { name: "x" } } }],
        [
            "a GatewayProxy with its key in a Secret",
            {
                "ingress-controller": {
                    enabled: true,
                    gatewayProxy: {
                        createDefault: true,
                        provider: {
                            controlPlane: {
                                auth: { adminKey: { valueFrom: { secretKeyRef: { name: "keys", key: "admin" } } } },
                            },
                        },
                    },
                },
            },
        ],
    ];
    for (const [why, over] of allowed) it(`accept ${why}`, () => assert.deepEqual(validate(over), []));

    const refused: [why: string, over: Tree, problem: RegExp][] = [
        ["a misspelt name", { replicas: 2 }, /^ .*"replicas"/],
        ["a misspelt nested name", { service: { http: { nodeport: 1 } } }, /\/service\/http .*"nodeport"/],
        [
            "a misspelt name of etcd, also when etcd is off",
            { etcd: { enabled: false, prefx: "/x" } },
            /\/etcd .*"prefx"/,
        ],
        ["a misspelt name of the controller", { "ingress-controller": { contorller: {} } }, /"contorller"/],
        ["names of older charts", { gateway: { type: "NodePort" } }, /"gateway"/],
        [
            "a certificate for callers without SNI",
            { apisix: { ssl: { fallbackSNI: "a.b" } } },
            /\/apisix\/ssl\/fallbackSNI/,
        ],
        ["standalone mode", { apisix: { deployment: { mode: "standalone" } } }, /\/apisix\/deployment\/mode/],
        ["a list of plugins", { apisix: { plugins: ["key-auth"] } }, /\/apisix\/plugins/],
        ["a gateway without Admin API", { apisix: { admin: { enabled: false } } }, /\/apisix\/admin\/enabled/],
        ["a DaemonSet", { useDaemonSet: true }, /\/useDaemonSet/],
        ["the host's network", { hostNetwork: true }, /\/hostNetwork/],
        ["a node port as text", { service: { http: { nodePort: "30800" } } }, /\/service\/http\/nodePort/],
        ["an image tag as a number", { image: { tag: 3.18 } }, /\/image\/tag/],
        ["settings of the chart's own etcd", { etcd: { replicaCount: 3 } }, /\/etcd .*"replicaCount"/],
    ];
    for (const [why, over, problem] of refused)
        it(`reject ${why}`, () => {
            const problems = validate(over);
            assert.ok(
                problems.some((line) => problem.test(line)),
                `must be rejected (problems: ${JSON.stringify(problems)})`,
            );
        });
});

describe("Schemas of the emulated charts", () => {
    for (const chart of CHARTS) {
        it(`of ${chart} list the allowed names of each object`, () => {
            const open: string[] = [];
            const visit = (node: Tree, path: string): void => {
                if (node.properties && node.additionalProperties !== false) open.push(path);
                for (const [key, child] of Object.entries((node.properties ?? {}) as Record<string, Tree>))
                    visit(child, `${path}.${key}`);
            };
            visit(schema(chart), chart);
            assert.deepEqual(open, []);
        });

        it(`of ${chart} list every default`, () => {
            const known = new Set(accepted(schema(chart)));
            const isKnown = (path: string): boolean => {
                if (known.has(path)) return true;
                const parent = path.slice(0, path.lastIndexOf("."));
                // Below an object without listed names (a Kubernetes structure), any name is allowed.
                return path.includes(".") && isKnown(parent) && ![...known].some((k) => k.startsWith(`${parent}.`));
            };
            assert.deepEqual(
                leaves(values(chart)).flatMap(([path]) => (isKnown(path) ? [] : [path])),
                [],
            );
        });
    }
});
