import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as grpc from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import {
    type Difference,
    parseUrn,
    readValues,
    UNKNOWN,
    type Values,
    writeDifferences,
    writeWithSecrets,
} from "../protocol";
import { providerService, withoutSettings } from "../provider";
import { unsupported, unary } from "../serve";
import { problemsOf, runOf, withDefaults } from "./inputs";
import { run } from "./ssh";

/** Version of the SDK whose provider is emulated. */
const VERSION = "1.2.1";

const COMMAND = "command:remote:Command";
/** Properties that are always secrets. */
const SECRETS = ["connection"];

/** Returns the resource's name. @throws Error that names the type of an unsupported resource */
function onlyCommand(urn: string): string {
    const { name, type } = parseUrn(urn);
    if (type === COMMAND) return name;
    throw new Error(
        `unsupported by the sandbox: ${type}. The sandbox's command provider has ${COMMAND}. Use this type, or install Pulumi.`,
    );
}

const inputsOf = ({ stdout: _out, stderr: _err, ...inputs }: Values): Values => inputs;

/**
 * The changed inputs. A changed trigger replaces the resource; any other change runs `update`, or `create` if there is no
 * `update`.
 */
function difference(state: Values, inputs: Values): Difference[] {
    const before = inputsOf(state);
    const names = [...new Set([...Object.keys(before), ...Object.keys(inputs)])].sort();
    return names.flatMap((property) => {
        const [old, now] = [before[property], inputs[property]];
        if (isDeepStrictEqual(old, now)) return [];
        const kind = old === undefined ? "ADD" : now === undefined ? "DELETE" : "UPDATE";
        return [{ property, kind, replace: property === "triggers" }];
    });
}

/** The inputs with the outputs of the command. Without a command, the old outputs stay. */
async function outcome(command: Values[string], inputs: Values, last: Values): Promise<Values> {
    const given = runOf(command, inputs, last);
    const output = given ? await run(given) : { stdout: last.stdout ?? "", stderr: last.stderr ?? "" };
    return { ...inputs, ...output };
}

const unknownOutput = (inputs: Values): Values => ({ ...inputs, stdout: UNKNOWN, stderr: UNKNOWN });

export function commandService(): grpc.UntypedServiceImplementation {
    return providerService("command", VERSION, {
        ...withoutSettings("command"),
        check: unary((request: provider.CheckRequest) => {
            const name = onlyCommand(request.getUrn());
            const given = readValues(request.getNews());
            const failures = problemsOf(given).map(({ property, reason }) =>
                new provider.CheckFailure().setProperty(property).setReason(`${name}: ${reason}`),
            );
            return new provider.CheckResponse()
                .setInputs(writeWithSecrets(withDefaults(given), SECRETS))
                .setFailuresList(failures);
        }),
        diff: unary((request: provider.DiffRequest) => {
            onlyCommand(request.getUrn());
            return writeDifferences(difference(readValues(request.getOlds()), readValues(request.getNews())));
        }),
        create: unary(async (request: provider.CreateRequest) => {
            const name = onlyCommand(request.getUrn());
            const inputs = readValues(request.getProperties());
            if (request.getPreview())
                return new provider.CreateResponse().setProperties(writeWithSecrets(unknownOutput(inputs), SECRETS));
            const state = await outcome(inputs.create, inputs, {});
            return new provider.CreateResponse()
                .setId(`${name}${randomBytes(4).toString("hex")}`)
                .setProperties(writeWithSecrets(state, SECRETS));
        }),
        read: unary((request: provider.ReadRequest) => {
            onlyCommand(request.getUrn());
            const state = readValues(request.getProperties());
            if (Object.keys(state).length === 0) return unsupported("Importing a command");
            return new provider.ReadResponse()
                .setId(request.getId())
                .setProperties(writeWithSecrets(state, SECRETS))
                .setInputs(writeWithSecrets(readValues(request.getInputs()), SECRETS));
        }),
        update: unary(async (request: provider.UpdateRequest) => {
            onlyCommand(request.getUrn());
            const [olds, news] = [readValues(request.getOlds()), readValues(request.getNews())];
            const state = request.getPreview()
                ? unknownOutput(news)
                : await outcome(news.update ?? news.create, news, olds);
            return new provider.UpdateResponse().setProperties(writeWithSecrets(state, SECRETS));
        }),
        delete: unary(async (request: provider.DeleteRequest) => {
            onlyCommand(request.getUrn());
            const state = readValues(request.getProperties());
            const given = runOf(state.delete, state, state);
            if (given) await run(given);
            return new Empty();
        }),
    });
}
