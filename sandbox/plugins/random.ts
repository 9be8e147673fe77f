/**
 * The random provider: RandomPassword with the inputs `length`, `special` and `numeric` and without `bcryptHash`, and RandomUuid,
 * because this project uses no others. Names of properties, ids, marks of secrets and the state's `__meta` follow recordings in pulumi-random's
 * public tests. Each changed input replaces the resource.
 */
import { isDeepStrictEqual } from "node:util";
import { randomBytes, randomInt } from "node:crypto";
import * as grpc from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import versions from "../toolchain/versions.json";
import { readValues, UNKNOWN, type Values, writeDifferences, writeWithSecrets } from "./protocol";
import { checked, providerService, typeOf } from "./provider";
import { unary, unsupported } from "./serve";

interface ResourceType {
    inputs: string[];
    /** Properties that only the provider sets. */
    computed: string[];
    /** Computed properties with secrets. */
    secrets: string[];
    /** The planned state without computed properties: the inputs with the released provider's defaults. */
    plan(inputs: Values): Values;
    make(planned: Values): Values & { id: string };
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const TYPES: Record<string, ResourceType> = {
    "random:index/randomPassword:RandomPassword": {
        inputs: ["length", "special", "numeric"],
        computed: ["id", "result"],
        secrets: ["result"],
        plan: ({ length, special = true, numeric = true }) => ({
            __meta: '{"schema_version":"3"}',
            ...{ length, special, numeric, number: numeric, lower: true, upper: true },
            ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
        }),
        make: ({ length, special, numeric }) => {
            const characters = `${LETTERS}${numeric ? "0123456789" : ""}${special ? "!@#$%&*()-_=+[]{}<>:?" : ""}`;
            const picked = Array.from({ length: Number(length) }, () => characters[randomInt(characters.length)]);
            return { id: "none", result: picked.join("") };
        },
    },
    "random:index/randomUuid:RandomUuid": {
        ...{ inputs: [], computed: ["id", "result"], secrets: [], plan: () => ({}) },
        make: () => {
            // As in the released provider, the UUID has no version bits.
            const id = randomBytes(16)
                .toString("hex")
                .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
            return { id, result: id };
        },
    },
};

const typeIn = (request: { getUrn(): string }): ResourceType => typeOf("random", TYPES, request.getUrn());

export function randomService(): grpc.UntypedServiceImplementation {
    return providerService("random", versions["random-provider"], [], {
        check: unary((request: provider.CheckRequest) => {
            const { inputs } = typeIn(request);
            const odd = Object.keys(readValues(request.getNews())).filter((name) => !inputs.includes(name));
            return checked(
                request,
                odd.map((name) => `The input "${name}" is unsupported by the sandbox`),
            );
        }),
        diff: unary((request: provider.DiffRequest) => {
            const { computed, plan } = typeIn(request);
            const [state, planned] = [readValues(request.getOlds()), plan(readValues(request.getNews()))];
            const names = [...new Set([...Object.keys(state), ...Object.keys(planned)])];
            const changed = names.filter(
                (name) => !computed.includes(name) && !isDeepStrictEqual(state[name], planned[name]),
            );
            return writeDifferences(changed.map((property) => ({ property, kind: "UPDATE", replace: true })));
        }),
        create: unary((request: provider.CreateRequest) => {
            const { plan, make, computed, secrets } = typeIn(request);
            const planned = plan(readValues(request.getProperties()));
            const response = new provider.CreateResponse();
            if (request.getPreview()) {
                const unknown = Object.fromEntries(computed.map((property) => [property, UNKNOWN]));
                return response.setProperties(writeWithSecrets({ ...planned, ...unknown }, []));
            }
            const made = make(planned);
            return response.setId(made.id).setProperties(writeWithSecrets({ ...planned, ...made }, secrets));
        }),
        // A read returns the state unchanged: a random value exists nowhere else.
        read: unary((request: provider.ReadRequest) => {
            const state = readValues(request.getProperties());
            if (Object.keys(state).length === 0) unsupported("Importing a random resource");
            return new provider.ReadResponse()
                .setId(request.getId())
                .setProperties(writeWithSecrets(state, typeIn(request).secrets))
                .setInputs(request.getInputs());
        }),
        delete: unary(() => new Empty()),
    });
}
