// Proves how the preflight checks interpret the answers of hosts. The answers are fakes.
// components/hosts/microk8s-scripts.test.ts proves that the probe's script gets such answers.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import type { RunOnHost, Said } from "../../../components/hosts/ssh-run";
import { MISMATCH } from "../../../components/hosts/ssh-run";
import type { ClusterView } from "../../../preflight/kubernetes/cluster";
import { hostsPreflight } from "../../../preflight/hosts";
import { PreflightError } from "../../../preflight/findings";
import { value } from "../../kit";
import { nodesOf, THREE } from "../kit/cluster-nodes";
import { KUBECONFIG } from "../kit/intra-a";

const OWNER = "alpa-auth/dev";
const ENCODED = Buffer.from(KUBECONFIG).toString("base64");
type Answer = Record<string, string> | Error | Partial<Said>;

const fresh = (i: number, more: Record<string, string> = {}): Answer => ({
    hostname: `node-${i + 1}`,
    ...more,
});
const member = (i: number, more: Record<string, string> = {}): Answer => fresh(i, { kubeconfig: ENCODED, ...more });

const linesOf = (answer: Record<string, string>) =>
    Object.entries(answer)
        .map(([key, value]) => `${key}=${value}\n`)
        .join("");

/** Checks hosts with these answers, in their order. */
async function check(answers: Answer[], nodes: object[] = THREE, places: string[] | Error = []) {
    const settings = nodesOf({ nodes });
    const run: RunOnHost = async (host) => {
        const answer = answers[settings.nodes.findIndex(({ address }) => address === host.address)];
        if (answer instanceof Error) throw answer;
        if ("code" in answer || "stderr" in answer) return { code: 1, stdout: "", stderr: "", ...answer } as Said;
        return { code: 0, stdout: linesOf(answer as Record<string, string>), stderr: "" };
    };
    const list = async () => {
        if (places instanceof Error) throw places;
        return places.map((place) => ({ metadata: { labels: { "alpa-auth.io/place": place } } }));
    };
    return hostsPreflight(settings, OWNER, run, 30, () => ({ list }) as unknown as ClusterView);
}
const problemsOf = (...args: Parameters<typeof check>) =>
    check(...args).then(
        () => [],
        (error: PreflightError) => (assert.ok(error instanceof PreflightError, String(error)), error.problems),
    );

const refused: [why: string, answers: Answer[], ...problems: RegExp[]][] = [
    [
        "a host that does not answer",
        [fresh(0), new Error("connect ECONNREFUSED 10.0.0.2:22"), fresh(2)],
        /^cluster\.nodes\[1\]: 10\.0\.0\.2 does not answer by SSH \(connect ECONNREFUSED 10\.0\.0\.2:22\)\. Check address/,
    ],
    [
        "a host with another key",
        [new Error(MISMATCH), fresh(1), fresh(2)],
        /^cluster\.nodes\[0\]: 10\.0\.0\.1 has another host key than hostKey in the config/,
    ],
    [
        "a host that rejects the private key",
        [new Error("All configured authentication methods failed"), fresh(1), fresh(2)],
        /does not accept user ops with ssh\.privateKey/,
    ],
    [
        "a user who may not become root, with the host's message",
        [
            fresh(0),
            fresh(1),
            { stderr: "10.0.0.3: sudo does not allow user ops to run sh without a password (x). Add it.\n" },
        ],
        /^cluster\.nodes\[2\]: 10\.0\.0\.3: sudo does not allow user ops to run sh without a password/,
    ],
    [
        "what prevents a node, in the words of the host's script",
        [fresh(0), fresh(1, { problem: "must run Ubuntu (got debian). Use another host." }), fresh(2)],
        /^cluster\.nodes\[1\]: 10\.0\.0\.2 must run Ubuntu \(got debian\)\. Use another host\.$/,
    ],
    [
        "two hosts of one name",
        [fresh(0), fresh(1), fresh(2, { hostname: "node-1" })],
        /^cluster\.nodes\[2\]: 10\.0\.0\.3 and 10\.0\.0\.1 have the same hostname \(node-1\)/,
    ],
    [
        "a new node listed before those that are a cluster, which would start a second one",
        [fresh(0), member(1), member(2)],
        /^cluster\.nodes\[0\]: 10\.0\.0\.1 is the first of the list, but not in the cluster yet, .*List it after 10\.0\.0\.2, /,
    ],
];

describe("preflight of hosts", () => {
    for (const [why, answers, ...expected] of refused)
        it(`rejects ${why}`, async () => {
            const found = await problemsOf(answers);
            assert.equal(found.length, expected.length, found.join("\n"));
            expected.forEach((one, i) => assert.match(found[i], one));
        });

    it("reports every problem of every host at once", async () => {
        const answers = [new Error("connect EHOSTUNREACH"), fresh(1, { problem: "x" }), fresh(2, { problem: "y" })];
        assert.deepEqual(
            (await problemsOf(answers)).map((problem) => problem.split(":")[0]),
            ["cluster.nodes[0]", "cluster.nodes[1]", "cluster.nodes[2]"],
        );
    });

    it("reports nothing for healthy hosts", async () =>
        assert.equal((await check([fresh(0), fresh(1), fresh(2)])).access, undefined));

    it("ends after its timeout, with the hosts that did not answer by then", async () => {
        const settings = nodesOf({ nodes: THREE });
        const silent = (...[, , , signal]: Parameters<RunOnHost>) =>
            new Promise<Said>((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
        await assert.rejects(hostsPreflight(settings, OWNER, silent, 0.05), ({ problems }: PreflightError) => {
            assert.equal(problems.length, 3);
            return problems.every((problem) => /does not answer by SSH \(no answer in time\)/.test(problem));
        });
    });

    const AWAY = new Error("connect EHOSTUNREACH");
    const ALL = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];

    it("connects to a complete cluster, by a kubeconfig that stays a secret", async () => {
        const reached = await check([member(0), member(1), member(2)], THREE, ALL);
        assert.ok(await pulumi.isSecret(reached.access!.kubeconfig!));
        assert.equal(await value(reached.access!.kubeconfig!), KUBECONFIG);
        assert.deepEqual([reached.isFallback, reached.warnings], [false, []]);
    });

    it("continues without a node that is down, with a warning", async () => {
        const reached = await check([member(0), member(1), AWAY], THREE, ALL);
        assert.equal(reached.isFallback, false);
        assert.match(
            reached.warnings.join("\n"),
            /^cluster\.nodes\[2\]: 10\.0\.0\.3 does not answer by SSH \(connect EHOSTUNREACH\)\..* continues without this host\.$/,
        );
    });
    it("connects to the cluster by another node while the node that started the cluster is down", async () => {
        const reached = await check([AWAY, member(1), member(2)], THREE, ALL);
        assert.equal(reached.isFallback, true);
        assert.equal(await value(reached.access!.kubeconfig!), KUBECONFIG);
    });
    it("returns the machine ids of the hosts, also before they form a cluster", async () => {
        const { machines } = await check([fresh(0, { machine: "a1" }), fresh(1, { machine: "b2" }), fresh(2)]);
        assert.deepEqual(machines, { "10.0.0.1": "a1", "10.0.0.2": "b2", "10.0.0.3": undefined });
    });
    it("does not use a cluster whose nodes have no labels yet", async () =>
        assert.equal((await check([member(0), member(1), fresh(2)])).access, undefined));

    it("rejects a new node listed before a node that is down: it would start a second cluster", async () => {
        const answers = [fresh(0), AWAY, member(2)];
        await assert.rejects(check(answers, THREE, ALL.slice(1)), ({ problems }: PreflightError) => {
            assert.match(
                problems.join(),
                /^cluster\.nodes\[0\]: 10\.0\.0\.1 is the first .* not in the cluster yet.* after 10\.0\.0\.3, /,
            );
            return problems.length === 1;
        });
    });

    const notExcused: [why: string, answers: Answer[], places: string[] | Error, problem: RegExp][] = [
        ["that never joined", [member(0), AWAY, member(2)], ["10.0.0.1"], /does not answer by/],
        ["while the cluster does not answer either", [member(0), AWAY, member(2)], AWAY, /does not answer by SSH/],
        ["that answers with another key", [member(0), new Error(MISMATCH), member(2)], ALL, /has another host key/],
    ];
    for (const [why, answers, places, problem] of notExcused)
        it(`rejects a host without an answer ${why}`, () =>
            assert.rejects(check(answers, THREE, places), ({ problems: [first, ...more] }: PreflightError) => {
                assert.match(first, problem);
                return more.length === 0;
            }));
});
