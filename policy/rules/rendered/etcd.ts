import { renderBudget, renderPolicies } from "../../../components/etcd/etcd";
import { renderMembers, renderPeers, renderService } from "../../../components/etcd/members";
import { ETCD, etcdNamespace, memberNames, PEERS } from "../../../components/etcd/names";
import { POLICY_PREFIX } from "../../../components/kubernetes/network-policies";
import { ETCD_MEMBERS } from "../../../components/apisix/availability";
import { combinations, form } from "./form";
import { cachedForms, type ByName } from "./gateway";

// Expected forms (form.ts) of etcd's objects, which are in a separate namespace.

const NAMESPACE = "sample-namespace";
const MEMBERS = [1, ETCD_MEMBERS];

export const statefulSets: ByName = {
    [ETCD]: () =>
        cachedForms("members of etcd", () =>
            combinations({ members: MEMBERS, storage: [true, undefined] }).map(({ members, storage }) =>
                form(
                    { namespace: NAMESPACE, image: "mirror.example.org/sample:v3.6.99", storageClass: "sample-class" },
                    ({ namespace, image, storageClass }) => ({
                        metadata: { namespace: etcdNamespace(namespace) },
                        spec: renderMembers(
                            { image, members: members!, ...(storage ? { storageClass } : {}) },
                            etcdNamespace(namespace),
                        ),
                    }),
                ),
            ),
        ),
};

export const etcdServices: ByName = {
    [ETCD]: () => cachedForms("service of etcd", () => [form({}, () => ({ spec: renderService() }))]),
    [PEERS]: () => cachedForms("peers of etcd", () => [form({}, () => ({ spec: renderPeers() }))]),
};

export const etcdPolicies: ByName = {
    [`${POLICY_PREFIX}etcd`]: () =>
        cachedForms("policy of etcd", () => [
            form({ namespace: NAMESPACE }, ({ namespace }) => ({ spec: renderPolicies(namespace).etcd })),
        ]),
};

export const etcdBudgets: ByName = {
    [ETCD]: () => cachedForms("budget of etcd", () => [form({}, () => ({ spec: renderBudget() }))]),
};

/** Resource that sets etcd's password. */
export const preparations = () =>
    MEMBERS.map((members) =>
        form({ namespace: NAMESPACE, apisix: "sample-gateway" }, (s) => ({
            place: { namespace: etcdNamespace(s.namespace), pods: memberNames(members) },
            apisixNamespace: s.apisix,
        })),
    );
