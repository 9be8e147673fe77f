/** etcd, where APISIX stores its configuration: etcd of this project, or of earlier charts. */
import { valueAt, type Path } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { objectName, type KindRule, type Row, type Run, type Verdict, type Verdicts } from "../rule";
import { gateway } from "./entry";

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

/** Rows of the values of the chart's own etcd. */
export function valuesOfEtcd(base: Path): Row[] {
    const at = (path: string) => [...base, "etcd", path].join("/");
    const isOn = (change: Change) => valueAt(change.new, [...base, "etcd", "enabled"]) !== false;
    return [
        [at("enabled"), (d, change, run) => comesOrGoes(d, change, run)],
        [at("**"), (_, change): Verdicts => (isOn(change) ? restarts : undefined)],
    ];
}

function comesOrGoes({ new: now }: Difference, change: Change, run: Run): Verdict {
    if (now !== false) return restarts;
    const moves = run.changes.some(({ kind, op }) => kind === "dynamic EtcdPrepared" && op === "create");
    return moves
        ? {
              code: "pods-restart",
              says: `${gateway(change)}: etcd moves to etcd's own image; its data is copied first, and changes take effect only afterwards`,
          }
        : {
              code: "data-deleted",
              says: `${gateway(change)}: etcd is deleted, with everything that APISIX stores in it`,
          };
}
