// Proves the random provider's rules over its protocol. Names of properties and formats of ids are those of recordings in the
// released provider's public tests.
import assert from "node:assert/strict";
import { verify } from "@node-rs/bcrypt";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { UNKNOWN } from "../../plugins/protocol";
import { randomService } from "../../plugins/random/service";
import { ask } from "./kit";
import { isSecret, plain, type ProviderClient, providerClient, type Values } from "./provider-client";

const urn = (type: string) =>
    `urn:pulumi:dev::proj::my:component:C$random:index/${type[0].toLowerCase()}${type.slice(1)}:${type}::res`;
const [PASSWORD, UUID] = ["RandomPassword", "RandomUuid"];

describe("random provider", () => {
    let random: ProviderClient;
    before(async () => {
        random = await providerClient(randomService(), urn);
    });
    after(() => random.close());

    it("answers Configure like the released provider: supports previews, not secrets", async () => {
        const response = await ask(random.client, random.client.configure, new provider.ConfigureRequest());
        assert.deepEqual([response.getSupportspreview(), response.getAcceptsecrets()], [true, false]);
        assert.match((await ask(random.client, random.client.getPluginInfo, new Empty())).getVersion(), /^4\./);
    });

    it("fills in every default of a password, marks the secrets, and has the id none", async () => {
        const { id, state } = await random.create(PASSWORD, { length: 16 });
        const { result, bcryptHash, ...rest } = state;
        assert.deepEqual(rest, {
            __meta: '{"schema_version":"3"}',
            ...{ id: "none", length: 16, lower: true, upper: true, special: true, number: true, numeric: true },
            ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
        });
        assert.deepEqual([id, isSecret(result), isSecret(bcryptHash)], ["none", true, true]);
        assert.match(result.value, /^[A-Za-z0-9!@#$%&*()\-_=+[\]{}<>:?]{16}$/);
        assert.match(bcryptHash.value, /^\$2a\$10\$/);
        assert.ok(await verify(result.value, bcryptHash.value), "the hash is of the result");
    });

    for (const [inputs, characters] of [
        [{ special: false }, /^(?=.*\d)[A-Za-z0-9]{200}$/],
        [{ special: false, numeric: false }, /^[A-Za-z]{200}$/],
    ] as const)
        it(`leaves out the characters that are switched off: ${JSON.stringify(inputs)}`, async () => {
            const { state } = await random.create(PASSWORD, { length: 200, ...inputs });
            assert.match(plain(state).result, characters);
        });

    it("makes a UUID of 16 random bytes", async () => {
        const { id, state } = await random.create(UUID, {});
        assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        assert.deepEqual(state, { id, result: id });
    });

    it("returns a preview without generating anything", async () => {
        const { id, state } = await random.create(PASSWORD, { length: 16 }, true);
        assert.deepEqual(
            [id, state.length, state.id, state.result, state.bcryptHash],
            ["", 16, UNKNOWN, UNKNOWN, UNKNOWN],
        );
    });

    it("finds no change by a refresh", async () => {
        const { id, state } = await random.create(PASSWORD, { length: 8 });
        assert.deepEqual((await random.read(PASSWORD, id, state)).state, state);
    });

    const changes: [why: string, to: Values, replaces: string[]][] = [
        ["nothing for the same inputs", { length: 8 }, []],
        ["nothing for an explicit default", { length: 8, special: true }, []],
        ["a new one for another length", { length: 9 }, ["length"]],
        ["a new one for both names of numeric", { length: 8, numeric: false }, ["number", "numeric"]],
    ];
    for (const [why, to, replaces] of changes)
        it(`changes ${why}`, async () => {
            const { state } = await random.create(PASSWORD, { length: 8 });
            const kinds = await random.detailedDiff(PASSWORD, state, to);
            assert.deepEqual(kinds, Object.fromEntries(replaces.map((name) => [name, "UPDATE_REPLACE"])));
        });

    const AT_LEAST_1 =
        /^Invalid Attribute Value\. Attribute length value must be at least 1, got: 0\. Examine values at 'res\.length'\.$/;
    const inputs: [why: string, type: string, inputs: Values, reason?: RegExp][] = [
        ["accepts unknown values", PASSWORD, { length: UNKNOWN, special: UNKNOWN }],
        ["rejects a length of 0", PASSWORD, { length: 0 }, AT_LEAST_1],
        ["rejects a missing length", PASSWORD, {}, /^Missing required property 'length'$/],
        ["rejects a text for a number", PASSWORD, { length: "8" }, /must be a number.*res\.length/],
        ["rejects a text for a switch", PASSWORD, { length: 8, special: "no" }, /must be a boolean.*res\.special/],
        ["rejects an unsupported input", PASSWORD, { length: 8, minUpper: 1 }, /"minUpper" is unsupported/],
        ["rejects keepers", UUID, { keepers: { a: "1" } }, /"keepers" is unsupported.*res\.keepers/],
    ];
    for (const [why, type, given, reason] of inputs)
        it(`${why} of ${type}`, async () => {
            const { problems } = await random.check(type, given);
            assert.equal(problems.length, reason ? 1 : 0, problems.join("; "));
            if (reason) assert.match(problems[0], reason);
        });

    it("rejects other resources in every call, imports, settings, functions and schemas, by name", async () => {
        const said = /unsupported by the sandbox: .*RandomId\. The sandbox's random provider has/;
        await assert.rejects(random.check("RandomId", {}), said);
        await assert.rejects(random.create("RandomId", {}), said);
        await assert.rejects(random.read("RandomId", "x"), said);
        await assert.rejects(random.read(PASSWORD, "correct horse"), /unsupported by the sandbox: Importing/);
        assert.deepEqual(await random.configProblems({ version: "4.21.2", seed: "1" }), [
            'The random provider has no setting "seed".',
        ]);
        await assert.rejects(random.invoke("random:x:y", {}), /UNIMPLEMENTED.*function random:x:y/);
        const schema = ask(random.client, random.client.getSchema, new provider.GetSchemaRequest());
        await assert.rejects(schema, /--generate-code=false/);
    });
});
