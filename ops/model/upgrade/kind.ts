/** An upgrade of the model as a cutover: from the running version in the cluster to the new version. */
import { SUSPEND_SECONDS } from "../../../components/opt/conversion-phases";
import { DEFAULT_START_SECONDS } from "../../../config/keys/opt";
import { OTHERS_SECONDS } from "../../convert/kind";
import { isOver, type Conversion, type ModelChange } from "../../cutover/audit";
import { BY_HAND, notLedTo } from "../../cutover/commands/report";
import type { Expected } from "../../cutover/clock";
import { expectedTimes } from "../../cutover/expected";
import type { Kind } from "../../cutover/kind";
import type { Phase, Place, StepDescription } from "../../cutover/phases";
import { readNumber } from "../../stack/stack-file";
import { describeChange } from "./change";
import { isPhase, placeIn, restOf, setPlace } from "./stack-edit";

const REFUSED = "the gateway rejects new requests";
const ANSWERED = "a caller's request is answered";

const FORWARD: Record<Phase, StepDescription> = {
    prepare: {
        does: "image and weights of the new version are put on every node; the old version's answers are recorded",
        waitsFor: "images are pulled and weights are found on every node",
    },
    drain: { does: "new requests get 503 with Retry-After", waitsFor: REFUSED },
    stop: {
        does: "requests in progress finish, and the old version is suspended",
        waitsFor: "requests in progress have finished, and the pods are gone",
    },
    start: { does: "the new version runs", waitsFor: "the new model is loaded" },
    verify: {
        does: "the new version gets the questions that the old one answered",
        waitsFor: "the new version has answered within the time limit",
    },
    switch: { does: "callers reach the new version", waitsFor: ANSWERED },
    done: { does: "the nodes no longer hold the old version's image", waitsFor: "the stack names the new version" },
};

const BACK: Partial<Record<Place, StepDescription>> = {
    switch: { does: "the nodes hold the old version's image again", waitsFor: "the image is on every node" },
    verify: { does: "callers no longer reach the new version", waitsFor: REFUSED },
    start: { does: "new requests get 503 with Retry-After", waitsFor: REFUSED },
    stop: {
        does: "requests in progress finish, and the new version is suspended",
        waitsFor: "requests in progress have finished, and the pods are gone",
    },
    drain: { does: "the old version runs", waitsFor: "the old model is loaded" },
    prepare: { does: "callers reach the old version", waitsFor: ANSWERED },
    old: { does: "the nodes no longer hold the new version's image", waitsFor: "the objects are gone" },
};

const BACK_BY_HAND: Partial<Record<Place, string>> = {
    ...BY_HAND,
    switch: "Callers are served by the new version. Find out why a node does not hold the old image: kubectl get pods -A -l app.kubernetes.io/name=alpa-opt-images",
    drain: "Find out why the old version does not load: kubectl describe pods -A -l ray.io/cluster=alpa-opt",
    prepare: notLedTo("the component"),
    old: "Callers are served. Find the object that is not deleted: pulumi preview --diff",
};

/** For code that needs only the names and messages of an upgrade, because these do not depend on the versions. */
export const NO_CHANGE: ModelChange = { old: {}, new: {}, sameAnswers: true };

export function upgradeOf(change: ModelChange): Kind {
    return {
        command: "model upgrade",
        noun: "upgrade",
        nounWithArticle: "an upgrade",
        folder: "model-upgrade",
        before: "old",
        target: "new",
        reached: "upgraded",
        old: "the old version",
        new: "the new version",
        has: { forward: "runs the new version", back: "runs the old version" },
        changes: describeChange(change),
        started: "An upgrade is under way",
        expectations: [
            change.sameAnswers
                ? "The new version must give the same answers as the old one."
                : "The new version may give other answers than the old one. It must give the same answer when a question is repeated.",
        ],
        next: () => "the same command with run --yes instead of plan",
        nothingToDo: (stack) => `${stack}: no upgrade of the model is under way.`,
        settled: (stack, reached) => [
            `${stack}: no upgrade of the model is under way${reached === "prepare" ? "; image and weights of a new version are on the nodes" : ""}.`,
            `Next: npm run ops -- model upgrade plan --stack ${stack}`,
        ],
        sameAnswers: change.sameAnswers,
        describe: ({ direction, to }) => (direction === "forward" ? FORWARD[to as Phase] : BACK[to]!),
        byHand: ({ to }) => BACK_BY_HAND[to]!,
        withoutDone: "Until step `done` succeeds, the nodes keep both images.",
        seen({ text }, { conversion }, records) {
            const end = endOf(records);
            const reached = isPhase(conversion?.upgrade) ? (conversion!.upgrade as Phase) : end;
            const since = conversion?.since;
            return { reached, asked: placeIn(text) ?? end, ...(since === undefined ? {} : { since }) };
        },
        defaults: (answerSeconds) => expectedTimes(answerSeconds, "old"),
        // A conversion starts the same component, so the time that it measured for `start` is used.
        kept: ({ start }): Expected => (start === undefined ? {} : { start, "back to drain": start }),
        toKeep: () => ({}),
        patience: (text, answerSeconds) =>
            answerSeconds +
            SUSPEND_SECONDS +
            (readNumber(text, "opt", "startTimeoutSeconds") ?? DEFAULT_START_SECONDS) +
            OTHERS_SECONDS,
        isBefore: (text) => placeIn(text) === undefined,
        restOf: (text) => restOf(text, change),
        edit: (text, to) => setPlace(text, to, change),
        releases: (to) => to === "old" || to === "done",
    };
}

/** Whether a stack without a phase in its file has the old version or has completed the upgrade, from the record. */
function endOf(records: Conversion[]): "old" | "done" {
    const last = records.at(-1);
    if (last === undefined || isOver(last)) return "old";
    const ends = last.entries.flatMap((entry) =>
        entry.event === "step" && (entry.to === "done" || entry.to === "old") ? [entry.to] : [],
    );
    return ends.at(-1) ?? "old";
}
