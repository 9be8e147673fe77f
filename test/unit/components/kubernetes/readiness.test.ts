import { strict as assert } from "node:assert";
import { type ObservedEvent, type ObservedPod, troubleOf } from "../../../../components/kubernetes/pod-troubles";
import { judge, type Observed, rampartWords, type Until } from "../../../../components/kubernetes/readiness";

const DEPLOYED: Until = { kind: "graph-deployed" };
const NAMESPACE: Until = { kind: "graph-namespace", namespace: "a-gateway-apisix" };
const ACCEPTED: Until = { kind: "condition", type: "Accepted" };
const AVAILABLE: Until = { kind: "condition", type: "Available" };

const graph = (generation: number, phase?: string, observedGeneration?: number, messages?: string): Observed => ({
    metadata: { generation },
    status: phase === undefined ? undefined : { phase, observedGeneration, reason: "GraphDeploymentError", messages },
});
const condition = (
    status: string,
    observedGeneration: number,
    type = "Accepted",
    message = "no such plugin",
): Observed => ({
    metadata: { generation: 2 },
    status: { conditions: [{ type, status, observedGeneration, reason: "SyncFailed", message }] },
});

type Case = [what: string, until: Until, object: Observed | undefined, namespace?: string];
const ready: Case[] = [
    ["a graph whose generation is deployed", DEPLOYED, graph(2, "Deployed", 2)],
    // Rampart leaves the message of an earlier failure in the status.
    ["a deployed graph that failed before", DEPLOYED, graph(2, "Deployed", 2, "The following errors …")],
    ["a graph's namespace that exists while it deploys", NAMESPACE, graph(1, "Deploying"), "Active"],
    ["a condition of this generation", ACCEPTED, condition("True", 2)],
    ["the other condition of this generation", AVAILABLE, condition("True", 2, "Available")],
];
const waiting: [...Case, why: RegExp][] = [
    ["an object that does not exist", DEPLOYED, undefined, undefined, /does not exist/],
    ["a graph without a status", DEPLOYED, graph(1), undefined, /phase not set, generation 1, observed none/],
    ["a graph that is Deploying", DEPLOYED, graph(2, "Deploying", 1), undefined, /phase Deploying/],
    [
        "a graph that was deployed in an older generation",
        DEPLOYED,
        graph(2, "Deployed", 1),
        undefined,
        /generation 2, observed 1/,
    ],
    ["a graph that failed in an older generation", DEPLOYED, graph(2, "Failed", 1), undefined, /phase Failed/],
    [
        "a graph's namespace that does not exist",
        NAMESPACE,
        graph(1, "Deploying"),
        undefined,
        /namespace a-gateway-apisix does not exist/,
    ],
    ["a graph's namespace that is being deleted", NAMESPACE, graph(1, "Deploying"), "Terminating", /is Terminating/],
    [
        "a graph that was deployed, without its namespace",
        NAMESPACE,
        graph(1, "Deployed", 1),
        undefined,
        /does not exist/,
    ],
    [
        "an object that no controller has processed",
        ACCEPTED,
        { metadata: { generation: 1 } },
        undefined,
        /no ingress controller has processed it/,
    ],
    ["a condition of an older generation", ACCEPTED, condition("True", 1), undefined, /older generation/],
    ["a rejection of an older generation", ACCEPTED, condition("False", 1), undefined, /older generation/],
    [
        "a condition other than the requested one",
        ACCEPTED,
        condition("True", 2, "Available"),
        undefined,
        /no ingress controller/,
    ],
];
const failed: [...Case, why: RegExp][] = [
    [
        "a graph whose generation failed",
        DEPLOYED,
        graph(2, "Failed", 2),
        undefined,
        /Failed \(GraphDeploymentError\).*raise rampart\.retry/s,
    ],
    ["a graph that failed before its namespace existed", NAMESPACE, graph(2, "Failed", 2), undefined, /Failed/],
    ["a graph that failed, with an active namespace", NAMESPACE, graph(2, "Failed", 2), "Active", /Failed/],
    ["a refused object", ACCEPTED, condition("False", 2), undefined, /^SyncFailed: no such plugin$/],
    [
        "failures of a synchronisation, without duplicates",
        ACCEPTED,
        condition("False", 2, "Accepted", "Err: 404; Err: 404; Err: no such plugin; Err: 404"),
        undefined,
        /^SyncFailed: Err: 404; Err: no such plugin$/,
    ],
];

describe("judge", () => {
    const finalAfter = (verdict: ReturnType<typeof judge>) =>
        (verdict as { finalAfterSeconds: number }).finalAfterSeconds;
    it("treats Rampart's Failed as final: it never retries a generation", () => {
        for (const until of [DEPLOYED, NAMESPACE]) assert.equal(finalAfter(judge(until, graph(2, "Failed", 2))), 0);
    });
    it("gives the ingress controller longer than its pauses of 1, 2 and 4 s to withdraw a rejection", () => {
        const seconds = finalAfter(judge(ACCEPTED, condition("False", 2)));
        assert.ok(seconds > 1 + 2 + 4 && seconds <= 10, `${seconds} s`);
    });

    for (const [what, until, object, namespace] of ready)
        it(`calls ${what} ready`, () => assert.deepEqual(judge(until, object, namespace), { state: "ready" }));
    for (const [state, cases] of [["waiting", waiting] as const, ["failed", failed] as const])
        for (const [what, until, object, namespace, why] of cases)
            it(`calls ${what} ${state}`, () => {
                const verdict = judge(until, object, namespace);
                assert.equal(verdict.state, state);
                assert.match((verdict as { why: string }).why, why);
            });
});

/** Rampart's message about one failed helmfile run. */
const failure = (component: string, stderr: string) =>
    `Deployment failed running (('helmfile', '--file', '/w/${component}.yaml', 'sync'), ` +
    `{'env': {'RAMPART_REGISTRY_PASSWORD': 's3cret', 'TEXT': 'two\\nlines'}, 'stdout': -1, 'stderr': -1}): error code 1\n` +
    `stdout:\nAdding repo s3cret\n\n\nstderr:\n${stderr}\n\n\n`;
const DEPLOYMENT = "The following errors occured during deployment:\n";
const VALIDATION = "The following errors occured during validation:\n";

describe("rampartWords", () => {
    it("shows the error output of a failed deployment, and nothing before it", () =>
        assert.equal(rampartWords(DEPLOYMENT + failure("a", "no such chart")), "no such chart"));
    it("shows the error output of each component, and nothing between", () => {
        const words = rampartWords(DEPLOYMENT + failure("a", "one\ntwo") + failure("b", "three"));
        assert.deepEqual(words.split("\n").filter(Boolean), ["one", "two", "three"]);
    });
    it("shows the message of a validation, without its heading", () =>
        assert.equal(rampartWords(`${VALIDATION}Namespace a-b already exists.\n\n`), "Namespace a-b already exists."));
    it("shows the message of a deployment that ran no command", () =>
        assert.equal(
            rampartWords(`${DEPLOYMENT}Timed out waiting for namespace a-b to terminate.\n\n`),
            "Timed out waiting for namespace a-b to terminate.",
        ));
    const silent: [what: string, messages: string | undefined][] = [
        ["a deployment without an error output", failure("a", "x").split("stderr:\n")[0]],
        ["a validation that quotes an environment", `${VALIDATION}{'env': {'A': 's3cret'}}`],
        ["an empty text", undefined],
    ];
    for (const [what, messages] of silent)
        it(`points to the controller's log for ${what}`, () =>
            assert.match(rampartWords(messages), /^without an error output; see the log of Rampart's controller\.$/));
});

const pod = (containers: object[], more: object = {}): ObservedPod => ({
    metadata: { name: "head", namespace: "a", uid: "u1", ...more },
    status: { containerStatuses: containers as any },
});
const waitingFor = (reason: string, message?: string) => ({ name: "a", state: { waiting: { reason, message } } });
const event = (message: string, more: object = {}): ObservedEvent => ({
    ...{ type: "Warning", reason: "Failed", message, lastTimestamp: "2026-11-30T12:00:00Z" },
    ...{ involvedObject: { uid: "u1" }, ...more },
});
const GONE =
    'Failed to pull image "a:1": rpc error: code = NotFound desc = failed to pull and unpack image "a:1": a:1: not found';
const BACK_OFF = 'Back-off pulling image "a:1"';
const NO_FOLDER =
    'MountVolume.SetUp failed for volume "weights" : hostPath type check failed: /data is not a directory';

describe("a pod's problem", () => {
    it("is none where no problem is known", () => {
        assert.equal(troubleOf([pod([{ name: "a" }])]), undefined);
        assert.equal(troubleOf([pod([waitingFor("ContainerCreating")])]), undefined);
        const pulling = event("Pulling image", { type: "Normal", lastTimestamp: "2026-11-30T12:00:05Z" });
        assert.equal(troubleOf([pod([waitingFor("ContainerCreating")])], [event("before"), pulling]), undefined);
        assert.equal(troubleOf([pod([waitingFor("ImagePullBackOff")], { deletionTimestamp: "now" })]), undefined);
    });

    it("is an image that cannot be pulled: final in a window", () => {
        assert.deepEqual(troubleOf([pod([waitingFor("ImagePullBackOff", "no such image")])]), {
            state: "failed",
            finalAfterSeconds: 60,
            why: "pod head: ImagePullBackOff: no such image.",
        });
    });

    const patient: [
        what: string,
        reason: string,
        message: string,
        events: ObservedEvent[],
        state: string,
        why: RegExp,
    ][] = [
        [
            "an image that does not exist",
            "ErrImagePull",
            GONE,
            [],
            "failed",
            /ErrImagePull: Failed to pull.*: not found\.$/,
        ],
        ["an image without access", "ErrImagePull", "401 Unauthorized", [], "failed", /401 Unauthorized\.$/],
        ["an invalid name", "InvalidImageName", 'couldn\'t parse "A"', [], "failed", /^pod head: InvalidImageName/],
        ["an unreachable registry", "ErrImagePull", "dial tcp: i/o timeout", [], "waiting", /i\/o timeout$/],
        [
            "a pause between tries",
            "ImagePullBackOff",
            BACK_OFF,
            [event(GONE)],
            "failed",
            /^pod head: ImagePullBackOff: Failed.*not found\.$/,
        ],
        [
            "a back-off without a known cause",
            "ImagePullBackOff",
            BACK_OFF,
            [],
            "waiting",
            /^pod head: ImagePullBackOff: Back-off/,
        ],
    ];
    for (const [what, reason, message, events, state, why] of patient)
        it(`before a window: ${what} is ${state}`, () => {
            const verdict = troubleOf([pod([waitingFor(reason, message)])], events, { waitsForRetries: true })!;
            assert.equal(verdict.state, state);
            assert.match((verdict as { why: string }).why, why);
        });

    it("is a volume that cannot be mounted, which only an event reports: a missing folder is final", () => {
        const creating = pod([waitingFor("ContainerCreating")]);
        const mount = (message: string, more = {}) => [event(message, { reason: "FailedMount", ...more })];
        assert.deepEqual(troubleOf([creating], mount(NO_FOLDER), { waitsForRetries: true }), {
            state: "failed",
            finalAfterSeconds: 60,
            why: `pod head: FailedMount: ${NO_FOLDER}.`,
        });
        assert.deepEqual(
            troubleOf([creating], mount("timed out waiting for the condition"), { waitsForRetries: true }),
            {
                state: "waiting",
                why: "pod head: FailedMount: timed out waiting for the condition",
            },
        );
        const earlier = mount(NO_FOLDER, { involvedObject: { uid: "u0" } });
        assert.equal(
            troubleOf([creating], earlier, { waitsForRetries: true }),
            undefined,
            "an event about an earlier pod of that name",
        );
        const runs = pod([{ name: "a", state: { running: {} } }]);
        assert.equal(troubleOf([runs], mount(NO_FOLDER), { waitsForRetries: true }), undefined, "mounted since");
    });

    it("is a container that keeps exiting: its exit code and the command for its log, and not the log", () => {
        const crashing = (restartCount: number, reason?: string) => ({
            ...{ name: "a", restartCount, state: { waiting: { reason: "CrashLoopBackOff" } } },
            lastState: { terminated: { exitCode: 137, reason, message: "a prompt of a caller" } },
        });
        const once = troubleOf([pod([crashing(1, "OOMKilled")])])!;
        assert.deepEqual(once, {
            state: "waiting",
            why: "pod head: its container keeps exiting (exit code 137, OOMKilled; see: kubectl -n a logs head --previous)",
        });
        const thrice = troubleOf([pod([crashing(3)])])!;
        assert.equal(thrice.state, "failed");
        assert.doesNotMatch(JSON.stringify(thrice), /prompt/);
    });

    it("is a pod that fits on no node, unless another pod has a final problem", () => {
        const unplaced = {
            metadata: { name: "w" },
            status: {
                conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no GPUs" }],
            },
        };
        assert.deepEqual(troubleOf([unplaced]), { state: "waiting", why: "pod w: Unschedulable: no GPUs" });
        assert.equal(troubleOf([unplaced, pod([waitingFor("ErrImagePull", "x")])])!.state, "failed");
    });
});
