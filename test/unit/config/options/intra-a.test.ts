import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { VERIFICATION_PREFIX } from "../../../../components/opt/verification";
import { FORGEABLE } from "../../../../config/options/gateway/settings";
import { parse, readSettings, type RawConfig } from "../../../../config";
import { CONSUMERS, KUBECONFIG, parseIntra, raw } from "../../kit/intra-a";
import { value } from "../../../kit";
import { itRefuses, problemsOf, type Refused } from "../refused";

/** Problems of a config; none when it is accepted. */
function problems(config: RawConfig): string[] {
    return problemsOf(() => parse(config));
}

const P256 = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .publicKey.export({ type: "spki", format: "pem" })
    .toString();
const existing = { ingressClass: "shared", gateway: "edge/shared", url: "http://10.0.0.9" };
const caller = (name: string, ...ids: string[]) => ({ name, credentials: ids.map((id) => ({ id, method: "key" })) });
const limited = (limits: object) => ({ consumers: [{ ...caller("lab", "a"), limits }] });
const port = (endpoint: string) => ({ alpa: { endpoints: [endpoint] } });

const refused: Refused[] = [
    ["no option", { option: undefined }, /^option: required\. Run: pulumi config set option intra-a$/],
    ["an unknown option", { option: "intra-aa" }, /^option: must be one of .*got "intra-aa".*Did you mean intra-a\?$/],
    ["an unknown key", { gatway: {} }, "gatway: is not a known key. Did you mean gateway?"],
    ["a value of option cloudflare", { teamName: "x" }, /^teamName: only valid with option cloudflare/],
    [
        "a credential of option cloudflare",
        { consumers: [{ name: "lab", credentials: [{ id: "a", method: "service-token" }] }] },
        /^consumers\[0\]\.credentials\[0\]\.method: only valid with option cloudflare \(got "service-token"\)\. Use key/,
    ],
    [
        "an existing gateway under rampart",
        { gateway: { existing } },
        "gateway.existing: only valid with gateway.installer existing (got installer rampart). Remove it.",
    ],
    [
        "CRDs and rampart under existing",
        { gateway: { installer: "existing", existing, crds: ["a.yaml"] }, rampart: { retry: 1 } },
        /^gateway\.crds: only valid with gateway\.installer helm \(got installer existing\)/,
        /^rampart: only valid with gateway\.installer rampart \(got installer existing\)/,
    ],
    [
        "installation settings for an existing gateway",
        { gateway: { installer: "existing", existing, nodePort: 30900, image: "apache/apisix:3.18.0", replicas: 1 } },
        /^gateway\.nodePort: only valid for a gateway that this stack installs \(got installer existing\)/,
        /^gateway\.replicas: only valid for a gateway that this stack installs/,
        /^gateway\.image: only valid for a gateway that this stack installs/,
    ],
    ["no Alpa", { alpa: undefined }, /^alpa: required\. Set alpa\.endpoints to host:port/],
    ["a host without a port", port("10.0.0.11"), /^alpa\.endpoints\[0\]: must be host:port.*got "10\.0\.0\.11"/],
    [
        "node port 29999",
        { gateway: { nodePort: 29999 } },
        /^gateway\.nodePort: must be between 30000 and 32767.*got 29999/,
    ],
    [
        "two consumers of one name",
        { consumers: [caller("lab", "a"), caller("nlp", "a"), caller("lab", "b")] },
        "consumers: every name must be unique (got lab twice). Rename one, or put all their credentials under one name.",
    ],
    [
        "two credentials of one name",
        { consumers: [caller("lab", "a", "a"), caller("nlp", "a")] },
        "consumers: every credential id of lab must be unique (got a twice). Rename one.",
    ],
    [
        "a dot in a consumer's name",
        { consumers: [caller("a.b", "c")] },
        /^consumers\[0\]\.name: must be a DNS label.*"a\.b"/,
    ],
    [
        "a dot in a credential's name",
        { consumers: [caller("a", "b.c")] },
        /^consumers\[0\]\.credentials\[0\]\.id: must be a DNS label.*"b\.c"/,
    ],
    [
        "a user name of 64 characters",
        { consumers: [caller("a".repeat(54), "c")] }, // alpa-auth_ adds 10 characters
        /^consumers: alpa-auth_a{54} must be at most 63 characters \(got 64\)/,
    ],
    [
        "a Secret's name of 64 characters",
        { consumers: [caller("a".repeat(33), "c".repeat(30))] },
        /^consumers: a{33}\.c{30} must be at most 63 characters \(got 64\)/,
    ],
    [
        "a namespace that leaves Rampart no room for its own",
        { namespace: "n".repeat(49) },
        /^namespace: n{49}-gateway-apisix must be at most 63 characters \(got 64\)/,
    ],
    [
        "requests without a window",
        limited({ requests: 1 }),
        /^consumers\[0\]\.limits: must have requests and perSeconds together/,
    ],
    [
        "limits that each replica would count for itself",
        { gateway: { replicas: 2 }, ...limited({ concurrent: 1 }) },
        /^gateway\.sharedCounters: required with limits and more than one replica \(got 2\)/,
    ],
    [
        "a model longer than any that Alpa serves",
        { guard: { contextTokens: 2049 } },
        /^guard\.contextTokens: must be at most 2048 tokens, the context length of OPT and BLOOM \(got 2049\)\. Lower it/,
    ],
    [
        "an APISIX that accepts forged tokens",
        { gateway: { image: "apache/apisix:3.16.0-ubuntu" } },
        /^gateway\.image: must be APISIX 3\.17 or newer \(got "apache\/apisix:3\.16\.0-ubuntu"\).*forged tokens/,
    ],
    [
        "an etcd that is not pinned",
        { gateway: { etcdImage: "etcd:latest" } },
        /^gateway\.etcdImage: must have a pinned tag/,
    ],
    ...["alpa", "/", "/Alpa", "/a/b", "/a.b", "/a//", "/completions-of-opt", "/my-logprobs", VERIFICATION_PREFIX].map(
        (pathPrefix): Refused => [
            `${pathPrefix} as a prefix`,
            { pathPrefix },
            `pathPrefix: must be one lower-case part of a path that no other service uses, for example /alpa-opt-service (got "${pathPrefix}"). Choose another prefix.`,
        ],
    ),
    [
        "a namespace that is too long for a Helm release",
        { namespace: "n".repeat(54), gateway: { installer: "helm" } },
        /^namespace: n{54} must be at most 53 characters \(got 54\)/,
    ],
    [
        "a kubeconfig without a user",
        { cluster: { kubeconfig: KUBECONFIG.replace("users:", "others:") } },
        "cluster.kubeconfig: must be a kubeconfig (it has no users). Set its content as a secret.",
    ],
];

/** Values right at the limits. */
const accepted: [what: string, values: Record<string, unknown>][] = [
    ["the shipped shape", { consumers: CONSUMERS }],
    ["a user name of 63 characters", { consumers: [caller("a".repeat(53), "c")] }],
    ["a Secret's name of 63 characters", { consumers: [caller("a".repeat(32), "c".repeat(30))] }],
    ["a namespace that leaves Rampart just enough room", { namespace: "n".repeat(48) }],
    [
        "limits over replicas that count together",
        { gateway: { replicas: 2, sharedCounters: { whenDown: "refuse" } }, ...limited({ concurrent: 1 }) },
    ],
    ["replicas without limits", { gateway: { replicas: 2 }, consumers: [caller("lab", "a")] }],
    [
        "images with digests",
        {
            gateway: {
                image: `apache/apisix:3.18.0-ubuntu@sha256:${"0a".repeat(32)}`,
                etcdImage: `registry.example.com:5000/etcd:3.6.4@sha256:${"0a".repeat(32)}`,
            },
        },
    ],
    ["APISIX 3.17", { gateway: { image: "apache/apisix:3.17.0" } }],
    ["installer helm with CRDs", { gateway: { installer: "helm", crds: ["a.yaml"] } }],
];

describe("config", () => {
    itRefuses(refused, (values) => problems(raw(values)));

    for (const [what, values] of accepted) it(`accepts ${what}`, () => assert.deepEqual(problems(raw(values)), []));

    it("reports every problem in one error, and says that nothing was changed", () => {
        const bad = {
            option: "intra-aa",
            alpa: { endpoints: ["10.0.0.11"] },
            gateway: { nodePort: 80, image: { tag: "latest" }, crds: ["a"], colour: "red" },
            tunnel: "x",
            consumers: [caller("lab", "a.b"), caller("lab", "b")],
        };
        const start = (text: string) => text.split(": ")[0];
        assert.deepEqual(problems(raw(bad)).map(start).sort(), [
            "alpa.endpoints[0]",
            "consumers",
            "consumers[0].credentials[0].id",
            "gateway.colour",
            "gateway.crds",
            "gateway.image",
            "gateway.nodePort",
            "option",
            "tunnel",
        ]);
        assert.throws(
            () => parse(raw(bad)),
            (error: Error) =>
                error.message.startsWith("9 problems in the stack config, nothing was changed:\n  - option: ") &&
                error.message.split("\n").length === 10,
        );
    });

    it("is a user error: without a stack trace", () => {
        assert.throws(
            () => parse({}),
            (error: Error) => pulumi.RunError.isInstance(error),
        );
    });

    it("accepts an empty list of consumers, with a warning", () => {
        assert.deepEqual(parseIntra(raw()).warnings, ["consumers: empty, so no caller is admitted. Add a consumer."]);
        assert.deepEqual(parseIntra(raw({ consumers: [caller("lab")] })).warnings, [
            "consumers: lab has no credentials, so it cannot authenticate. Add one.",
        ]);
        assert.deepEqual(parseIntra(raw({ consumers: [caller("lab", "a")] })).warnings, []);
    });

    it("gives every setting its documented default", () => {
        const { gateway, readiness, namespace, server } = parseIntra(raw());
        assert.equal(namespace, "alpa-auth");
        assert.equal(server.answerTimeoutSeconds, 600);
        assert.deepEqual(readiness, { graphTimeoutSeconds: 2400, acceptTimeoutSeconds: 120, settleSeconds: 15 });
        assert.ok(gateway.installer === "rampart");
        assert.deepEqual([gateway.retry, gateway.install, gateway.url], [0, undefined, "http://10.0.0.11:30800"]);
        assert.deepEqual([gateway.release.nodePort, gateway.release.replicas], [30800, 1]);
    });

    it("gives each caller without limits of its own the stack's", () => {
        const stack = { requests: 60, perSeconds: 60, concurrent: 2 };
        const own = { ...caller("nlp", "a"), limits: { concurrent: 9 } };
        const { consumers } = parseIntra(raw({ limits: stack, consumers: [caller("lab", "a"), own] }));
        assert.deepEqual(
            consumers.map((c) => c.limits),
            [stack, { ...stack, concurrent: 9 }],
        );
    });

    it("warns that limits count in each pod of a gateway with an unknown number of pods", () => {
        const shared = { gateway: { installer: "existing", existing }, ...limited({ concurrent: 1 }) };
        assert.match(
            parseIntra(raw(shared)).warnings.join(),
            /^limits: each APISIX pod of the existing gateway counts/,
        );
    });

    for (const [algorithm, warned] of [
        ["ES256", [FORGEABLE]],
        ["HS256", []],
    ] as const)
        it(`warns of tokens with ${algorithm} at a gateway of unknown version: ${warned.length === 1}`, () => {
            const publicKey = algorithm === "HS256" ? undefined : P256;
            const consumers = [{ name: "lab", credentials: [{ id: "a", method: "jwt", algorithm, publicKey }] }];
            const warnings = (gateway: object) => parseIntra(raw({ gateway, consumers })).warnings;
            assert.deepEqual(warnings({ installer: "existing", existing }), warned);
            assert.deepEqual(warnings({}), []);
        });

    it("warns while the guard is off, with the reason", () => {
        const { warnings } = parseIntra(raw({ guard: { off: "tried elsewhere" }, consumers: [caller("lab", "a")] }));
        assert.deepEqual(warnings, ["guard: off, so any caller can stop Alpa with one request (tried elsewhere)."]);
    });

    it("warns while the gateway is closed, with the reason", () => {
        const closed = "new version of the model";
        const { warnings } = parseIntra(raw({ gateway: { closed }, consumers: [caller("lab", "a")] }));
        assert.deepEqual(warnings, ["gateway.closed: every caller gets 503 (new version of the model)."]);
    });

    it("marks the kubeconfig secret at once", async () => {
        const { kubeconfig } = parseIntra(raw({ cluster: { kubeconfig: KUBECONFIG } })).cluster;
        assert.equal(await pulumi.isSecret(kubeconfig!), true);
        assert.equal(await value(kubeconfig!), KUBECONFIG);
    });

    it("rejects a kubeconfig in plain text, without repeating it, and accepts it encrypted", () => {
        const before = pulumi.runtime.allConfig();
        const keys = process.env.PULUMI_CONFIG_SECRET_KEYS;
        try {
            const own = Object.entries(raw({ cluster: { kubeconfig: KUBECONFIG } }));
            pulumi.runtime.setAllConfig(Object.fromEntries(own.map(([k, v]) => [`alpa-auth:${k}`, v])));
            process.env.PULUMI_CONFIG_SECRET_KEYS = '["other:cluster"]';
            assert.throws(
                () => readSettings("alpa-auth"),
                (error: Error) => {
                    assert.match(error.message, /- cluster\.kubeconfig: must be stored encrypted/);
                    assert.doesNotMatch(error.message, /s3cret/);
                    return true;
                },
            );
            process.env.PULUMI_CONFIG_SECRET_KEYS = '["alpa-auth:cluster"]';
            assert.equal(readSettings("alpa-auth").option, "intra-a");
        } finally {
            pulumi.runtime.setAllConfig(before);
            if (keys === undefined) delete process.env.PULUMI_CONFIG_SECRET_KEYS;
            else process.env.PULUMI_CONFIG_SECRET_KEYS = keys;
        }
    });
});

describe("config never repeats a secret", () => {
    const leaks: [what: string, values: Record<string, unknown>][] = [
        ["a kubeconfig in plain text", { cluster: { kubeconfig: "s3cret-token" } }],
        ["a kubeconfig that is broken YAML", { cluster: { kubeconfig: "users: [{ token: s3cret-token" } }],
        ["a kubeconfig that lacks parts", { cluster: { kubeconfig: "users: [{ user: { token: s3cret-token } }]" } }],
        ["a kubeconfig given as a mapping", { cluster: { kubeconfig: { users: [{ token: "s3cret-token" }] } } }],
        ["a kubeconfig as JSON instead of its parent", { cluster: { users: ["s3cret-token"] } }],
        ["a kubeconfig as text instead of its parent", { cluster: KUBECONFIG }],
        ["the list of consumers as one text", { consumers: "- name: a\n  key: s3cret-token\n" }],
        ["a key instead of a consumer", { consumers: ["s3cret-token"] }],
        ["a key instead of the credentials", { consumers: [{ name: "lab", credentials: "s3cret-token" }] }],
        [
            "a key that is a list",
            { consumers: [{ name: "lab", credentials: [{ id: "a", method: "key", key: ["s3cret"] }] }] },
        ],
        ["a key instead of its credential", { consumers: [{ name: "lab", credentials: ["s3cret-token"] }] }],
        ["a kubeconfig under a misspelt key", { cluster: { kubeConfig: KUBECONFIG } }],
        [
            "a key written next to a credential",
            { consumers: [{ name: "lab", credentials: [{ id: "a", method: "key", key: "s3cret-token" }] }] },
        ],
    ];
    for (const [what, values] of leaks)
        it(what, () => {
            const got = problems(raw(values));
            assert.notEqual(got.length, 0);
            assert.doesNotMatch(got.join("\n"), /s3cret/);
        });
});
