/**
 * Proves that Access applications, policies and the organization are stored and validated as documented. Not compared with the
 * real API.
 */
import assert from "node:assert/strict";
import { uuid } from "../../../cloudflare/ids";
import { TestApi } from "../kit";

const POLICIES = "accounts/{account}/access/policies";
const APPS = "accounts/{account}/access/apps";
const ORGANIZATION = "accounts/{account}/access/organizations";

describe("Access at the Cloudflare emulator", () => {
    let api: TestApi;
    let token: string;
    let policy: string;
    beforeEach(async () => {
        api = await TestApi.start();
        await api.zone();
        token = (await api.post("accounts/{account}/access/service_tokens", { name: "lab" })).result.id;
        policy = (await api.post(POLICIES, policyBody())).result.id;
    });
    afterEach(() => api.close());

    const policyBody = (more: object = {}) => ({
        ...{ name: "callers", decision: "non_identity", session_duration: "24h" },
        include: [{ service_token: { token_id: token } }],
        ...more,
    });
    const appBody = (more: object = {}) => ({
        ...{ type: "self_hosted", name: "api", domain: "api.example.test", session_duration: "24h" },
        ...{ app_launcher_visible: true, http_only_cookie_attribute: true },
        policies: [{ id: policy, precedence: 1 }],
        ...more,
    });
    const app = async (more: object = {}) => (await api.post(APPS, appBody(more))).result;

    it("returns a policy with everything sent, empty lists for everything else, and the number of its applications", async () => {
        const { result } = await api.get(`${POLICIES}/${policy}`);
        const { id, created_at, updated_at, ...rest } = result;
        assert.deepEqual([id, created_at], [policy, updated_at]);
        assert.deepEqual(rest, { ...policyBody(), exclude: [], require: [], reusable: true, app_count: 0 });
        await app();
        assert.equal((await api.get(`${POLICIES}/${policy}`)).result.app_count, 1);
        const changed = await api.put(`${POLICIES}/${policy}`, policyBody({ name: "new", exclude: null }));
        assert.deepEqual([changed.result.name, changed.result.app_count], ["new", 1]);
    });

    const badPolicies: [why: string, more: object, names: RegExp][] = [
        ["a decision that does not exist", { decision: "service_auth" }, /decision: /],
        ["an empty include list", { include: [] }, /include: /],
        ["two selectors in one", { include: [{ everyone: {}, certificate: {} }] }, /include\.0: /],
        ["an invalid IP address", { include: [{ ip: { ip: "10.0.0.0/33" } }] }, /include\.0: ip: .*address/],
        ["a selector without its field", { include: [{ ip: {} }] }, /include\.0: ip/],
        [
            "a token that does not exist",
            { include: [{ service_token: { token_id: uuid() } }] },
            /unknown service token/,
        ],
        ["a client id instead of the token id", { include: [{ service_token: { token_id: "ab.access" } }] }, /unknown/],
    ];
    for (const [why, more, names] of badPolicies) {
        it(`rejects a policy with ${why}`, async () => {
            const got = await api.post(POLICIES, policyBody(more));
            assert.equal(got.status, 400);
            assert.match(got.message, names);
        });
    }

    it("does not emulate other selectors, nor an application's policy that has an id and rules", async () => {
        const both = await api.post(APPS, appBody({ policies: [{ id: policy, include: [] }] }));
        assert.deepEqual([both.status, both.message.includes("policies.0.include")], [501, true]);
        assert.equal((await api.post(POLICIES, policyBody({ include: [{ okta: {} }] }))).status, 501);
    });

    it("does not delete a policy in use", async () => {
        const { id } = await app();
        assert.equal((await api.delete(`${POLICIES}/${policy}`)).status, 400);
        await api.delete(`${APPS}/${id}`);
        assert.equal((await api.delete(`${POLICIES}/${policy}`)).status, 200);
        assert.equal((await api.get(`${POLICIES}/${policy}`)).status, 404);
    });

    it("returns an application with its audience, its complete policies, and all three forms of its hostname", async () => {
        const made = await app({ read_service_tokens_from_header: "Authorization", service_auth_401_redirect: true });
        const { result } = await api.get(`${APPS}/${made.id}`);
        assert.deepEqual(result, made);
        assert.match(result.aud, /^[0-9a-f]{64}$/);
        assert.deepEqual(
            [result.domain, result.self_hosted_domains, result.destinations],
            ["api.example.test", ["api.example.test"], [{ type: "public", uri: "api.example.test" }]],
        );
        assert.deepEqual(
            [
                result.policies[0].id,
                result.policies[0].precedence,
                result.policies[0].decision,
                result.policies[0].reusable,
            ],
            [policy, 1, "non_identity", true],
        );
        assert.deepEqual([result.read_service_tokens_from_header, result.allowed_idps], ["Authorization", []]);
    });

    it("keeps its audience across changes, and deletes fields that a PUT sends as null", async () => {
        const made = await app({ service_auth_401_redirect: true, read_service_tokens_from_header: "X-Token" });
        const { destinations, self_hosted_domains } = made;
        const nulls = { service_auth_401_redirect: null, read_service_tokens_from_header: null };
        const { result } = await api.put(
            `${APPS}/${made.id}`,
            appBody({ destinations, self_hosted_domains, ...nulls }),
        );
        assert.equal(result.aud, made.aud);
        assert.deepEqual(
            [result.service_auth_401_redirect, result.read_service_tokens_from_header],
            [false, undefined],
        );
    });

    it("moves to another hostname when the domain changes", async () => {
        const made = await app();
        const { result } = await api.put(`${APPS}/${made.id}`, appBody({ domain: "b.example.test/v1" }));
        assert.deepEqual(result.self_hosted_domains, ["b.example.test/v1"]);
    });

    const six = Array.from({ length: 6 }, (_, i) => ({ type: "public", uri: `h${i}.example.test` }));
    const badApps: [why: string, more: object, names: RegExp][] = [
        ["a hostname outside of the account's zones", { domain: "api.other.test" }, /zone of this account/],
        ["a hostname that only ends like a zone's name", { domain: "notexample.test" }, /zone of this account/],
        ["a scheme", { domain: "https://api.example.test" }, /without a scheme/],
        ["no name", { name: null }, /name: /],
        ["no hostname", { domain: null }, /Set domain or destinations/],
        ["six hostnames", { domain: null, destinations: six }, /at most 5 \(got 6\)/],
        ["a domain that is not among the destinations", { destinations: six.slice(1, 2) }, /one of the destinations/],
        ["a policy that does not exist", { policies: [{ id: uuid(), precedence: 1 }] }, /unknown policy/],
        [
            "an inline policy without a decision",
            { policies: [{ name: "a", include: [{ everyone: {} }] }] },
            /policies\.0\.decision: /,
        ],
        ["a type that does not exist", { type: "selfhosted" }, /type/],
        ["a session of a day", { session_duration: "1d" }, /session_duration: /],
    ];
    for (const [why, more, names] of badApps) {
        it(`rejects an application with ${why}`, async () => {
            const got = await api.post(APPS, appBody(more));
            assert.equal(got.status, 400);
            assert.match(got.message, names);
            assert.equal(api.account.applications.size, 0);
        });
    }

    it("belongs to the zone in which it is created", async () => {
        const other = await api.zone("other.test");
        const { policies: _, ...body } = appBody();
        assert.equal((await api.post(`zones/${other}/access/apps`, body)).status, 400);
        assert.equal((await api.post(`zones/${other}/access/apps`, { ...body, domain: "a.other.test" })).status, 200);
    });

    it("refuses a precedence used twice", async () => {
        const other = (await api.post(POLICIES, policyBody({ name: "b" }))).result.id;
        const got = await api.post(APPS, appBody({ policies: [policy, other].map((id) => ({ id, precedence: 1 })) }));
        assert.equal(got.status, 400);
    });

    it("rejects a hostname of another application, and accepts a path below that hostname", async () => {
        const made = await app();
        assert.equal((await api.post(APPS, appBody({ name: "b" }))).status, 400);
        assert.equal((await api.post(APPS, appBody({ domain: "api.example.test/healthz" }))).status, 200);
        assert.equal((await api.put(`${APPS}/${made.id}`, appBody())).status, 200, "its own");
    });

    it("creates its inline policies, keeps their ids, and deletes them with itself", async () => {
        const inline = { name: "inside", decision: "bypass", include: [{ everyone: {} }], precedence: 1 };
        const made = await app({ policies: [inline] });
        assert.deepEqual([made.policies[0].name, made.policies[0].reusable], ["inside", false]);
        const renamed = { ...inline, name: "still" };
        const { result } = await api.put(`${APPS}/${made.id}`, appBody({ policies: [renamed] }));
        assert.deepEqual([result.policies[0].id, result.policies[0].name], [made.policies[0].id, "still"]);
        assert.equal((await api.get(`${POLICIES}/${made.policies[0].id}`)).status, 404);
        await api.put(`${APPS}/${made.id}`, appBody({ policies: [] }));
        assert.equal(api.account.policies.size, 1);
    });

    it("permanently enforces strict mode for service tokens in organizations created since 2026-10-05", async () => {
        const { result } = await api.get(ORGANIZATION);
        assert.deepEqual(
            [result.auth_domain, result.strict_service_token_auth],
            ["sandbox.cloudflareaccess.com", true],
        );
        assert.equal((await api.patch(ORGANIZATION, { strict_service_token_auth: false })).status, 400);
    });

    it("allows an older organization to enable strict mode and to disable it again", async () => {
        const older = await TestApi.start({ organizationSince: "2025-01-01T00:00:00Z" });
        try {
            const set = async (on: boolean) =>
                (await older.patch(ORGANIZATION, { strict_service_token_auth: on })).result;
            assert.equal(older.account.organization.strict_service_token_auth, false);
            assert.equal((await set(true)).strict_service_token_auth, true);
            assert.equal((await set(false)).strict_service_token_auth, false);
        } finally {
            await older.close();
        }
    });
});
