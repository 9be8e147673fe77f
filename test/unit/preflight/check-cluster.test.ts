// Proves which problems stop a run before it changes the cluster. The cluster is a fake. Engine tests use a real API
// server.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { titleOf as title, type Live, type ObjectRef } from "../../../components/kubernetes/cluster-reader";
import { OWNER_ANNOTATION } from "../../../components/kubernetes/ownership";
import { DEFINITIONS } from "../../../components/kubernetes/crds";
import type { ClusterView } from "../../../preflight/kubernetes/cluster";
import { ownedNames } from "../../../preflight/kubernetes/owners";
import { preflight } from "../../../preflight";
import { PreflightError } from "../../../preflight/findings";
import { identifiedCluster } from "../../../preflight/kubernetes/identified-cluster";
import { certificate } from "../../certificates";
import { node, SSH } from "../kit/cluster-nodes";
import { interSettings } from "../kit/inter";
import { KUBECONFIG, settings, type Installer } from "../kit/intra-a";

const OWN = "alpa-auth/test";
const GRAPHS = "CustomResourceDefinition rampartgraphs.rampart.petuum.com";
const ROLE = "ClusterRole component-apisix-ingress-manager-role";

const RAMPART_INSTALL = { repository: "https://charts.example.org", version: "1.2.3" };

interface World {
    /** The owner of each existing object, by the object's title, or undefined if it has no owner. */
    objects?: Record<string, string | undefined>;
    /** Namespace of each object's Helm release, from Helm's annotations. */
    releases?: Record<string, string>;
    services?: { namespace: string; name: string; nodePort: number }[];
    /** Content of objects, by title. */
    specs?: Record<string, Record<string, unknown>>;
    read?: () => Promise<undefined>;
}
class FakeCluster implements ClusterView {
    readonly server = "https://10.0.0.1:16443";
    readonly kubectl = "kubectl --context here";
    readonly asked: string[] = [];
    constructor(private readonly world: World) {}
    list = async (): Promise<Live[]> =>
        (this.world.services ?? []).map(({ namespace, name, nodePort }) => ({
            metadata: { namespace, name },
            spec: { ports: [{ port: 80 }, { port: 443, nodePort }] },
        }));
    read = async (ref: ObjectRef): Promise<Live | undefined> => {
        this.asked.push(title(ref));
        if (this.world.read) return this.world.read();
        const { objects = {}, releases = {} } = this.world;
        if (title(ref) in releases)
            return { metadata: { annotations: { "meta.helm.sh/release-namespace": releases[title(ref)] } } };
        if (!(title(ref) in objects)) return undefined;
        const owner = objects[title(ref)];
        const annotations: Record<string, string> = owner === undefined ? {} : { [OWNER_ANNOTATION]: owner };
        return { metadata: { name: ref.name, annotations }, spec: this.world.specs?.[title(ref)] };
    };
}

const RAMPART = { [GRAPHS]: undefined };
const CRD = (name: string) => `CustomResourceDefinition ${name}`;
/** CRDs that another installation owns. */
const THEIRS = Object.fromEntries(DEFINITIONS.map((name) => [CRD(name), undefined]));
const SHARED = {
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
    const passes: [what: string, installer: Installer, world: World][] = [
        ["an empty cluster with Rampart", "rampart", { objects: RAMPART }],
        ["an empty cluster, with installer helm", "helm", {}],
        ["an existing gateway", "existing", { objects: SHARED }],
        ["CRDs of another owner, under Rampart", "rampart", { objects: { ...RAMPART, ...THEIRS } }],
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
    ];
    for (const [what, installer, world] of passes)
        it(`accepts ${what}`, async () => assert.deepEqual((await problems(installer, world)).problems, []));

    const refused: [what: string, installer: Installer, world: World, ...problems: RegExp[]][] = [
        [
            "a cluster without Rampart",
            "rampart",
            {},
            /^gateway\.installer: the value rampart needs Rampart in the cluster: CustomResourceDefinition rampartgraphs\.rampart\.petuum\.com does not exist\. Set rampart\.install/,
        ],
        [
            "a node port that Rampart's own gateway holds",
            "rampart",
            { objects: RAMPART, services: [{ namespace: "rampart-system", name: "ui", nodePort: 30800 }] },
            /^gateway\.nodePort: 30800 is used by Service rampart-system\/ui\. Choose another/,
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
            "an existing gateway that is missing, with all problems at once",
            "existing",
            {},
            /^gateway\.existing: IngressClass shared does not exist/,
            /^gateway\.existing: Gateway edge\/shared does not exist/,
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
        tls: { issuer: "internal" },
    };
    const ISSUER = { "ClusterIssuer internal": undefined };
    const ofTls: [what: string, world: World, problem?: RegExp][] = [
        ["continues with cert-manager and its issuer", { objects: { ...ISSUER } }],
        [
            "stops without the issuer, and so without cert-manager",
            {},
            /^tls\.issuer: ClusterIssuer internal does not exist\. Install cert-manager, /,
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
        const values = { ...withTls, tls: files };
        const { problems: got, asked } = await problems("helm", {}, values);
        assert.equal(got.length, 1, got.join("\n"));
        assert.match(got[0], /^tls\.certificate: the certificate expired on /);
        const secret = asked.find((name) => name.startsWith("Secret alpa-auth/alpa-tls"))!;
        const served = () => new FakeCluster({ objects: { [secret]: OWN } });
        assert.deepEqual(await preflight(settings("helm", values), OWN, served), got);
    });

    it("does not require Rampart's namespace, and the Secret in it, in a cluster that the stack creates", async () => {
        const install = { ...RAMPART_INSTALL, credentialsSecret: "access" };
        const made = { rampart: { install }, cluster: { nodes: [node(1)] }, ssh: SSH };
        assert.deepEqual((await problems("rampart", {}, made)).problems, []);
        assert.match(
            (await problems("rampart", {}, { rampart: { install } })).problems.join(),
            /^rampart\.install: Namespace rampart-system does not exist/,
        );
        const theirs = { "Namespace rampart-system": "alpa-auth/other" };
        assert.match(
            (await problems("rampart", { objects: theirs }, made)).problems.join(),
            /of stack alpa-auth\/other: Namespace rampart-system\. /,
        );
    });

    it("checks an OpenAI-compatible server together with the cluster", async () => {
        const openai = { endpoints: ["127.0.0.1:1"], models: ["a"] };
        const taken = { services: [{ namespace: "other", name: "a", nodePort: 30800 }] };
        const run = preflight(interSettings("helm", { alpa: undefined, openai }), OWN, () => new FakeCluster(taken));
        const got = await run.catch((error: PreflightError) => error.problems);
        assert.match(got.join("\n"), /^openai\.endpoints: 127\.0\.0\.1:1 .*\ngateway\.nodePort: 30800 is used/);
    });

    describe("where etcd runs", () => {
        const ETCD = "StatefulSet alpa-auth-etcd/etcd";
        const running = (replicas: number, storageClassName?: string): World => ({
            objects: { [ETCD]: OWN, "StorageClass fast": undefined },
            specs: { [ETCD]: { replicas, volumeClaimTemplates: [{ spec: { storageClassName } }] } },
        });
        const ofInter = async (world: World): Promise<string[]> => {
            const cluster = new FakeCluster(world);
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
                "rampart.install: Namespace rampart-system does not exist. Run: kubectl --context here create namespace rampart-system",
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
});

describe("preflight and an unreachable cluster", () => {
    const failures: [what: string, error: Error, said: string][] = [
        [
            "is down",
            new Error("request to x failed, reason: connect ECONNREFUSED\nmore"),
            "request to x failed, reason: connect ECONNREFUSED",
        ],
        [
            "rejects the user",
            Object.assign(new Error("HTTP"), { code: 403, body: JSON.stringify({ message: "services is forbidden" }) }),
            "services is forbidden",
        ],
    ];
    for (const [what, error, said] of failures)
        it(`names the address of an API server that ${what}`, async () => {
            const { problems: got } = await problems("rampart", { read: () => Promise.reject(error) });
            assert.deepEqual(got, [
                `cluster: the checks cannot read the cluster at https://10.0.0.1:16443 (${said}). Check its address, the network, and the credentials and permissions (RBAC) of the kubeconfig.`,
            ]);
        });

    it("waits 30 s for an API server that never answers, and no longer", async () => {
        const setTimeout = global.setTimeout;
        const limits: { run: () => void; milliseconds?: number }[] = [];
        global.setTimeout = ((run: () => void, milliseconds?: number) =>
            limits.push({ run, milliseconds })) as unknown as typeof setTimeout;
        try {
            let ended = false;
            const run = preflight(
                settings("rampart"),
                OWN,
                () => new FakeCluster({ read: () => new Promise(() => undefined) }),
            ).finally(() => (ended = true));
            run.catch(() => undefined); // assert.rejects below checks the error.
            await new Promise((resolve) => setImmediate(resolve)); // Lets the check send its request and set its timeout.
            assert.deepEqual([ended, limits.map((l) => l.milliseconds)], [false, [30_000]]);
            limits[0].run();
            await assert.rejects(run, /cannot read the cluster at https:\/\/10\.0\.0\.1:16443 \(no answer in 30 s\)/);
        } finally {
            global.setTimeout = setTimeout;
        }
    });

    it("reports that the kubeconfig names no cluster, without repeating the file", async () => {
        const broken = KUBECONFIG.replace("cluster: one,", "cluster: none,");
        await assert.rejects(
            identifiedCluster(settings("rampart", { cluster: { kubeconfig: broken } }).cluster),
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
