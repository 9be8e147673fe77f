// Proves that a review reports every credential that is missing or different for a time, also where Pulumi shows no difference.
import { strict as assert } from "node:assert";
import { leftBehind, said, step } from "../steps";

const secret = (name: string, more: object = {}) => ({ metadata: { name, namespace: "alpa-auth", ...more } });
const consumer = { metadata: { name: "lab" }, spec: { credentials: [{ name: "a", type: "key-auth" }] } };
const hidden = (name: string) => ({ ...secret(name), stringData: "[secret]" });

describe("review of replaced Secrets", () => {
    it("reports that a caller is rejected meanwhile, although the Secret has no difference", () => {
        assert.deepEqual(said([step("Secret", "lab.a-secret", hidden("lab.a"), hidden("lab.a"), "replace")]), [
            "breaks-callers service-interrupted: Credential lab/a is deleted and created again: requests with it get 401 meanwhile",
        ]);
    });

    it("reports the same for a Secret that is not a caller's", () => {
        const [first] = said([step("Secret", "tls", hidden("alpa-tls-x"), hidden("alpa-tls-x"), "replace")]);
        assert.match(first, /^risk replaced: Secret alpa-tls-x is deleted and created again/);
    });

    it("reports the same for a Secret with a new name", () => {
        const [first] = said([step("Secret", "lab.a-secret", hidden("lab.a"), hidden("lab.b"), "replace")]);
        assert.match(first, /^breaks-callers service-interrupted: Credential lab\/a is deleted/);
    });

    it("reports a difference once, at its resource", () => {
        const steps = [
            { ...step("Secret", "s", hidden("lab.a"), hidden("lab.a"), "replace"), diffReasons: ["stringData"] },
        ];
        assert.match(said(steps).join("\n"), /^breaks-callers credential-changed: Credential lab\/a[^\n]*$/);
    });

    it("reports nothing for a caller that is added or removed as a whole", () => {
        const steps = [
            step("Secret", "lab.a-secret", hidden("lab.a"), hidden("lab.a"), "replace"),
            step("Consumer", "lab-consumer", consumer, undefined),
        ];
        assert.doesNotMatch(said(steps).join("\n"), /Credential/);
    });
});

describe("review of the Secret of a caller that is removed from the state only", () => {
    const stays = leftBehind("Consumer", "lab-consumer", consumer);
    it("reports at a deleted Secret that its credential stops working", () => {
        const found = said([step("Secret", "lab.a-secret", secret("lab.a"), undefined), stays]);
        assert.match(found.join("\n"), /^breaks-callers credential-revoked: Credential lab\/a stops working/);
    });

    it("reports at a changed Secret that its credential differs", () => {
        const found = said([step("Secret", "s", hidden("lab.a"), { ...hidden("lab.a"), stringData: "x" }), stays]);
        assert.match(found.join("\n"), /^breaks-callers credential-changed: Credential lab\/a/);
    });
});

describe("review of the credentials of a caller", () => {
    const entry = { name: "a", type: "key-auth", secretRef: { name: "lab.a" } };
    const lab = (credential: object) => ({ metadata: { name: "lab" }, spec: { credentials: [credential] } });

    it("reports a key that is written outside of the Secret", () => {
        const changed = said([step("Consumer", "c", lab(entry), lab({ ...entry, config: { key: "x" } }))]);
        assert.match(changed.join("\n"), /^breaks-callers credential-changed: Credential lab\/a/);
    });

    // Pulumi reads a date without quotes as a time, and then writes the time in Go's format.
    for (const [expires, what] of [
        ["2026-11-25", "2026-11-25, has come"],
        ["2026-11-25 00:00:00 +0000 UTC", "2026-11-25, has come"],
        ["2026-11-26", "2026-11-26, is near"],
    ])
        it(`reports the expiry in the config for a credential that stops: ${expires}`, () => {
            const credentials = [{ id: "a", method: "key", expires }];
            const config = { "alpa-auth:consumers": JSON.stringify([{ name: "lab", credentials }]) };
            const none = { metadata: { name: "lab" }, spec: { credentials: [] } };
            assert.deepEqual(said([step("Consumer", "c", lab(entry), none)], config), [
                `breaks-callers credential-revoked: Credential lab/a stops working: its expiry date in the config, ${what}`,
            ]);
        });
});

describe("review of a service token whose secret is rotated", () => {
    const version = (clientSecretVersion: number, previousClientSecretExpiresAt?: string) => ({
        name: "lab.a",
        clientSecretVersion,
        previousClientSecretExpiresAt,
    });
    const of = (until: string) => said([step("ServiceToken", "lab.a-token", version(1), version(2, until))]);

    it("is a risk until the previous secret expires", () =>
        assert.match(of("2099-01-01T00:00:00Z").join("\n"), /^risk credential-rotated: .*expires on 2099-01-01$/));

    it("breaks its caller where that expiry has passed", () =>
        assert.match(of("2020-01-01T00:00:00Z").join("\n"), /^breaks-callers credential-changed: Credential lab\/a/));
});

describe("review of resources that an earlier run has replaced and not deleted", () => {
    /**
     * A resource that an earlier run has replaced but not deleted. The state also has the new resource, with the same
     * URN.
     */
    const leftover = (name: string, inputs: object) => {
        const one = step("ServiceToken", name, inputs, undefined);
        return { ...one, oldState: { ...one.oldState!, id: "before", delete: true } };
    };

    it("is a risk: the replacement stays", () => {
        assert.deepEqual(said([leftover("lab.a-token", { name: "lab.a" })]), [
            "risk deleted: ZeroTrustAccessServiceToken lab.a-token, which an earlier run replaced, is deleted now",
        ]);
    });

    it("does not report a change of the replacement as a replacement", () => {
        const [old, now] = [
            { name: "lab.a", duration: "8760h" },
            { name: "lab.a", duration: "forever" },
        ];
        const found = said([leftover("lab.a-token", old), step("ServiceToken", "lab.a-token", old, now)]);
        assert.deepEqual(
            found.map((one) => one.split(":")[0]),
            ["risk deleted", "harmless credential-ends-later"],
        );
    });
});

describe("review of the record of revoked keys", () => {
    const record = (readmit: object, declared = "[secret]") => ({ declared, readmit });
    const changed = (from: object, to: object) => said([step("Revocations", "r", record(from), record(to, "other"))]);

    it("reports a key that works again because the config undoes its revocation", () =>
        assert.deepEqual(changed({}, { "lab/a": "revocation-0123abcd" }), [
            "breaks-callers revocation-broken: Breaks the revocation of lab/a: its revoked key works again",
        ]));

    it("also reports another revoked key of the same credential", () =>
        assert.match(changed({ "lab/a": "revocation-0" }, { "lab/a": "revocation-1" })[0], /^breaks-callers rev/));

    it("reports nothing for added and removed keys, nor for a removed `readmit` line", () => {
        assert.deepEqual(changed({}, {}), []);
        assert.deepEqual(changed({ "lab/a": "revocation-0123abcd" }, {}), []);
    });

    it("reports its deletion, which loses its content", () =>
        assert.deepEqual(said([step("Revocations", "r", record({}), undefined)]), [
            "risk protection-weakened: r: the record of revoked keys is deleted, so the config can declare the revoked keys again",
        ]));
});
