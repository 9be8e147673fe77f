// Proves which problems of unready pods are reported, and which of them are final. The messages are from kubelet 1.34
// and containerd 2.
import { strict as assert } from "node:assert";
import { troubleOf, type ObservedEvent, type ObservedPod } from "../../../../components/kubernetes/pod-troubles";

const pod = (containers: object[], more: object = {}): ObservedPod => ({
    metadata: { name: "head", namespace: "a", uid: "u1", ...more },
    status: { containerStatuses: containers as any },
});
const waiting = (reason: string, message?: string) => ({ name: "a", state: { waiting: { reason, message } } });
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
        assert.equal(troubleOf([pod([waiting("ContainerCreating")])]), undefined);
        const pulling = event("Pulling image", { type: "Normal", lastTimestamp: "2026-11-30T12:00:05Z" });
        assert.equal(troubleOf([pod([waiting("ContainerCreating")])], [event("before"), pulling]), undefined);
        assert.equal(troubleOf([pod([waiting("ImagePullBackOff")], { deletionTimestamp: "now" })]), undefined);
    });

    it("is an image that cannot be pulled: final in a window", () => {
        assert.deepEqual(troubleOf([pod([waiting("ImagePullBackOff", "no such image")])]), {
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
            const verdict = troubleOf([pod([waiting(reason, message)])], events, { waitsForRetries: true })!;
            assert.equal(verdict.state, state);
            assert.match((verdict as { why: string }).why, why);
        });

    it("is a volume that cannot be mounted, which only an event reports: a missing folder is final", () => {
        const creating = pod([waiting("ContainerCreating")]);
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
        assert.equal(troubleOf([unplaced, pod([waiting("ErrImagePull", "x")])])!.state, "failed");
    });
});
