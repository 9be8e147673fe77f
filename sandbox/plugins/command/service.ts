import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as grpc from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import {
    type Difference,
    isObject,
    kindOf,
    parseUrn,
    readValues,
    UNKNOWN,
    type Values,
    writeDifferences,
    writeWithSecrets,
} from "../protocol";
import { checked, providerService, typeOf } from "../provider";
import { unsupported, unary } from "../serve";
import { run, type Connection } from "./ssh";

/** Version of the SDK whose provider is emulated. */
const VERSION = "1.2.1";

/** Accepted inputs of a command and its connection. Only inputs that this project's program sets are accepted. */
const INPUTS = ["connection", "create", "delete", "stdin", "logging", "addPreviousOutputInEnv"];
/** The parts of a connection. The program sets all of them, and the sandbox knows no defaults. */
const CONNECTION = ["host", "port", "user", "privateKey", "hostKey", "dialErrorLimit", "perDialTimeout"];
/** Properties that are always secrets. */
const SECRETS = ["connection"];

/** Throws for another resource, by name. @returns the resource's name */
function nameOf(request: { getUrn(): string }): string {
    typeOf("command", { "command:remote:Command": true }, request.getUrn());
    return parseUrn(request.getUrn()).name;
}

/**
 * Inputs that the emulator does not have, and those of a connection that are missing: without a host key, the released provider
 * trusts every host. Messages contain no values, because a connection contains a private key.
 */
function problemsOf(given: Values): string[] {
    const connection = isObject(given.connection) ? given.connection : {};
    const odd = [
        ...Object.keys(given).filter((name) => !INPUTS.includes(name)),
        ...Object.keys(connection).flatMap((name) => (CONNECTION.includes(name) ? [] : `connection.${name}`)),
        ...CONNECTION.flatMap((name) => (name in connection ? [] : `a connection without ${name}`)),
        ...(given.addPreviousOutputInEnv === false ? [] : ["addPreviousOutputInEnv other than false"]),
    ];
    return odd.map((name) => `${name} is unsupported by the sandbox`);
}

/** The changed inputs. Each change runs `create` again. */
function difference({ stdout: _1, stderr: _2, ...before }: Values, inputs: Values): Difference[] {
    const names = [...new Set([...Object.keys(before), ...Object.keys(inputs)])].sort();
    return names.flatMap((property) => {
        const [old, now] = [before[property], inputs[property]];
        if (isDeepStrictEqual(old, now)) return [];
        return [{ property, kind: kindOf(old, now), replace: false }];
    });
}

/** Runs a command. Without one, the old outputs stay. @returns the inputs with the outputs */
async function outcome(command: Values[string], inputs: Values, { stdout = "", stderr = "" }: Values): Promise<Values> {
    if (typeof command !== "string") return { ...inputs, stdout, stderr };
    const connection = inputs.connection as unknown as Connection;
    return { ...inputs, ...(await run({ connection, command, stdin: String(inputs.stdin ?? "") })) };
}

const unknownOutput = (inputs: Values): Values => ({ ...inputs, stdout: UNKNOWN, stderr: UNKNOWN });

export function commandService(): grpc.UntypedServiceImplementation {
    return providerService("command", VERSION, [], {
        check: unary((request: provider.CheckRequest) => {
            const name = nameOf(request);
            const given = readValues(request.getNews());
            return checked(
                request,
                problemsOf(given).map((problem) => `${name}: ${problem}`),
            ).setInputs(writeWithSecrets(given, SECRETS));
        }),
        diff: unary((request: provider.DiffRequest) =>
            writeDifferences(difference(readValues(request.getOlds()), readValues(request.getNews()))),
        ),
        create: unary(async (request: provider.CreateRequest) => {
            const name = nameOf(request);
            const inputs = readValues(request.getProperties());
            const response = new provider.CreateResponse();
            if (request.getPreview()) return response.setProperties(writeWithSecrets(unknownOutput(inputs), SECRETS));
            const state = await outcome(inputs.create, inputs, {});
            return response
                .setId(`${name}${randomBytes(4).toString("hex")}`)
                .setProperties(writeWithSecrets(state, SECRETS));
        }),
        read: unary((request: provider.ReadRequest) => {
            const state = readValues(request.getProperties());
            if (Object.keys(state).length === 0) return unsupported("Importing a command");
            return new provider.ReadResponse()
                .setId(request.getId())
                .setProperties(writeWithSecrets(state, SECRETS))
                .setInputs(writeWithSecrets(readValues(request.getInputs()), SECRETS));
        }),
        update: unary(async (request: provider.UpdateRequest) => {
            const [olds, news] = [readValues(request.getOlds()), readValues(request.getNews())];
            const state = request.getPreview() ? unknownOutput(news) : await outcome(news.create, news, olds);
            return new provider.UpdateResponse().setProperties(writeWithSecrets(state, SECRETS));
        }),
        delete: unary(async (request: provider.DeleteRequest) => {
            const state = readValues(request.getProperties());
            await outcome(state.delete, state, state);
            return new Empty();
        }),
    });
}
