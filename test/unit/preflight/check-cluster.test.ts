// Proves which problems stop a run before it changes the cluster. The cluster is a fake. Engine tests use a real API
// server.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import type { Live, ObjectRef } from "../../../components/kubernetes/cluster-reader";
import { OWNER_ANNOTATION } from "../../../components/kubernetes/ownership";
import { DEFINITIONS, WATCHED_VERSIONS, WRITTEN_VERSIONS } from "../../../components/kubernetes/crds";
import type { ClusterView, NodePortService, NodeState, StorageClass } from "../../../preflight/kubernetes/cluster";
import { ownedNames } from "../../../preflight/kubernetes/owners";
import { preflight } from "../../../preflight";
import { PreflightError } from "../../../preflight/preflight-error";
import { certificate } from "../../certificates";
import { node } from "../kit/cluster-nodes";
import { interSettings } from "../kit/inter";
import { KUBECONFIG, settings, type Installer } from "../kit/intra-a";

const OWN = "alpa-auth/test";
const GRAPHS = "CustomResourceDefinition rampartgraphs.rampart.petuum.com";
const ANCHORS = "CustomResourceDefinition subnamespaceanchors.hnc.x-k8s.io";
const title = ({ kind, namespace, name }: ObjectRef) => `${kind} ${namespace ? `${namespace}/` : ""}${name}`;

const ROLE = "ClusterRole component-apisix-ingress-manager-role";

const RAMPART_INSTALL = { repository: "https://charts.example.org", version: "1.2.3" };

interface World {
    /** The owner of each existing object, by the object's title, or undefined if it has no owner. */
    objects?: Record<string, string | undefined>;
    /** Namespace of each object's Helm release, from Helm's annotations. */
    releases?: Record<string, string>;
    services?: NodePortService[];
    /** StorageClasses of the cluster. @default one, which is the cluster's default */
    storage?: StorageClass[];
    nodes?: NodeState[];
    /** Content of objects, by title. */
    specs?: Record<string, Record<string, unknown>>;
    /** Versions that a CRD serves. @default those that this project writes */
    serves?: Record<string, string[]>;
    version?: () => Promise<unknown>;
    /** Problem that the check finds in APISIX, by namespace. */
    troubles?: Record<string, string>;
    /** Whether etcd has no password. */
    openEtcd?: boolean;
}
class FakeCluster implements ClusterView {
    readonly server = "https://10.0.0.1:16443";
    readonly kubectl = "kubectl --context here";
    readonly asked: string[] = [];
    constructor(private readonly world: World) {}
    version = () => (this.world.version ?? (async () => ({})))();
    nodePorts = async () => this.world.services ?? [];
    list = async (): Promise<Live[]> => [];
    nodes = async () => this.world.nodes ?? [];
    gatewayTrouble = async (namespace: string) => this.world.troubles?.[namespace];
    isOpenEtcd = async () => this.world.openEtcd ?? false;
    storageClasses = async () => this.world.storage ?? [{ name: "standard", isDefault: true }];
    read = async (ref: ObjectRef): Promise<Live | undefined> => {
        this.asked.push(title(ref));
        const { objects = {}, releases = {} } = this.world;
        if (title(ref) in releases)
            return { metadata: { annotations: { "meta.helm.sh/release-namespace": releases[title(ref)] } } };
        if (!(title(ref) in objects)) return undefined;
        const owner = objects[title(ref)];
        const annotations: Record<string, string> = owner === undefined ? {} : { [OWNER_ANNOTATION]: owner };
        if (ref.kind !== "CustomResourceDefinition")
            return { metadata: { annotations }, spec: this.world.specs?.[title(ref)] };
        const versions = this.world.serves?.[ref.name] ?? [{ ...WRITTEN_VERSIONS, ...WATCHED_VERSIONS }[ref.name]];
        return { metadata: { annotations }, spec: { versions: versions.map((name) => ({ name, served: true })) } };
    };
}

const RAMPART = { [GRAPHS]: undefined, [ANCHORS]: undefined };
const CRD = (name: string) => `CustomResourceDefinition ${name}`;
/** CRDs that another installation owns. */
const THEIRS = Object.fromEntries(DEFINITIONS.map((name) => [CRD(name), undefined]));
const SHARED = {
    ...THEIRS,
    "IngressClass shared": undefined,
    "Gateway edge/shared": undefined,
};

/** Problems of a stack in a world; none when it may continue. */
async function problems(installer: Installer, world: World, values: Record<string, unknown> = {}) {
    const cluster = new FakeCluster(world);
    try {
        await preflight(settings(installer, values), OWN, () => cluster);
        return { problems: [] as string[], asked: cluster.asked };
    } catch (error) {
        assert.ok(error instanceof PreflightError, String(error));
        return { problems: error.problems, asked: cluster.asked };
    }
}

describe("preflight", () => {
    const LOST = "etcd has lost keys. Run: kubectl rollout restart";
    for (const [installer, namespace] of [
        ["rampart", "alpa-auth-gateway-apisix"],
        ["helm", "alpa-auth-gateway"],
    ] as const)
        it(`reports why the gateway of installer ${installer} receives no change, before a run waits for it`, async () => {
            const world = { objects: installer === "rampart" ? RAMPART : {}, troubles: { [namespace]: LOST } };
            assert.deepEqual((await problems(installer, world)).problems, [`gateway: ${LOST}`]);
        });

    it("continues if etcd has also lost its password, which a run sets", async () => {
        const troubles = { "alpa-auth-gateway": LOST };
        assert.deepEqual((await problems("helm", { troubles, openEtcd: true })).problems, []);
    });

    it("reads no APISIX of another owner", async () => {
        const troubles = { edge: LOST, "alpa-auth-gateway": LOST, "alpa-auth-gateway-apisix": LOST };
        assert.deepEqual((await problems("existing", { objects: SHARED, troubles })).problems, []);
    });

    const passes: [what: string, installer: Installer, world: World][] = [
        ["an empty cluster with Rampart", "rampart", { objects: RAMPART }],
        ["an empty cluster, with installer helm", "helm", {}],
        ["an existing gateway", "existing", { objects: SHARED }],
        ["CRDs of another owner, under Rampart", "rampart", { objects: { ...RAMPART, ...THEIRS } }],
        [
            "CRDs that this stack left behind",
            "helm",
            { objects: Object.fromEntries(DEFINITIONS.map((name) => [CRD(name), OWN])) },
        ],
        ["an existing gateway where no StorageClass is the default", "existing", { objects: SHARED, storage: [] }],
        [
            "another node port in use",
            "rampart",
            { objects: RAMPART, services: [{ namespace: "other", name: "a", nodePort: 30801 }] },
        ],
        [
            "the node port in use by the stack's own gateway",
            "rampart",
            { objects: RAMPART, services: [{ namespace: "alpa-auth-gateway-apisix", name: "a", nodePort: 30800 }] },
        ],
        [
            "an ingress controller that Rampart runs for this stack",
            "rampart",
            { objects: RAMPART, releases: { [ROLE]: "alpa-auth-gateway-apisix" } },
        ],
        [
            "an ingress controller that Rampart runs for others, with installer helm",
            "helm",
            { releases: { [ROLE]: "other-gateway-apisix" } },
        ],
        [
            "the default node port in use where the stack needs none",
            "existing",
            { objects: SHARED, services: [{ namespace: "edge", name: "a", nodePort: 30800 }] },
        ],
    ];
    for (const [what, installer, world] of passes)
        it(`accepts ${what}`, async () => assert.deepEqual((await problems(installer, world)).problems, []));

    const refused: [what: string, installer: Installer, world: World, ...problems: RegExp[]][] = [
        [
            "a cluster without Rampart",
            "rampart",
            {},
            /^gateway\.installer: rampart needs Rampart in the cluster \(missing: .*rampartgraphs.*, .*subnamespaceanchors\.hnc\.x-k8s\.io\)/,
        ],
        [
            "a cluster without Rampart's namespaces",
            "rampart",
            { objects: { [GRAPHS]: undefined } },
            /^gateway\.installer: .*\(missing: CustomResourceDefinition subnamespaceanchors\.hnc\.x-k8s\.io\)/,
        ],
        [
            "a node port that Rampart's own gateway holds",
            "rampart",
            { objects: RAMPART, services: [{ namespace: "rampart-system", name: "ui", nodePort: 30800 }] },
            /^gateway\.nodePort: 30800 is used by Service rampart-system\/ui\. Rampart's own gateway uses this port by default\. Choose another/,
        ],
        [
            "a cluster without a default StorageClass",
            "rampart",
            { objects: RAMPART, storage: [{ name: "nfs", isDefault: false }] },
            /^gateway\.storageClass: required, since no StorageClass is the default \(the cluster has nfs\)\. Set it to a StorageClass\.$/,
        ],
        [
            "CRDs that are too old for this project's objects",
            "rampart",
            { objects: { ...RAMPART, ...THEIRS }, serves: { "apisixroutes.apisix.apache.org": ["v2beta3"] } },
            /^CustomResourceDefinition apisixroutes\.apisix\.apache\.org: does not serve version v2 \(it serves v2beta3\)\. Helm never updates/,
        ],
        [
            "to overwrite CRDs of another owner, and names them once",
            "helm",
            {
                objects: {
                    [CRD("consumers.apisix.apache.org")]: undefined,
                    [CRD("gateways.gateway.networking.k8s.io")]: "alpa-auth/other",
                },
            },
            /^gateway\.crds: would overwrite CRDs that are not this stack's \(consumers\.apisix\.apache\.org, gateways\.gateway\.networking\.k8s\.io, of stack alpa-auth\/other\)\. Set gateway\.crds to \[\]/,
        ],
        [
            "a second ingress controller under Rampart",
            "rampart",
            { objects: RAMPART, releases: { [ROLE]: "other-gateway-apisix" } },
            /^gateway\.installer: with the value rampart, no second .*in namespace other-gateway-apisix\)/,
        ],
        [
            "a node port in use by the stack's namespace of the other installer",
            "helm",
            { services: [{ namespace: "alpa-auth-gateway-apisix", name: "a", nodePort: 30800 }] },
            /^gateway\.nodePort: 30800 is used by Service alpa-auth-gateway-apisix\/a/,
        ],
        [
            "an existing gateway that is missing, with all problems at once",
            "existing",
            {},
            /^gateway\.existing: IngressClass shared does not exist/,
            /^gateway\.existing: Gateway edge\/shared does not exist/,
            /^gateway\.existing: CustomResourceDefinition apisixroutes\.apisix\.apache\.org does not exist/,
            /^gateway\.existing: CustomResourceDefinition apisixupstreams\.apisix\.apache\.org does not exist/,
            /^gateway\.existing: CustomResourceDefinition consumers\.apisix\.apache\.org does not exist/,
            /^gateway\.existing: CustomResourceDefinition gateways\.gateway\.networking\.k8s\.io does not exist/,
            /^gateway\.existing: CustomResourceDefinition grpcroutes\.gateway\.networking\.k8s\.io does not exist, and without it the/,
            /^gateway\.existing: CustomResourceDefinition httproutes\.gateway\.networking\.k8s\.io does not exist, and without it the/,
        ],
    ];
    for (const [what, installer, world, ...expected] of refused)
        it(`rejects ${what}`, async () => {
            const got = (await problems(installer, world)).problems;
            assert.equal(got.length, expected.length, got.join("\n"));
            expected.forEach((e, i) => assert.match(got[i], e));
        });

    const withTls = {
        azure: { hostname: "llm.example.com", addresses: ["20.50.2.10"] },
        tls: { certificate: { certManager: { issuer: "internal", kind: "Issuer" } } },
    };
    const ISSUER = { "Issuer alpa-auth/internal": undefined };
    const ofTls: [what: string, world: World, problem?: RegExp][] = [
        ["continues with cert-manager and its issuer", { objects: { ...ISSUER } }],
        [
            "stops without the issuer, and so without cert-manager",
            {},
            /^tls\.certificate\.certManager\.issuer: Issuer alpa-auth\/internal does not exist\. Install cert-manager, /,
        ],
        [
            "stops for the port of TLS in use",
            {
                objects: { ...ISSUER },
                services: [{ namespace: "other", name: "web", nodePort: 30843 }],
            },
            /^tls\.nodePort: 30843 is used by Service other\/web\. Choose another port, or free it\.$/,
        ],
    ];
    for (const [what, world, problem] of ofTls)
        it(`${what}, with TLS`, async () => {
            const got = (await problems("helm", world, withTls)).problems;
            assert.equal(got.length, problem ? 1 : 0, got.join("\n"));
            if (problem) assert.match(got[0], problem);
        });

    it("stops for an expired certificate, and only warns where it is in use: a run may have to revoke keys", async () => {
        const files = await certificate(["llm.example.com"], { notAfter: new Date(Date.now() - 1000) });
        const values = { ...withTls, tls: { certificate: { files } } };
        const { problems: got, asked } = await problems("helm", {}, values);
        assert.equal(got.length, 1, got.join("\n"));
        assert.match(got[0], /^tls\.certificate\.files\.certificate: the certificate expired on /);
        const secret = asked.find((name) => name.startsWith("Secret alpa-auth/alpa-tls"))!;
        const served = () => new FakeCluster({ objects: { [secret]: OWN } });
        assert.deepEqual(await preflight(settings("helm", values), OWN, served), got);
    });

    it("does not require Rampart's namespace in a cluster that the stack creates, and requires its Secret when the namespace exists", async () => {
        const install = { ...RAMPART_INSTALL, credentialsSecret: "access" };
        const made = { rampart: { install }, cluster: { nodes: [node(1)] } };
        assert.deepEqual((await problems("rampart", {}, made)).problems, []);
        const OURS = { "Namespace rampart-system": OWN };
        assert.match(
            (await problems("rampart", { objects: OURS }, made)).problems.join(),
            /^rampart\.install\.credentialsSecret: Secret rampart-system\/access does not exist/,
        );
        assert.match(
            (await problems("rampart", {}, { rampart: { install } })).problems.join(),
            /^rampart\.install\.namespace: Namespace rampart-system does not exist/,
        );
        const theirs = { "Namespace rampart-system": "alpa-auth/other", "Secret rampart-system/access": undefined };
        assert.match(
            (await problems("rampart", { objects: theirs }, made)).problems.join(),
            /of stack alpa-auth\/other: Namespace rampart-system\. /,
        );
    });

    it("names the Service that uses another port, and does not guess its owner", async () => {
        const world = { objects: RAMPART, services: [{ namespace: "other", name: "web", nodePort: 30900 }] };
        const got = (await problems("rampart", world, { gateway: { nodePort: 30900 } })).problems;
        assert.match(
            got[0],
            /^gateway\.nodePort: 30900 is used by Service other\/web\. Choose another port, or free it\.$/,
        );
    });

    it("checks the StorageClass that the stack names", async () => {
        const named = { gateway: { storageClass: "nfs" } };
        assert.deepEqual((await problems("rampart", { objects: RAMPART }, named)).problems, [
            "gateway.storageClass: StorageClass nfs does not exist (the cluster has standard). Correct the name, or create it.",
        ]);
        const storage = [{ name: "nfs", isDefault: false }];
        assert.deepEqual((await problems("rampart", { objects: RAMPART, storage }, named)).problems, []);
    });

    for (const [installer, objects, values, key] of [
        ["helm", THEIRS, { gateway: { installer: "helm", crds: [] } }, "crds"],
        ["existing", SHARED, {}, "existing"],
    ] as const)
        it(`needs the CRD of GRPCRoute with ${key}, although this project writes none`, async () => {
            const { [CRD("grpcroutes.gateway.networking.k8s.io")]: _, ...others } = objects as Record<
                string,
                undefined
            >;
            assert.deepEqual((await problems(installer, { objects: others }, values)).problems, [
                `gateway.${key}: CustomResourceDefinition grpcroutes.gateway.networking.k8s.io does not exist, and without it the ingress controller exits two minutes after its start. Install the CRDs of ingress controller 2.x and of Gateway API.`,
            ]);
        });

    describe("where etcd runs", () => {
        const ETCD = "StatefulSet alpa-auth-etcd/etcd";
        const running = (replicas: number, storageClassName?: string): World => ({
            objects: { [ETCD]: OWN, "Namespace alpa-auth-etcd": OWN },
            specs: { [ETCD]: { replicas, volumeClaimTemplates: [{ spec: { storageClassName } }] } },
            storage: ["standard", "fast"].map((name) => ({ name, isDefault: name === "standard" })),
        });
        const ofInter = async (world: World): Promise<string[]> => {
            const nodes = [1, 2, 3].map((n) => ({ name: `n${n}` }));
            const cluster = new FakeCluster({ ...world, nodes });
            return preflight(interSettings("helm"), OWN, () => cluster).then(
                () => [],
                (error: PreflightError) => error.problems,
            );
        };
        const fast = { gateway: { installer: "helm", storageClass: "fast" } };

        it("continues with the same StorageClass and the same members", async () => {
            assert.deepEqual((await problems("helm", running(1))).problems, []);
            assert.deepEqual((await problems("helm", running(1, "fast"), fast)).problems, []);
            assert.deepEqual(await ofInter(running(3)), []);
        });

        it("rejects another StorageClass, which Kubernetes would reject in the middle of a run", async () => {
            assert.deepEqual((await problems("helm", running(1, "standard"), fast)).problems, [
                'gateway.storageClass: cannot change from standard to fast, since StatefulSet alpa-auth-etcd/etcd exists and Kubernetes rejects another class for its volumes. Restore it, or follow "Replace etcd" in docs/operate/etcd.md.',
            ]);
            assert.match(
                (await problems("helm", running(1, "fast"))).problems.join(),
                /^gateway\.storageClass: cannot change from fast to the cluster's default/,
            );
        });

        it("rejects other numbers of members, which could form two clusters", async () => {
            assert.deepEqual(await ofInter(running(1)), [
                'option: etcd (StatefulSet alpa-auth-etcd/etcd) cannot change from 1 to 3 members in place, because the members could form two clusters. Restore it, or follow "Replace etcd" in docs/operate/etcd.md.',
            ]);
            assert.match(
                (await problems("helm", running(3))).problems.join(),
                /^option: etcd \(StatefulSet \S+\) cannot change from 3 to 1/,
            );
        });

        it("continues while an operator has scaled etcd to 0", async () =>
            assert.deepEqual(await ofInter(running(0)), []));
    });

    it("requires the CRDs in the cluster if it is configured to install none", async () => {
        const none = { gateway: { installer: "helm", crds: [] } };
        assert.deepEqual((await problems("helm", { objects: THEIRS }, none)).problems, []);
        const got = (await problems("helm", {}, none)).problems;
        assert.equal(got.length, Object.keys({ ...WRITTEN_VERSIONS, ...WATCHED_VERSIONS }).length);
        for (const problem of got)
            assert.match(problem, /^gateway\.crds: CustomResourceDefinition .* does not exist[.,]/);
    });

    describe("where the stack installs Rampart", () => {
        const install = { repository: "https://charts.example.org", version: "1.2.3" };
        const home = "Namespace rampart-system";
        const check = async (objects: World["objects"], more: object = {}, releases?: World["releases"]) =>
            (await problems("rampart", { objects, releases }, { rampart: { install: { ...install, ...more } } }))
                .problems;

        it("needs nothing yet except its namespace", async () => {
            assert.deepEqual(await check({ [home]: undefined }), []);
            assert.deepEqual(await check({}), [
                "rampart.install.namespace: Namespace rampart-system does not exist. Run: kubectl --context here create namespace rampart-system",
            ]);
        });

        it("needs the credentials for its chart", async () => {
            const named = { credentialsSecret: "repository" };
            assert.match(
                (await check({ [home]: undefined }, named)).join("\n"),
                /^rampart\.install\.credentialsSecret: Secret rampart-system\/repository does not exist\. Create it, with username and password/,
            );
            const secret = { [home]: undefined, "Secret rampart-system/repository": undefined };
            assert.deepEqual(await check(secret, named), []);
        });

        it("also rejects a second ingress controller", async () => {
            const got = await check({ [home]: undefined }, {}, { [ROLE]: "other-gateway-apisix" });
            assert.match(
                got.join("\n"),
                /^gateway\.installer: with the value rampart, no second ingress controller can be installed/,
            );
        });
    });

    it("reports everything in one error, and says that nothing was changed", async () => {
        const world = {
            objects: { "Namespace alpa-auth": "alpa-auth/other" },
            services: [{ namespace: "other", name: "web", nodePort: 30800 }],
        };
        await assert.rejects(
            preflight(settings("rampart"), OWN, () => new FakeCluster(world)),
            (error: Error) => {
                assert.ok(pulumi.RunError.isInstance(error), "a user error: no stack trace");
                assert.match(
                    error.message,
                    /^3 problems in the cluster, nothing was changed:\n {2}- cluster: .*\n {6}- .* Namespace alpa-auth\. /,
                );
                assert.match(error.message, /\n {2}- gateway\.installer: .*\n {2}- gateway\.nodePort: /);
                return true;
            },
        );
    });
});

describe("preflight and objects with the stack's names", () => {
    /** All objects of the stack, created by the given owner. */
    const whole = (installer: Installer, owner: string | undefined) => ({
        ...(installer === "existing" ? SHARED : RAMPART),
        "Namespace alpa-auth-gateway-apisix": undefined, // created by Rampart for this stack
        ...Object.fromEntries(ownedNames(settings(installer)).map((o) => [title(o), owner])),
    });

    for (const installer of ["rampart", "helm", "existing"] as const) {
        it(`accepts all objects of the stack itself: ${installer}`, async () =>
            assert.deepEqual((await problems(installer, { objects: whole(installer, OWN) })).problems, []));

        it(`rejects all objects of another stack in one problem, and asks for the cluster first: ${installer}`, async () => {
            const got = (await problems(installer, { objects: whole(installer, "alpa-auth/other") })).problems;
            const names = ownedNames(settings(installer)).map(title);
            assert.deepEqual(got, [
                "cluster: https://10.0.0.1:16443 has objects of other owners with names of this stack. " +
                    "If it is the wrong cluster, correct cluster, or KUBECONFIG. Otherwise choose other names. The objects:\n" +
                    `      - of stack alpa-auth/other: ${names.join(", ")}. ` +
                    "If this stack had that name, rename it back with pulumi stack rename.",
            ]);
        });
    }

    it("offers to take over an object without an owner, and none of another stack", async () => {
        const objects = {
            ...whole("rampart", OWN),
            "IngressClass alpa-auth": "alpa-auth/other",
            "Namespace alpa-auth-etcd": undefined,
        };
        const got = (await problems("rampart", { objects })).problems;
        assert.equal(got.length, 1);
        assert.deepEqual(got[0].split("\n").slice(1), [
            "      - without an owner: Namespace alpa-auth-etcd. Delete them, or let this stack take over and overwrite each one (a namespace with all that is in it), " +
                `for example: kubectl --context here annotate namespace alpa-auth-etcd ${OWNER_ANNOTATION}=${OWN}`,
            "      - of stack alpa-auth/other: IngressClass alpa-auth. If this stack had that name, rename it back with pulumi stack rename.",
        ]);
    });

    it("reads nothing of the stack in a cluster that has nothing of it, except what decides its owner", async () => {
        const { asked } = await problems("rampart", { objects: RAMPART });
        assert.deepEqual(
            asked.sort(),
            [
                ANCHORS,
                ROLE,
                GRAPHS,
                ...Object.keys({ ...WRITTEN_VERSIONS, ...WATCHED_VERSIONS }).map(CRD),
                "GatewayClass alpa-auth",
                "IngressClass alpa-auth",
                "Namespace alpa-auth",
                // Read for two checks: whether etcd runs there, and whether the namespace is the stack's.
                ...["Namespace alpa-auth-etcd", "Namespace alpa-auth-etcd"],
            ].sort(),
        );
    });
});

describe("preflight and an unreachable cluster", () => {
    it("names the address of an API server that answers with an error", async () => {
        const away = {
            version: () =>
                Promise.reject(new Error("fetch failed", { cause: new Error("connect ECONNREFUSED\nmore") })),
        };
        const got = (await problems("rampart", away)).problems;
        assert.deepEqual(got, [
            "cluster: the API server at https://10.0.0.1:16443 does not answer (connect ECONNREFUSED). Check the address and the network.",
        ]);
    });

    const unwilling: [code: number, said: RegExp][] = [
        [401, /^cluster: the API server at \S+ rejects the kubeconfig's credentials \(Unauthorized\)\. Renew them\.$/],
        [
            403,
            /^cluster: the API server at \S+ does not let the kubeconfig's user read the cluster \(services is forbidden.*\)\. Grant the missing/,
        ],
    ];
    for (const [code, said] of unwilling)
        it(`does not report an API server as unreachable that answers ${code}`, async () => {
            const message = code === 401 ? "Unauthorized" : "services is forbidden: User bob cannot list";
            const error = Object.assign(new Error("HTTP"), { code, body: JSON.stringify({ kind: "Status", message }) });
            const got = (await problems("rampart", { version: () => Promise.reject(error) })).problems;
            assert.equal(got.length, 1);
            assert.match(got[0], said);
        });

    const silent: [what: string, cluster: () => ClusterView][] = [
        ["never answers", () => new FakeCluster({ version: () => new Promise(() => undefined) })],
        [
            "answers once and then no more",
            () => Object.assign(new FakeCluster({}), { read: () => new Promise(() => undefined) }),
        ],
    ];
    for (const [what, cluster] of silent)
        it(`waits 30 s for an API server that ${what}, and no longer`, async () => {
            const setTimeout = global.setTimeout;
            const limits: { run: () => void; milliseconds?: number }[] = [];
            global.setTimeout = ((run: () => void, milliseconds?: number) =>
                limits.push({ run, milliseconds })) as unknown as typeof setTimeout;
            try {
                let ended = false;
                const run = preflight(settings("rampart"), OWN, cluster).finally(() => (ended = true));
                run.catch(() => undefined); // assert.rejects below checks the error.
                await new Promise((resolve) => setImmediate(resolve)); // Lets the check send its request and set its timeout.
                assert.deepEqual([ended, limits.map((l) => l.milliseconds)], [false, [30_000]]);
                limits[0].run();
                await assert.rejects(
                    run,
                    /the API server at https:\/\/10\.0\.0\.1:16443 does not answer \(no answer in 30 s\)/,
                );
            } finally {
                global.setTimeout = setTimeout;
            }
        });

    it("reports that the kubeconfig names no cluster, without repeating the file", async () => {
        const broken = KUBECONFIG.replace("cluster: one,", "cluster: none,");
        await assert.rejects(
            preflight(settings("rampart", { cluster: { kubeconfig: broken } }), OWN),
            (error: Error) => {
                assert.ok(error instanceof PreflightError);
                assert.match(
                    error.message,
                    /cluster: no usable kubeconfig \(.*context one\)\. Set cluster\.kubeconfig/,
                );
                assert.doesNotMatch(error.message, /s3cret/);
                return true;
            },
        );
    });
});
