/** Texts about the steps of a conversion for the operator. */
import type { Phase, Place, Step } from "./phases";

/** Texts about a step. */
interface StepDescription {
    does: string;
    /** What the step waits for during most of its time, as the end of a sentence that begins with "waits until". */
    waitsFor: string;
}

const FORWARD: Record<Phase, StepDescription> = {
    prepare: {
        does: "KubeRay's operator and the suspended component are created, images and weights are put on the component's nodes, and bare metal's answers are recorded",
        waitsFor: "images are pulled and volumes are bound on every node",
    },
    drain: { does: "new requests get 503 with Retry-After", waitsFor: "the gateway rejects new requests" },
    stop: {
        does: "requests in progress finish, and bare metal is stopped over SSH",
        waitsFor: "requests in progress have finished, and the GPUs of every host are free",
    },
    start: { does: "the component runs", waitsFor: "the model is loaded in the component" },
    verify: {
        does: "the component gets the questions that bare metal answered",
        waitsFor: "the component has given the same answers as bare metal, within the time limit",
    },
    switch: { does: "callers' routes point to the component", waitsFor: "a caller's request is answered" },
    done: { does: "bare metal no longer starts at boot", waitsFor: "the hosts confirm this setting" },
};

const BACK: Partial<Record<Place, StepDescription>> = {
    switch: { does: "bare metal starts at boot again", waitsFor: "the hosts confirm this setting" },
    verify: { does: "callers no longer reach the component", waitsFor: "the gateway rejects new requests" },
    start: { does: "new requests get 503 with Retry-After", waitsFor: "the gateway rejects new requests" },
    stop: {
        does: "requests in progress finish, and the component is suspended",
        waitsFor: "requests in progress have finished, the component's pods are gone and the GPUs are free",
    },
    drain: {
        does: "Alpa on bare metal is started by its own command",
        waitsFor: "the model is loaded on bare metal",
    },
    prepare: { does: "callers' routes point to bare metal", waitsFor: "a caller's request is answered" },
    "intra-a": { does: "component and operator are removed", waitsFor: "the objects are gone" },
};

const GATEWAY = "npm run ops -- consumer list --check";
const NOT_TAKEN = `Find out why the gateway does not apply the change: ${GATEWAY}`;

const BY_HAND: Partial<Record<Place, string>> = {
    switch: "Callers' routes point to the component. Check the bare-metal hosts.",
    verify: NOT_TAKEN,
    start: NOT_TAKEN,
    stop: "Check that the component's pods are gone: kubectl get pods -A -l ray.io/cluster",
    drain: "Start Alpa on the bare-metal hosts by its own command, and check that it answers on its port.",
    prepare: `Find out why the gateway does not route callers to bare metal: ${GATEWAY}`,
    "intra-a": "Callers are served. Find the object that is not deleted: pulumi preview --diff",
};

/** The texts about a step. */
export function descriptionOf({ direction, to }: Step): StepDescription {
    return direction === "forward" ? FORWARD[to as Phase] : BACK[to]!;
}

/** Advice for a step of a rollback that has failed twice. */
export function byHand({ to }: Step): string {
    return BY_HAND[to]!;
}
