// Proves the decisions of the HNC emulator; that the API server carries them out is seen on the sandbox.
import assert from "node:assert/strict";
import { ANCHOR_FINALIZER, nextActions } from "../../../rampart/kubernetes/hnc.js";

const anchor = (more: object = {}) => ({
    metadata: { name: "default-g-svc", namespace: "default", finalizers: [ANCHOR_FINALIZER], ...more },
});
const namespace = (parent: string, more: object = {}) => ({
    metadata: { name: "default-g-svc", annotations: { "hnc.x-k8s.io/subnamespace-of": parent }, ...more },
});
const leaving = { deletionTimestamp: "now" };

describe("HNC", () => {
    const table: [what: string, anchor: object, namespace: object | undefined, actions: string[]][] = [
        [
            "holds a new anchor before it makes its namespace",
            anchor({ finalizers: [] }),
            undefined,
            ["add finalizer", "create namespace", "report Ok"],
        ],
        ["is content with its own namespace", anchor(), namespace("default"), ["report Ok"]],
        ["reports a namespace that is not the anchor's", anchor(), namespace("other"), ["report Conflict"]],
        ["waits while an old namespace goes", anchor(), namespace("default", leaving), []],
        ["deletes the namespace of a deleted anchor", anchor(leaving), namespace("default"), ["delete namespace"]],
        ["keeps the anchor until the namespace is gone", anchor(leaving), namespace("default", leaving), []],
        ["lets the anchor go when the namespace is gone", anchor(leaving), undefined, ["remove finalizer"]],
        ["leaves a foreign namespace alone", anchor(leaving), namespace("other"), ["remove finalizer"]],
    ];
    for (const [what, from, at, actions] of table) {
        it(what, () => assert.deepEqual(nextActions(from as never, at as never), actions));
    }
});
