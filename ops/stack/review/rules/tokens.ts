/** Service tokens: credentials of callers at Cloudflare. */
import type { Change } from "../changes";
import type { Difference } from "../differences";
import type { KindRule, Verdict, Verdicts } from "../rule";
import { NAMES, ACCOUNT_AND_ZONE } from "./cloudflare";

/** `lab/2026a`, of the resource `lab.2026a-token`. */
function credential({ name }: Change): string {
    return name.replace(/-token$/, "").replace(".", "/");
}

export const serviceToken: KindRule = {
    created: (change) => ({ code: "credential-added", says: `Credential ${credential(change)} is added` }),
    deleted: (change) => ({ code: "credential-revoked", says: `Credential ${credential(change)} stops working` }),
    replaced: (change) => ({
        code: "credential-changed",
        says: `Credential ${credential(change)} is replaced: the earlier one stops working`,
    }),
    rows: [
        [
            "enabled",
            ({ new: now }, change) =>
                now === false
                    ? {
                          code: "credential-revoked",
                          says: `Credential ${credential(change)} stops working: it is disabled`,
                      }
                    : {
                          code: "credential-added",
                          severity: "risk",
                          says: `Credential ${credential(change)} works again`,
                      },
        ],
        ["duration", duration],
        ["clientSecretVersion", rotated],
        ["previousClientSecretExpiresAt", previous],
        ...NAMES,
        ...ACCOUNT_AND_ZONE,
    ],
};

function duration({ old, new: now }: Difference, change: Change): Verdict {
    const hours = (value: unknown) =>
        value === "forever" ? Infinity : Number(/^(\d+)h/.exec(String(value))?.[1] ?? NaN);
    const who = `Credential ${credential(change)}`;
    // It is unknown whether Cloudflare counts a new duration from the update or from the creation of the token. From the
    // creation, the token may expire at once.
    if (!(hours(now) >= hours(old)))
        return { code: "credential-ends-sooner", says: `${who} expires sooner, perhaps at once` };
    return { code: "credential-ends-later", says: `${who} expires later` };
}

function rotated({ old, new: now }: Difference, change: Change, { today }: { today: Date }): Verdict {
    const until = change.new?.previousClientSecretExpiresAt;
    const who = `Credential ${credential(change)}`;
    if (typeof until !== "string" || new Date(until) <= today || Number(now) < Number(old ?? 1))
        return { code: "credential-changed", says: `${who} gets a new secret, and the earlier one stops working` };
    return {
        code: "credential-rotated",
        says: `${who} gets a new secret; the earlier one expires on ${until.slice(0, 10)}`,
    };
}

function previous({ old, new: now }: Difference, change: Change, { today }: { today: Date }): Verdicts {
    if (old === undefined || change.old?.clientSecretVersion !== change.new?.clientSecretVersion) return undefined; // The change of the secret's version has its own finding.
    const who = `Credential ${credential(change)}`;
    if (typeof now === "string" && now > String(old))
        return { code: "credential-ends-later", says: `${who}: the previous secret stays valid for longer` };
    const over = typeof now !== "string" || new Date(now) <= today;
    return {
        code: "credential-ends-sooner",
        severity: over ? "breaks-callers" : "risk",
        says: `${who}: the previous secret expires sooner than before`,
    };
}
