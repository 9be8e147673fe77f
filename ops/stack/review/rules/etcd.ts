/** etcd, where APISIX stores its configuration. */
import type { Difference } from "../differences";
import { objectName, type KindRule, type Verdict } from "../rule";

export const members: KindRule = {
    deleted: (change) => ({
        code: "data-deleted",
        says: `StatefulSet ${objectName(change)} is deleted, with everything that APISIX stores in it`,
        severity: "risk",
    }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `StatefulSet ${objectName(change)} is deleted and created again: a pod of APISIX that starts meanwhile serves no caller`,
    }),
    rows: [
        ["spec.replicas", size],
        [
            "spec.volumeClaimTemplates.**",
            () => ({
                code: "data-deleted",
                says: "etcd stores its data elsewhere; the old data is left behind or deleted",
            }),
        ],
        ["spec.**", () => restarts],
    ],
};

const restarts: Verdict = {
    code: "pods-restart",
    says: "etcd restarts; callers notice nothing while APISIX keeps running, and changes take effect only afterwards",
};

function size({ old, new: now }: Difference): Verdict {
    const says = `etcd has ${String(now)} members, and had ${String(old)}`;
    return Number(now) > Number(old)
        ? { code: "pods-restart", says }
        : {
              code: "data-deleted",
              severity: "breaks-callers",
              says: `${says}: without a majority it accepts no change`,
          };
}
