/** Certificates at the entry point. */
import { list } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { always, objectTitle as title, when, type KindRule, type Verdict } from "../rule";
import { listed } from "../values-text";

export const apisixTls: KindRule = {
    created: (change) => ({ code: "access-added", says: `${title(change)} is created: HTTPS is served` }),
    deleted: (change) => ({ code: "access-removed", says: `${title(change)} is deleted: HTTPS is no longer served` }),
    replaced: (change) => ({
        code: "service-interrupted",
        says: `${title(change)} is deleted and created again: no HTTPS meanwhile`,
    }),
    rows: [
        ["spec.hosts", hosts],
        ["spec.secret.**", always("certificate-changed", () => "The gateway presents another certificate")],
    ],
};

export const certificate: KindRule = {
    deleted: (change) => ({
        code: "certificate-changed",
        says: `${title(change)} is deleted: it is no longer renewed`,
    }),
    replaced: (change) => ({ code: "certificate-changed", says: `${title(change)} is issued again` }),
    rows: [
        ["spec.dnsNames", hosts],
        ["spec.**", always("certificate-changed", (change) => `${title(change)} is issued again`)],
    ],
};

function hosts({ old, new: now }: Difference, change: Change): Verdict[] {
    const gone = list(old)
        .filter((host) => !list(now).includes(host))
        .map(String);
    const more = list(now)
        .filter((host) => !list(old).includes(host))
        .map(String);
    return [
        ...when(gone.length > 0, {
            code: "access-removed",
            says: `${title(change)} no longer has a certificate for ${listed(gone)}`,
        }),
        ...when(more.length > 0, {
            code: "access-added",
            says: `${title(change)} also has a certificate for ${listed(more)}`,
        }),
    ];
}
