/** etcd, which APISIX keeps its configuration in: of this project, or brought along by the chart of before. */
import type { Change } from "../changes";
import { valueAt, type Difference, type Path } from "../differences";
import { objectName, type KindRule, type Row, type Run, type Verdict, type Verdicts } from "../rule";
import { gateway } from "./entry";

export const members: KindRule = {
    deleted: (change) => ({
        code: "data-deleted",
        severity: "risk",
        says: `StatefulSet ${objectName(change)} goes, with all that APISIX keeps in it`,
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
                says: "etcd keeps its data elsewhere, and what it had stays behind or goes",
            }),
        ],
        ["spec.**", () => restarts],
    ],
};

const restarts: Verdict = {
    code: "pods-restart",
    says: "etcd restarts; callers notice nothing while APISIX keeps running, changes wait",
};

function size({ old, new: now }: Difference): Verdict {
    const says = `etcd has ${String(now)} members, and had ${String(old)}`;
    return Number(now) > Number(old)
        ? { code: "pods-restart", says }
        : { code: "data-deleted", severity: "breaks-callers", says: `${says}: without a majority it takes no change` };
}

/** Rows of the values of an etcd that the chart brings along. */
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
              says: `${gateway(change)}: etcd moves to etcd's own image; what it holds is copied before, and changes wait meanwhile`,
          }
        : { code: "data-deleted", says: `${gateway(change)}: etcd goes, with all that APISIX keeps in it` };
}
