// Proves what docs/operate/service-tokens.md says of a zone that a stack first creates, then only reads, and then
// manages again. After each change the zone and its records still exist at Cloudflare. The emulator of Cloudflare is in
// kit/cloudflare/access-stack.ts.
import { strict as assert } from "node:assert";
import { AccessStack, failed, here, succeeded, useCloudflare } from "../kit/cloudflare/access-stack";

const NAME = "example.net";
const hostname = `llm.${NAME}`;
const zone = (manage: string) => ({ hostname, zone: { name: NAME, manage, plan: "free" } });

describe("a zone created by the stack", () => {
    useCloudflare();
    let stack: AccessStack;
    let made: { id: string; records: unknown[] };

    const live = () => {
        const found = here().world.account.zoneNamed(NAME)!;
        return { id: found.id, records: [...here().world.account.records(found.id).values()] };
    };
    const urns = async (type: string) =>
        (await stack.resources()).filter((one) => one.type === type).map(({ urn }) => urn);

    before(async () => {
        stack = await AccessStack.create("maker");
        stack.configure(zone("create"));
    });
    afterEach(() => {
        assert.deepEqual(live(), made);
        assert.deepEqual(
            here().world.api.requests.filter(({ method, path }) => method === "DELETE" && /zones\/[^/]+$/.test(path)),
            [],
        );
    });

    it("fails with Cloudflare's error while another account has the zone, and is created after the zone's release", async () => {
        const { account } = here().world;
        account.zonesElsewhere.add(NAME);
        assert.match(failed(await stack.up()), /"code":1061.*example\.net already exists/);
        assert.equal(account.zoneNamed(NAME), undefined);
        account.zonesElsewhere.delete(NAME);
        succeeded(await stack.up());
        made = live();
        assert.equal(made.records.length, 1);
    });

    it("is not removed from the state by a config change alone", async () => {
        stack.configure(zone("existing"));
        assert.match(failed(await stack.up()), /cannot be deleted\s+because it is protected/);
    });

    it("is only read after its protection is removed, and stays unchanged", async () => {
        const [urn] = await urns("cloudflare:index/zone:Zone");
        await stack.must(["state", "unprotect", urn, "--yes"]);
        succeeded(await stack.up());
        assert.deepEqual(await urns("cloudflare:index/zone:Zone"), []);
        succeeded(await stack.preview("--expect-no-changes"));
    });

    it("is not created again by changing the config back", async () => {
        stack.configure(zone("create"));
        assert.match(failed(await stack.up()), /1061/);
    });

    it("belongs to the stack again after an import, and is protected", async () => {
        const [parent] = await urns("alpa-auth:index:Zone");
        const imported = ["cloudflare:index/zone:Zone", "alpa-zone-zone", made.id, "--parent", `zone=${parent}`];
        await stack.must(["import", ...imported, "--generate-code=false", "--yes", "--skip-preview"]);
        succeeded(await stack.up());
        succeeded(await stack.preview("--expect-no-changes"));
        assert.equal((await urns("cloudflare:index/zone:Zone")).length, 1);
        stack.configure(zone("existing"));
        assert.match(failed(await stack.up()), /cannot be deleted\s+because it is protected/);
    });
});
