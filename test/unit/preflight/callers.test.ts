// Proves which problems stop a stack of option callers before it changes anything. Pulumi and the cluster are fakes.
// Engine tests use the real Pulumi and a real API server.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Live, ObjectRef } from "../../../components/kubernetes/cluster-reader";
import { COUNTED_APART } from "../../../components/consumers/limits";
import { OWNER_ANNOTATION } from "../../../components/kubernetes/ownership";
import { FORGEABLE, type SharedGateway } from "../../../components/consumers/shared-gateway";
import { callersPreflight, gatewayOf } from "../../../preflight/kubernetes/callers";
import type { ClusterView } from "../../../preflight/kubernetes/cluster";
import { PreflightError } from "../../../preflight/preflight-error";
import { record } from "../../kit";
import { callersSettings, COUNTERS, GATEWAY, MAIN } from "../kit/callers";

const OWN = "alpa-auth/callers-1";
const THEIRS = "alpa-auth/intra";
const HOME = "Namespace alpa-auth";
const ROUTE = "ApisixRoute alpa-auth/alpa";

/** The owner of each existing object, by the object's title, or null if it has no owner. */
type Objects = Record<string, string | null>;
const UP: Objects = { [HOME]: THEIRS, [ROUTE]: THEIRS };

function cluster(objects: Objects, going: string[] = [], troubles: Record<string, string> = {}): ClusterView {
    const nothing = async () => [];
    return {
        server: "https://10.0.0.1:16443",
        version: async () => ({}),
        nodes: nothing,
        nodePorts: nothing,
        gatewayTrouble: async (namespace) => troubles[namespace],
        isOpenEtcd: async () => false,
        storageClasses: nothing,
        list: nothing,
        read: async ({ kind, namespace, name }: ObjectRef): Promise<Live | undefined> => {
            const title = `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
            if (!(title in objects)) return undefined;
            const owner = objects[title];
            const annotations = owner === null ? undefined : { [OWNER_ANNOTATION]: owner };
            const deletionTimestamp = going.includes(title) ? "2026-11-25T00:00:00Z" : undefined;
            return { metadata: { annotations, deletionTimestamp } };
        },
    };
}

/** Runs the checks. @returns their errors, or the warnings when all checks pass */
async function said(
    objects: Objects,
    { gateway = GATEWAY, values = {}, going = [] as string[], troubles = {} } = {},
): Promise<{ problems: string[]; warnings: string[] }> {
    const settings = { ...callersSettings(values), gateway };
    try {
        const warnings = await callersPreflight(settings, OWN, () => cluster(objects, going, troubles));
        return { problems: [], warnings };
    } catch (error) {
        assert.ok(error instanceof PreflightError, String(error));
        return { problems: error.problems, warnings: [] };
    }
}

describe("preflight of option callers", () => {
    it("passes where the route is the other stack's and the names are free or this stack's", async () => {
        assert.deepEqual(await said({ ...UP, "Consumer alpa-auth/lab": OWN }), { problems: [], warnings: [] });
    });

    it("rejects a gateway that receives no change", async () => {
        const troubles = { [GATEWAY.binding.gatewayNamespace]: "etcd has lost keys. Run: kubectl" };
        assert.deepEqual((await said(UP, { troubles })).problems, ["gateway: etcd has lost keys. Run: kubectl"]);
    });

    const refused: [what: string, objects: Objects, problem: RegExp][] = [
        [
            "a cluster without the route",
            { [HOME]: THEIRS },
            /^of: ApisixRoute alpa-auth\/alpa of stack organization\/alpa-auth\/intra is not in this cluster\. .* Otherwise run: pulumi up -s/,
        ],
        ["an empty cluster", {}, /^of: ApisixRoute .* is not in this cluster/],
        [
            "a route of a third stack",
            { ...UP, [ROUTE]: "alpa-auth/third" },
            /^of: ApisixRoute alpa-auth\/alpa does not belong to stack alpa-auth\/intra \(it belongs to stack alpa-auth\/third\)/,
        ],
        [
            "a route without an owner",
            { ...UP, [ROUTE]: null },
            /does not belong to stack alpa-auth\/intra \(it has no owner\)/,
        ],
        [
            "a name of the other stack",
            { ...UP, "Consumer alpa-auth/lab": THEIRS },
            /of stack alpa-auth\/intra: Consumer alpa-auth\/lab\. /,
        ],
        [
            "a name of another stack of callers",
            { ...UP, "Consumer alpa-auth/nlp": "alpa-auth/callers-2" },
            /of stack alpa-auth\/callers-2: Consumer alpa-auth\/nlp\. /,
        ],
        [
            "a Secret of another owner",
            { ...UP, "Secret alpa-auth/nlp.2026a": null },
            /without an owner: Secret alpa-auth\/nlp\.2026a\. /,
        ],
    ];
    for (const [what, objects, problem] of refused)
        it(`rejects ${what}`, async () => {
            const { problems } = await said(objects);
            assert.equal(problems.length, 1, problems.join("\n"));
            assert.match(problems[0], problem);
        });

    it("rejects a route that is being deleted", async () => {
        const { problems } = await said(UP, { going: [ROUTE] });
        assert.match(problems.join(), /is not in this cluster/);
    });

    it("rejects a name that is too long with the namespace", async () => {
        const gateway = { ...GATEWAY, namespace: "n".repeat(60) };
        const { problems } = await said(UP, { gateway });
        assert.equal(problems.length, 2);
        assert.match(problems[0], /^consumers: n+_lab must be at most 63 characters \(got 64\)/);
    });

    it("rejects limits at several pods that count separately", async () => {
        const { problems } = await said(UP, { gateway: { ...GATEWAY, replicas: 3 } });
        assert.equal(problems.length, 1);
        assert.match(
            problems[0],
            /^limits: need gateway\.sharedCounters in stack organization.*, because each of the 3 replicas/,
        );
    });

    it("accepts limits at several pods that count together, and no limits at any number", async () => {
        const three = { ...GATEWAY, replicas: 3 };
        assert.deepEqual((await said(UP, { gateway: { ...three, counters: COUNTERS } })).problems, []);
        const values = { consumers: [{ name: "lab", credentials: [] }] };
        assert.deepEqual((await said(UP, { gateway: three, values })).problems, []);
    });

    it("warns about limits at a gateway with an unknown number of pods", async () => {
        const { replicas: _, ...gateway } = GATEWAY;
        assert.deepEqual(await said(UP, { gateway }), { problems: [], warnings: [COUNTED_APART] });
    });

    it("warns about tokens of a public key at a gateway of an unknown version", async () => {
        const { replicas: _, ...gateway } = GATEWAY;
        const publicKey = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" });
        const credentials = [{ id: "a", method: "jwt", algorithm: "EdDSA", publicKey }];
        const values = { consumers: [{ name: "lab", credentials }] };
        assert.deepEqual((await said(UP, { gateway, values })).warnings, [FORGEABLE]);
        assert.deepEqual((await said(UP, { values })).warnings, []);
    });
});

describe("the gateway of another stack", () => {
    /** Reads the other stack's gateway. @param outputs of the other stack, or undefined if it has none */
    async function read(outputs: object | undefined): Promise<SharedGateway> {
        let found: Promise<SharedGateway> | undefined;
        const answers = outputs && { "pulumi:pulumi:readStackOutputs": { outputs } };
        await record(() => (found = gatewayOf(MAIN)).catch(() => undefined), {}, answers);
        return found!;
    }

    it("is read only from output `gateway`, without unknown fields", async () => {
        const credentials = { "lab/a": "s3cret" };
        assert.deepEqual(await read({ gateway: { ...GATEWAY, counters: COUNTERS, more: 1 }, credentials }), {
            ...GATEWAY,
            counters: COUNTERS,
        });
    });

    const refused: [what: string, outputs: object | undefined, problem: RegExp][] = [
        ["a stack that does not exist", undefined, /^of: Pulumi cannot read stack \S+ \(/],
        ["a destroyed stack", {}, /does not have a usable output gateway \(it has no outputs: it is destroyed/],
        ["a stack without a gateway", { url: "https://x" }, /\(it has no output gateway: the stack has no gateway, or/],
        ["a form of another version", { gateway: { namespace: "x" } }, /\(another version of this project wrote it\)/],
    ];
    for (const [what, outputs, problem] of refused)
        it(`rejects ${what}`, async () => {
            await assert.rejects(read(outputs), (error: PreflightError) => {
                assert.ok(error instanceof pulumi.RunError);
                assert.match(error.problems.join(), problem);
                return true;
            });
        });
});
