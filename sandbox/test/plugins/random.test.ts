// Proves the random provider's rules over its protocol. Names of properties and formats of ids are those of recordings in the
// released provider's public tests.
import assert from "node:assert/strict";
import { UNKNOWN } from "../../plugins/protocol";
import { randomService } from "../../plugins/random";
import { isSecret, plain, type ProviderClient, providerClient } from "./provider-client";

const urn = (type: string) =>
    `urn:pulumi:dev::proj::my:component:C$random:index/${type[0].toLowerCase()}${type.slice(1)}:${type}::res`;
const [PASSWORD, UUID] = ["RandomPassword", "RandomUuid"];

describe("random provider", () => {
    let random: ProviderClient;
    before(async () => {
        random = await providerClient(randomService(), urn);
    });
    after(() => random.close());

    it("fills in every default of a password, marks the secrets, and has the id none", async () => {
        const { id, state } = await random.create(PASSWORD, { length: 64, special: false });
        const { result, ...rest } = state;
        assert.deepEqual(rest, {
            __meta: '{"schema_version":"3"}',
            ...{ id: "none", length: 64, lower: true, upper: true, special: false, number: true, numeric: true },
            ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
        });
        assert.deepEqual([id, isSecret(result)], ["none", true]);
        assert.match(result.value, /^[A-Za-z0-9]{64}$/);
    });

    it("returns a preview without generating anything, and replaces for another length", async () => {
        const { id, state } = await random.create(PASSWORD, { length: 16 }, true);
        assert.deepEqual([id, state.id, state.result], ["", UNKNOWN, UNKNOWN]);
        const made = await random.create(PASSWORD, { length: 8 });
        assert.deepEqual(await random.diff(PASSWORD, made.state, { length: 8, special: true }), {
            changes: [],
            replaces: [],
        });
        assert.deepEqual((await random.diff(PASSWORD, plain(made.state), { length: 9 })).replaces, ["length"]);
    });

    it("rejects other resources, inputs and imports by name", async () => {
        await assert.rejects(random.create("RandomId", {}), /unsupported by the sandbox: .*RandomId/);
        assert.match((await random.check(UUID, { keepers: { a: "1" } })).problems.join(), /"keepers" is unsupported/);
        await assert.rejects(random.read(PASSWORD, "correct horse"), /unsupported by the sandbox: Importing/);
    });
});
