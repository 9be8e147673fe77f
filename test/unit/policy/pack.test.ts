// Proves that the pack, as a process of its own, reports the rules' violations when it gets the engine's requests, secrets and
// unknown values included. Engine tests prove that the engine then stops the run.
import { strict as assert } from "node:assert";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RULES } from "../../../policy/rules";
import { recordCloudflare } from "../kit/cloudflare";
import { recordStack } from "../kit/intra-a";
import { find, more, plugin, secret, without } from "./attacks/changes";
import { Pack } from "./pack";
import { givenOf, type Given } from "./stacks";

const ROOT = resolve(__dirname, "../../..");
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const DAY = 86_400_000;
const day = (from: number) => new Date(Date.now() + from * DAY).toISOString().slice(0, 10);

describe("the policy pack as Pulumi starts it", () => {
    let pack: Pack;
    let intra: Given[];
    const copy = () => structuredClone(intra);

    before(async () => {
        intra = givenOf(await recordStack("helm"));
        pack = await Pack.start();
    });
    after(() => pack.stop());

    it("accepts the resources of a stack", async () => {
        for (const given of intra) assert.deepEqual(await pack.resource(given), [], given.name);
        assert.deepEqual(await pack.stack(intra), []);
    });

    it("rejects a route without authentication, with rule, reason and what to do", async () => {
        const all = copy();
        plugin("completions", "multi-auth", (p) => (p.enable = false))(all);
        const found = await pack.resource(find(all, "ApisixRoute"));
        const mine = found.find(({ rule }) => rule === "route-requires-credential")!;
        assert.ok(mine.refuses);
        const { title, reason } = RULES.find(({ name }) => name === "route-requires-credential")!;
        assert.ok(mine.message.startsWith(`${title} ${reason}\n`));
        assert.match(mine.message, /spec\.http\[0\]\.plugins: must have a plugin that requires .* Add multi-auth/);
    });

    it("distinguishes secrets from plain text", async () => {
        const object = (data: unknown): Given => {
            const all: Given[] = [];
            const metadata = { annotations: { "propagate.hnc.x-k8s.io/none": "true" } };
            more("kubernetes:core/v1:Secret", { kind: "Secret", metadata, stringData: data })(all);
            return all[0];
        };
        assert.deepEqual(await pack.resource(object({ key: secret("s3cret-s3cret-s3cret") })), []);
        assert.deepEqual(await pack.resource(object(secret({ key: "s3cret-s3cret-s3cret" }))), []);
        const [found, ...others] = await pack.resource(object({ key: "s3cret-s3cret-s3cret" }));
        assert.deepEqual(others, []);
        assert.ok(found.refuses && found.rule === "no-secret-in-clear");
        assert.ok(!found.message.includes("s3cret"));
    });

    it("refuses to judge secrets without their marks", async () => {
        const given = { ...intra[0], urn: `${intra[0].urn}-never-seen` };
        const [found] = await pack.resource(given, false);
        assert.match(found.message, /must have the level remediate/);
        assert.ok(found.refuses);
    });

    it("leaves values that are unknown before the run to the run", async () => {
        const all = copy();
        const route = find(all, "ApisixRoute");
        route.inputs.spec.http[0].plugins = UNKNOWN;
        find(all, "Secret", "lab.2026a").inputs.data = secret(UNKNOWN);
        for (const given of [route, find(all, "Secret", "lab.2026a")])
            assert.deepEqual(await pack.resource(given), [], given.name);
    });

    it("checks all resources at the end, and names the resource of the violation", async () => {
        const all = copy();
        without("NetworkPolicy", "alpa-policies-closed")(all);
        const [found, ...others] = await pack.stack(all);
        assert.deepEqual(others, []);
        assert.ok(found.refuses && found.rule === "network-closed");
        assert.equal(found.urn, all.find(({ type }) => type.endsWith(":Release"))!.urn);
    });

    it("compares at the end the policies that an Access application names with those of the stack", async () => {
        const all = givenOf(await recordCloudflare());
        assert.deepEqual(await pack.stack(all), []);
        find(all, "ZeroTrustAccessApplication").inputs.policies = [{ id: "another", precedence: 1 }];
        const [found, ...others] = await pack.stack(all);
        assert.deepEqual(others, []);
        assert.ok(found.refuses && found.rule === "access-required");
        assert.match(found.message, /policies\[0\]\.id: must be a ZeroTrustAccessPolicy of this stack/);
    });

    describe("with a file of exceptions", () => {
        let folder: string;
        const exceptions = (text: string) => writeFileSync(join(folder, "policy/exceptions.yaml"), text);
        const until = (last: string) =>
            exceptions(
                `exceptions:\n  - { rule: route-requires-credential, resource: alpa-route-rules, reason: shown in a test, until: ${last} }\n`,
            );
        const opened = () => {
            const all = copy();
            plugin("completions", "multi-auth", (p) => (p.enable = false))(all);
            return find(all, "ApisixRoute");
        };
        const judge = async () => {
            const own = await Pack.start(join(folder, "policy"));
            try {
                return (await own.resource(opened())).filter(({ rule }) => rule === "route-requires-credential");
            } finally {
                await own.stop();
            }
        };

        before(() => {
            folder = mkdtempSync(join(tmpdir(), "policy-"));
            cpSync(join(ROOT, "policy"), join(folder, "policy"), { recursive: true });
            for (const name of ["node_modules", "components", "config", "package.json"])
                symlinkSync(join(ROOT, name), join(folder, name));
        });
        after(() => rmSync(folder, { recursive: true }));

        it("accepts an excused violation", async () => {
            until(day(1));
            assert.deepEqual(await judge(), []);
        });

        it("rejects the violation again after the exception has expired", async () => {
            until(day(-1));
            const [found] = await judge();
            assert.ok(found.refuses && found.message.endsWith(`Its exception expired on ${day(-1)}.`));
        });

        it("does not start with an invalid file, and lists all its problems", async () => {
            exceptions("exceptions: [{ rule: none, resource: a, reason: shown in a test, until: soon }]\n");
            await assert.rejects(judge(), /exceptions\.0\.rule: must be one of[\s\S]*exceptions\.0\.until/);
        });
    });
});
