// Proves the random provider's rules over its protocol. Names of properties and formats of ids are those of recordings in the
// released provider's public tests.
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { verify } from "@node-rs/bcrypt";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { ResourceProviderClient, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { UNKNOWN } from "../../plugins/protocol";
import { randomService } from "../../plugins/random/service";
import { ask, connect } from "./kit";

type Values = Record<string, JavaScriptValue>;

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const struct = (values: Values) => Struct.fromJavaScript(values);

const urn = (type: string) => {
    const file = type[0].toLowerCase() + type.slice(1);
    return `urn:pulumi:dev::proj::my:component:C$random:index/${file}:${type}::res`;
};

/** A state without its secret marks, as the engine passes it to a provider that does not accept secrets. */
const plain = (state: Values): Values =>
    Object.fromEntries(
        Object.entries(state).map(([name, value]) => {
            const mark = value as { value?: JavaScriptValue; [SIGNATURE]?: string };
            return [name, mark?.[SIGNATURE] === SECRET ? (mark.value as JavaScriptValue) : value];
        }),
    );

describe("random provider", () => {
    let client: ResourceProviderClient;
    let close: () => void;

    before(async () => {
        ({ client, close } = await connect(ResourceProviderService, randomService(), ResourceProviderClient));
    });
    after(() => close());

    async function create(type: string, inputs: Values, preview = false): Promise<{ id: string; state: Values }> {
        const request = new provider.CreateRequest()
            .setUrn(urn(type))
            .setProperties(struct(inputs))
            .setPreview(preview);
        const response = await ask(client, client.create, request);
        return { id: response.getId(), state: response.getProperties()?.toJavaScript() as Values };
    }

    async function problems(type: string, inputs: Values): Promise<string[]> {
        const request = new provider.CheckRequest().setUrn(urn(type)).setNews(struct(inputs)).setOlds(struct({}));
        const response = await ask(client, client.check, request);
        return response.getFailuresList().map((failure) => failure.getReason());
    }

    async function diff(type: string, state: Values, inputs: Values): Promise<provider.DiffResponse> {
        const request = new provider.DiffRequest()
            .setUrn(urn(type))
            .setOlds(struct(plain(state)))
            .setNews(struct(inputs));
        return ask(client, client.diff, request);
    }

    async function read(
        type: string,
        id: string,
        state: Values = {},
    ): Promise<{ id: string; state: Values; inputs: Values }> {
        const request = new provider.ReadRequest()
            .setUrn(urn(type))
            .setId(id)
            .setProperties(struct(plain(state)))
            .setInputs(struct({}));
        const response = await ask(client, client.read, request);
        return {
            id: response.getId(),
            state: response.getProperties()?.toJavaScript() as Values,
            inputs: response.getInputs()?.toJavaScript() as Values,
        };
    }

    const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;

    it("answers Configure like the released provider: supports previews, not secrets", async () => {
        const response = await ask(client, client.configure, new provider.ConfigureRequest());
        assert.equal(response.getSupportspreview(), true);
        assert.equal(response.getAcceptsecrets(), false);
        const version = (await ask(client, client.getPluginInfo, new Empty())).getVersion();
        assert.match(version, /^4\./);
    });

    describe("RandomPassword", () => {
        it("fills in every default, marks the secrets, and has the id none", async () => {
            const { id, state } = await create("RandomPassword", { length: 16 });
            assert.equal(id, "none");
            const { result, bcryptHash: hash, ...rest } = state as { result: Values; bcryptHash: Values };
            assert.deepEqual(rest, {
                __meta: '{"schema_version":"3"}',
                id: "none",
                length: 16,
                ...{ lower: true, upper: true, special: true, number: true, numeric: true },
                ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
            });
            for (const secret of [result, hash]) assert.equal(secret[SIGNATURE], SECRET);
            assert.match(result.value as string, /^[A-Za-z0-9!@#$%&*()\-_=+[\]{}<>:?]{16}$/);
        });

        it("has a hash that matches its result", async () => {
            const state = plain((await create("RandomPassword", { length: 20 })).state);
            assert.match(state.bcryptHash as string, /^\$2a\$10\$/);
            assert.ok(await verify(state.result as string, state.bcryptHash as string));
        });

        it("has the requested number of each kind of character, at any position", async () => {
            for (let i = 0; i < 20; i++) {
                const inputs = {
                    length: 12,
                    minUpper: 3,
                    minLower: 3,
                    minNumeric: 3,
                    minSpecial: 3,
                    overrideSpecial: "~",
                };
                const text = plain((await create("RandomString", inputs)).state).result as string;
                for (const kind of [/[A-Z]/g, /[a-z]/g, /[0-9]/g, /~/g])
                    assert.equal(text.match(kind)?.length, 3, text);
            }
        });

        it("omits the kinds that are switched off", async () => {
            const inputs = { length: 200, upper: false, lower: false, special: false };
            assert.match(plain((await create("RandomString", inputs)).state).result as string, /^[0-9]{200}$/);
        });

        it("reads number as the old name of numeric", async () => {
            const { state } = await create("RandomPassword", { length: 5, number: false });
            assert.equal(state.numeric, false);
        });

        it("returns a preview without generating anything", async () => {
            const { id, state } = await create("RandomPassword", { length: 16 }, true);
            assert.equal(id, "");
            assert.equal(state.length, 16);
            for (const computed of ["id", "result", "bcryptHash"]) assert.equal(state[computed], UNKNOWN);
        });

        it("is imported by its text, without a difference from a program with the same length", async () => {
            const { id, state } = await read("RandomPassword", "correct horse");
            assert.equal(id, "none");
            assert.equal(plain(state).result, "correct horse");
            assert.equal((state.result as Values)[SIGNATURE], SECRET);
            assert.equal((await diff("RandomPassword", state, { length: 13 })).getChanges(), DIFF_NONE);
        });
    });

    it("RandomString uses its text as id", async () => {
        const { id, state } = await create("RandomString", { length: 9 });
        assert.equal(id, state.result);
        assert.equal(state.__meta, '{"schema_version":"2"}');
    });

    it("RandomId returns the same bytes in four formats, each after the prefix", async () => {
        const { id, state } = await create("RandomId", { byteLength: 8, prefix: "p-" });
        const bytes = Buffer.from(id, "base64url");
        assert.equal(bytes.length, 8);
        assert.deepEqual(state, {
            id,
            byteLength: 8,
            prefix: "p-",
            b64Url: `p-${bytes.toString("base64url")}`,
            b64Std: `p-${bytes.toString("base64")}`,
            hex: `p-${bytes.toString("hex")}`,
            dec: `p-${bytes.readBigUInt64BE()}`,
        });
        assert.deepEqual((await read("RandomId", `p-,${id}`)).state, state);
    });

    it("RandomBytes marks both forms secret and has no id property", async () => {
        const { id, state } = await create("RandomBytes", { length: 16 });
        assert.deepEqual(Object.keys(state).sort(), ["base64", "hex", "length"]);
        for (const form of ["base64", "hex"]) assert.equal((state[form] as Values)[SIGNATURE], SECRET);
        assert.equal(id, plain(state).base64);
        assert.deepEqual((await read("RandomBytes", id)).state, state);
    });

    it("RandomUuid is 16 random bytes in the format of a UUID", async () => {
        const { id, state } = await create("RandomUuid", {});
        assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        assert.deepEqual(state, { id, result: id });
    });

    describe("changes", () => {
        const cases: [why: string, type: string, from: Values, to: Values, replaces: string[]][] = [
            ["nothing for the same inputs", "RandomPassword", { length: 8 }, { length: 8 }, []],
            [
                "nothing for an explicit default",
                "RandomPassword",
                { length: 8 },
                { length: 8, upper: true, minLower: 0 },
                [],
            ],
            ["a new one for another length", "RandomPassword", { length: 8 }, { length: 9 }, ["length"]],
            [
                "a new one for other keepers",
                "RandomId",
                { byteLength: 4, keepers: { a: "1" } },
                { byteLength: 4, keepers: { a: "2" } },
                ["keepers"],
            ],
            ["a new one for new keepers", "RandomUuid", {}, { keepers: { a: "1" } }, ["keepers"]],
            ["a new one for removed keepers", "RandomUuid", { keepers: { a: "1" } }, {}, ["keepers"]],
            [
                "a new one when keepers are not known yet",
                "RandomUuid",
                { keepers: { a: "1" } },
                { keepers: { a: UNKNOWN } },
                ["keepers"],
            ],
            [
                "a new one for both names of numeric",
                "RandomString",
                { length: 8 },
                { length: 8, numeric: false },
                ["number", "numeric"],
            ],
            ["a new one for another prefix", "RandomId", { byteLength: 4 }, { byteLength: 4, prefix: "x" }, ["prefix"]],
        ];
        for (const [why, type, from, to, replaces] of cases) {
            it(`${type}: ${why}`, async () => {
                const response = await diff(type, (await create(type, from)).state, to);
                assert.equal(response.getChanges(), replaces.length === 0 ? DIFF_NONE : DIFF_SOME);
                assert.deepEqual(response.getReplacesList().sort(), replaces);
                assert.equal(response.getDeletebeforereplace(), false);
            });
        }

        it("keep the password when only an empty overrideSpecial is removed", async () => {
            const { state } = await create("RandomPassword", { length: 8, overrideSpecial: "" });
            const found = await diff("RandomPassword", state, { length: 8 });
            assert.equal(found.getChanges(), DIFF_SOME);
            assert.deepEqual(found.getReplacesList(), []);
            const request = new provider.UpdateRequest()
                .setUrn(urn("RandomPassword"))
                .setOlds(struct(plain(state)))
                .setNews(struct({ length: 8 }));
            const updated = (await ask(client, client.update, request)).getProperties()?.toJavaScript() as Values;
            const { overrideSpecial: _gone, ...kept } = state;
            assert.deepEqual(updated, kept);
        });

        it("are not found by a refresh", async () => {
            const { id, state } = await create("RandomPassword", { length: 8 });
            assert.deepEqual((await read("RandomPassword", id, state)).state, state);
        });
    });

    describe("rejects", () => {
        const refused: [why: string, type: string, inputs: Values, reason: RegExp][] = [
            [
                "a length of 0",
                "RandomPassword",
                { length: 0 },
                /^Invalid Attribute Value\. Attribute length value must be at least 1, got: 0\. Examine values at 'res\.length'\.$/,
            ],
            [
                "minima above the length",
                "RandomString",
                { length: 2, minLower: 3 },
                /must be at least sum of min_upper \+ min_lower \+ min_numeric \+ min_special, got: 2\./,
            ],
            ["a missing length", "RandomPassword", {}, /^Missing required property 'length'$/],
            ["a missing byteLength", "RandomId", {}, /^Missing required property 'byteLength'$/],
            ["an empty byteLength", "RandomId", { byteLength: 0 }, /minimum value is 1.*res\.byteLength/],
            ["no bytes", "RandomBytes", { length: 0 }, /at least 1, got: 0/],
            ["a property that does not exist", "RandomUuid", { lenght: 3 }, /has no input "lenght"/],
            ["a text for a number", "RandomPassword", { length: "8" }, /must be a whole number.*res\.length/],
            ["a text for a switch", "RandomPassword", { length: 8, upper: "no" }, /must be a boolean.*res\.upper/],
            ["keepers that are not strings", "RandomUuid", { keepers: { a: 1 } }, /must be a map.*res\.keepers/],
            [
                "two names of one property with two values",
                "RandomPassword",
                { length: 8, number: true, numeric: false },
                /Number is deprecated, use numeric instead/,
            ],
            [
                "no characters to choose from",
                "RandomString",
                { length: 8, upper: false, lower: false, numeric: false, special: false },
                /At least one of/,
            ],
            [
                "characters that it would split",
                "RandomString",
                { length: 8, overrideSpecial: "ä" },
                /Characters other than printable ASCII/,
            ],
        ];
        for (const [why, type, inputs, reason] of refused) {
            it(`${type}: ${why}`, async () => {
                const found = await problems(type, inputs);
                assert.equal(found.length, 1, found.join("; "));
                assert.match(found[0], reason);
            });
        }

        it("no valid or unknown value", async () => {
            assert.deepEqual(await problems("RandomPassword", { length: 8, keepers: { a: "1", b: UNKNOWN } }), []);
            assert.deepEqual(await problems("RandomPassword", { length: UNKNOWN }), []);
        });

        for (const type of ["RandomPet", "RandomInteger", "RandomShuffle", "RandomUuid4"]) {
            it(`the resource ${type}, in every call`, async () => {
                const said = new RegExp(`unsupported by the sandbox: .*${type}\\. Its random provider has`);
                await assert.rejects(problems(type, {}), said);
                await assert.rejects(create(type, {}), said);
                await assert.rejects(read(type, "x"), said);
            });
        }

        const texts: [type: string, text: string][] = [
            ["RandomUuid", "not-a-uuid"],
            ["RandomId", "p-,a+b"],
            ["RandomBytes", "%%"],
        ];
        for (const [type, text] of texts) {
            it(`${type}: an import of "${text}"`, async () => {
                await assert.rejects(read(type, text), /import: must be /);
            });
        }

        it("settings of its own", async () => {
            const request = new provider.CheckRequest().setUrn("u").setNews(struct({ version: "4.21.2", seed: "1" }));
            const failures = (await ask(client, client.checkConfig, request)).getFailuresList();
            assert.deepEqual(
                failures.map((failure) => failure.getProperty()),
                ["seed"],
            );
        });

        it("functions and schemas by name", async () => {
            await assert.rejects(ask(client, client.invoke, new provider.InvokeRequest().setTok("random:x:y")), {
                code: grpc.status.UNIMPLEMENTED,
            });
            await assert.rejects(
                ask(client, client.getSchema, new provider.GetSchemaRequest()),
                /--generate-code=false/,
            );
        });
    });
});
