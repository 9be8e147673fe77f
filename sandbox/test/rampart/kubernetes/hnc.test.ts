// Proves which steps the HNC emulator chooses. Tests on the sandbox prove the effect of these steps on the API server.
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
            "adds its finalizer to a new anchor before it creates the namespace",
            anchor({ finalizers: [] }),
            undefined,
            ["add finalizer", "create namespace", "report Ok"],
        ],
        ["accepts its own namespace", anchor(), namespace("default"), ["report Ok"]],
        ["reports a namespace of another owner", anchor(), namespace("other"), ["report Conflict"]],
        ["waits while an old namespace is deleted", anchor(), namespace("default", leaving), []],
        ["deletes the namespace of a deleted anchor", anchor(leaving), namespace("default"), ["delete namespace"]],
        ["keeps the anchor until the namespace is deleted", anchor(leaving), namespace("default", leaving), []],
        ["removes the finalizer when the namespace is deleted", anchor(leaving), undefined, ["remove finalizer"]],
        ["does not delete another owner's namespace", anchor(leaving), namespace("other"), ["remove finalizer"]],
    ];
    for (const [what, from, at, actions] of table) {
        it(what, () => assert.deepEqual(nextActions(from as never, at as never), actions));
    }
});
