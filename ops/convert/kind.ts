/** Defines the conversion for the shared cutover code: Alpa moves from bare metal into the cluster. */
import { isSeq } from "yaml";
import { DEFAULT_HOST_WAITS } from "../../config/keys/convert";
import type { Expected } from "../cutover/clock";
import { BY_HAND, notLedTo } from "../cutover/commands/report";
import { expectedTimes, measured } from "../cutover/expected";
import type { Kind } from "../cutover/kind";
import { PHASES, type Phase, type Place, type StepDescription } from "../cutover/phases";
import { placeIn, restOf, setPlace } from "./stack-edit";
import { readNumber, readValue } from "../stack/stack-file";

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

const BACK_BY_HAND: Partial<Record<Place, string>> = {
    ...BY_HAND,
    switch: "Callers' routes point to the component. Check the bare-metal hosts.",
    drain: "Start Alpa on the bare-metal hosts by its own command, and check that it answers on its port.",
    prepare: notLedTo("bare metal"),
    "intra-a": "Callers are served. Find the object that is not deleted: pulumi preview --diff",
};

/** Steps during which callers get 503, in order. The stack keeps their times, in whole seconds. */
const KEPT = ["drain", "stop", "start", "verify", "switch"] as const;

/**
 * How long each step takes if it was never measured, in seconds.
 * @param answerSeconds how long Alpa may take for one answer
 */
export function defaults(answerSeconds: number): Expected {
    return expectedTimes(answerSeconds, "intra-a");
}

/** Longest time that Kubernetes and the gateway need in a step, in addition to that of the hosts, in seconds. */
const OTHERS_SECONDS = 900;

/**
 * How long one step of a rollback to intra-a may take, in seconds: the sum of all its timeouts. The hosts free their GPUs
 * and start Ray one after the other. Then Alpa must answer.
 */
export function patience(text: string, answerSeconds: number): number {
    const of = (key: keyof typeof DEFAULT_HOST_WAITS) =>
        readNumber(text, "convert", "bareMetal", key) ?? DEFAULT_HOST_WAITS[key];
    const [start, stop] = [of("startTimeoutSeconds"), of("stopTimeoutSeconds")];
    const hosts = readValue(text, "convert", "bareMetal", "hosts");
    const count = isSeq(hosts) ? hosts.items.length : 1;
    return answerSeconds + count * (start + 2 * stop) + start + OTHERS_SECONDS;
}

export const CONVERSION: Kind = {
    command: "convert",
    noun: "conversion",
    nounWithArticle: "a conversion",
    folder: "convert",
    before: "intra-a",
    target: "intra-b",
    old: "bare metal",
    new: "the component",
    has: { forward: "has option intra-b", back: "has option intra-a" },
    next: (stack, to) => `npm run ops -- convert run --yes${to === "intra-a" ? " --to intra-a" : ""} --stack ${stack}`,
    nothingToDo: (stack, reached) =>
        reached === "done"
            ? `${stack} has option intra-b, and no conversion is under way. To convert it back: npm run ops -- convert run --yes --to intra-a --stack ${stack}`
            : `${stack} has option intra-a, and no conversion is under way.`,
    settled: (stack, reached) => [
        `${stack}: option ${reached === "intra-a" ? "intra-a" : "intra-b"}${reached === "prepare" ? ", prepared, with Alpa still on bare metal" : ""}; no conversion is under way.`,
        `Next: npm run ops -- convert plan --stack ${stack}`,
    ],
    describe: ({ direction, to }) => (direction === "forward" ? FORWARD[to as Phase] : BACK[to]!),
    byHand: ({ to }) => BACK_BY_HAND[to]!,
    withoutDone: "Until step `done` succeeds, a restart of a host can start Alpa on bare metal a second time.",
    seen({ text }, { conversion }) {
        const reached = PHASES.includes(conversion?.phase as Phase) ? (conversion!.phase as Phase) : "intra-a";
        const since = conversion?.since;
        // The config check reports an invalid phase.
        return { reached, asked: placeIn(text) ?? reached, ...(since === undefined ? {} : { since }) };
    },
    defaults,
    toKeep(records) {
        const times = measured(records);
        const kept = KEPT.filter((step) => times[step] !== undefined);
        return Object.fromEntries(kept.map((step) => [step, Math.ceil(times[step])]));
    },
    patience,
    isBefore: (text) => placeIn(text) === "intra-a",
    restOf,
    edit: setPlace,
    // The last step back to intra-a keeps the lock, because its preflight check compares the recorded lock holder with the
    // one in the cluster.
    releases: (to) => to === "done",
};
