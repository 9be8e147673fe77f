// Proves that a stack file of an earlier version is rejected. Each old key has one problem, which says what to write.
import { strict as assert } from "node:assert";
import { parse } from "../../../config";
import { RENAMED_KEYS, renameKeys } from "../../../config/renamed-keys";
import { rawCloudflare, TUNNEL } from "../kit/cloudflare";
import { node } from "../kit/cluster-nodes";
import { EXPOSURE, raw } from "../kit/intra-a";
import { intraBValues } from "../kit/intra-b";
import { problemsOf } from "./refused";

const DIGEST = `sha256:${"0a".repeat(32)}`;
const opt = (values: object) => raw(intraBValues({}, values));

/** For each old key, configs whose only problem is this key. */
const OLD: Record<string, [config: Record<string, string>, problem: string][]> = {
    exposure: [
        [raw({ exposure: "azure" }), "exposure: has another form now. Write exposure: direct."],
        [raw({ ...EXPOSURE, exposure: "cloudflare" }), "exposure: has another form now. Write exposure: tunnel."],
    ],
    "tunnel.replicas": [
        [
            raw({ ...EXPOSURE, tunnel: { ...EXPOSURE.tunnel, replicas: 3 } }),
            "tunnel.replicas: is called tunnel.connectors now. Write tunnel.connectors: 3.",
        ],
    ],
    "tunnel.instances": [
        [
            rawCloudflare({ tunnel: { ...TUNNEL, instances: 3 } }),
            "tunnel.instances: is called tunnel.connectorsPerHost now. Write tunnel.connectorsPerHost: 3.",
        ],
    ],
    "gateway.image.tag": [
        [
            raw({ gateway: { image: { tag: `3.18.0-ubuntu@${DIGEST}` } } }),
            `gateway.image.tag: has another form now. Write gateway.image.tag: 3.18.0-ubuntu and gateway.image.digest: ${DIGEST}.`,
        ],
    ],
    "gateway.etcdImage.tag": [
        [
            raw({ gateway: { etcdImage: { tag: `3.6.4@${DIGEST}` } } }),
            `gateway.etcdImage.tag: has another form now. Write gateway.etcdImage.tag: 3.6.4 and gateway.etcdImage.digest: ${DIGEST}.`,
        ],
    ],
    "gateway.sharedCounters.image.tag": [
        [
            raw({ gateway: { sharedCounters: { whenDown: "allow", image: { tag: `8.1.4@${DIGEST}` } } } }),
            `gateway.sharedCounters.image.tag: has another form now. Write gateway.sharedCounters.image.tag: 8.1.4 and gateway.sharedCounters.image.digest: ${DIGEST}.`,
        ],
    ],
    "gateway.etcdImage.registry": [
        [
            raw({ gateway: { etcdImage: { registry: "mirror.example.org", repository: "team/etcd" } } }),
            "gateway.etcdImage.registry: is called gateway.etcdImage.repository now. Write gateway.etcdImage.repository: mirror.example.org/team/etcd.",
        ],
        [
            raw({ gateway: { etcdImage: { registry: "mirror.example.org" } } }),
            "gateway.etcdImage.registry: is called gateway.etcdImage.repository now. Write gateway.etcdImage.repository: mirror.example.org/etcd-development/etcd.",
        ],
    ],
    "tunnel.version": [
        [
            raw({ ...EXPOSURE, tunnel: { version: "2026.8.2" } }),
            "tunnel.version: is called tunnel.image now. Write tunnel.image: { tag: 2026.8.2 }.",
        ],
        [
            raw({ ...EXPOSURE, tunnel: { version: `2026.8.2@${DIGEST}` } }),
            `tunnel.version: is called tunnel.image now. Write tunnel.image: { tag: 2026.8.2, digest: ${DIGEST} }.`,
        ],
    ],
    "opt.image": [
        [
            opt({ image: "registry.example.com:5000/alpa:1.0.0" }),
            "opt.image: has another form now. Write opt.image: { repository: registry.example.com:5000/alpa, tag: 1.0.0 }.",
        ],
        [
            opt({ image: `alpa@${DIGEST}` }),
            `opt.image: has another form now. Write opt.image: { repository: alpa, digest: ${DIGEST} }.`,
        ],
    ],
    "opt.operatorChart.image": [
        [
            opt({ operatorChart: { image: "mirror.example.org/operator" } }),
            "opt.operatorChart.image: has another form now. Write opt.operatorChart.image: { repository: mirror.example.org/operator }.",
        ],
    ],
    "opt.gpuMemoryGiB": [
        [
            opt({ gpuMemory: undefined, gpuMemoryGiB: 80 }),
            "opt.gpuMemoryGiB: is called opt.gpuMemory now. Write opt.gpuMemory: 80Gi.",
        ],
    ],
    "opt.shmGiB": [[opt({ shmGiB: 8 }), "opt.shmGiB: is called opt.sharedMemory now. Write opt.sharedMemory: 8Gi."]],
    "opt.resources.memoryGiB": [
        [
            opt({ resources: { memoryGiB: 100 } }),
            "opt.resources.memoryGiB: is called opt.resources.memory now. Write opt.resources.memory: 100Gi.",
        ],
    ],
    "cluster.nodes[].labels": [
        [
            raw({ cluster: { nodes: [node(1, { labels: ["rack=a", "row=7"] })] } }),
            'cluster.nodes[0].labels: has another form now. Write cluster.nodes[0].labels: { rack: a, row: "7" }.',
        ],
    ],
    "cluster.nodes[].taints": [
        [
            raw({ cluster: { nodes: [node(1, { taints: ["gpu=yes:NoSchedule", "slow:NoExecute"] })] } }),
            'cluster.nodes[0].taints: has another form now. Write cluster.nodes[0].taints: [{ key: gpu, value: "yes", effect: NoSchedule }, { key: slow, effect: NoExecute }].',
        ],
    ],
    "guard.disabledBecause": [
        [
            raw({ guard: { disabledBecause: "tried elsewhere" } }),
            'guard.disabledBecause: is called guard.enabled and guard.reason now. Write guard.enabled: false and guard.reason: "tried elsewhere".',
        ],
    ],
    "edgeWorker.disabledBecause": [
        [
            rawCloudflare({ edgeWorker: { disabledBecause: "no Workers" } }),
            'edgeWorker.disabledBecause: is called edgeWorker.enabled and edgeWorker.reason now. Write edgeWorker.enabled: false and edgeWorker.reason: "no Workers".',
        ],
    ],
    "opt.hostNetwork.because": [
        [
            opt({ hostNetwork: { because: "NCCL" } }),
            "opt.hostNetwork.because: is called opt.hostNetwork.enabled and opt.hostNetwork.reason now. Write opt.hostNetwork.enabled: true and opt.hostNetwork.reason: NCCL.",
        ],
    ],
};

function problems(config: Record<string, string>): string[] {
    return problemsOf(() => parse(config));
}

describe("config with a key of an earlier version", () => {
    for (const { old } of RENAMED_KEYS)
        it(`says what to write for ${old}, and nothing else`, () => {
            assert.ok(OLD[old]?.length, "no case for this key");
            for (const [config, problem] of OLD[old]) assert.deepEqual(problems(config), [problem]);
        });

    it("says where the state of a conversion is now, in one problem", () => {
        const holder = { name: "ops@a", until: "2026-11-30T12:00:00Z" };
        const state = { holder, measured: { drain: 9 } };
        for (const option of ["intra-a", "intra-b"]) {
            const [said, ...others] = problems(raw({ ...intraBValues({}, {}, state), option }));
            assert.match(
                said,
                /^convert\.holder and convert\.measured: must not be in the stack file, since convert run/,
            );
            assert.ok(said.includes(".alpa-auth/convert/<stack>.json") && said.endsWith(`: ${JSON.stringify(state)}`));
            assert.deepEqual(others, []);
        }
        const [said] = problems(raw(intraBValues({}, {}, { holder })));
        assert.match(said, /^convert\.holder: must not be/);
    });

    it("says what to write for an image in several lines", () => {
        const problem = (image: string) => renameKeys({ opt: { image } }, "intra-b").problems;
        assert.deepEqual(problem("mirror.example.org/alpa:1.0\n"), [
            'opt.image: has another form now. Write opt.image: { repository: mirror.example.org/alpa, tag: "1.0" }.',
        ]);
        assert.match(problem("a\nb:1.0")[0], /repository: "a\\nb", tag: /);
    });

    it("also validates the value of its new name", () => {
        assert.deepEqual(problems(raw({ exposure: "azure", namespace: "Team A" })).length, 2);
    });

    it("does not change current keys", () => {
        const values = { exposure: "tunnel", tunnel: { graceSeconds: 9 } };
        assert.deepEqual(renameKeys(values, "intra-a"), { values, problems: [] });
    });
});
